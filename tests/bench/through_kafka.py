"""Measures both hops through a real Kafka: the bare skeleton, and the pipeline from `diachi submit` on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.stream.broker import own_broker
from services.stream.connection import Connection
from services.stream.restore import restore
from services.stream.state import MemoryStore
from services.stream.topic_admin import create_topics
from services.stream.topics import (
    DIGITISED,
    MAP_FEATURE,
    MATCHED,
    NATIONAL,
    NORMALISER_STATE,
    RAW,
    REGISTRAR_STATE,
    REVIEW,
)
from tests.bench.province import write_csv
from tests.bench.records import SOURCE, raw_records
from tests.bench.shapes import sample_shapes, write_shapes
from tests.bench.skeleton import read_account
from tests.bench.usage import Meter, Usage
from tests.stream.pipeline import DIACHI, Pipeline, Worker, metric
from tests.stream.tracker_process import Tracker, free_url

PARTITIONS = 12
PREFIX = "bench."
# So long nothing may move.
_LIMIT_SECONDS = 300.0
_POLL_SECONDS = 0.5
_NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Restored:
    """Reading both changelogs back, one partition after the other: records, and CPU seconds of the reader."""

    records: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds from the first record to the last on the output topics, and what each process spent."""

    name: str
    records: int
    seconds: float
    usage: dict[str, Usage]
    published: dict[str, int]
    transactions: dict[str, float] = field(default_factory=dict)
    restored: Restored | None = None

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def cpu_seconds(self) -> float:
        """Of all processes, the broker too."""
        return sum(used.cpu_seconds for used in self.usage.values())


@contextmanager
def topics_on_a_broker() -> Iterator[tuple[str, int]]:
    """A broker of its own, with Diachi's topics: its address and process id."""
    with own_broker("apache") as broker:
        connection = Connection(broker.bootstrap_servers)
        asyncio.run(create_topics(connection, PREFIX, partitions=PARTITIONS, replication_factor=1))
        yield broker.bootstrap_servers, broker.pid


def bare(count: int) -> Measured:
    """The skeleton, one process a stage."""
    raw = [(record.key, record.value) for record in raw_records(count)]
    with ExitStack() as stack:
        servers, broker = stack.enter_context(topics_on_a_broker())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shapes = write_shapes(folder / "shapes", sample_shapes())
        stages = {name: stack.enter_context(_skeleton(name, servers, shapes)) for name in ("normaliser", "registrar")}
        meter = Meter({**{name: stage.pid for name, stage in stages.items()}, "broker": broker, "submit": os.getpid()})
        started = time.monotonic()
        asyncio.run(_send(servers, raw))
        seconds = _drained(stages, shapes, count) - started
        return Measured("bare Kafka", count, seconds, meter.read(), asyncio.run(_published(servers)))


@contextmanager
def _skeleton(stage: str, servers: str, shapes: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.skeleton", stage, servers, PREFIX, str(shapes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", f"the skeleton's {stage} did not start"
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def _send(servers: str, raw: list[tuple[bytes, bytes]]) -> None:
    """Send records as record batches, a thousand at a time."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, max_batch_size=1024 * 1024)
    await producer.start()
    headers = [("ce_id", b"0" * 36), ("traceparent", b"0" * 55), ("diachi-batch-id", b"0" * 36), ("ce_time", b"0" * 24)]
    try:
        for start in range(0, len(raw), 1000):
            builders = [producer.create_batch() for _ in range(PARTITIONS)]
            for number, (key, value) in enumerate(raw[start : start + 1000]):
                timestamp = int(time.time() * 1000)
                builders[number % PARTITIONS].append(timestamp=timestamp, key=key, value=value, headers=headers)
            sent = [
                await producer.send_batch(builder, PREFIX + RAW, partition=partition)
                for partition, builder in enumerate(builders)
                if builder.record_count()
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


def _drained(stages: dict[str, subprocess.Popen[str]], shapes: Path, count: int) -> float:
    """When both stages of the skeleton had committed all that there is for them to do."""
    for name, stage in stages.items():
        taken, moved = 0, time.monotonic()
        while taken < count:
            assert time.monotonic() - moved < _LIMIT_SECONDS, f"the skeleton's {name} stands still"
            assert stage.poll() is None, f"the skeleton's {name} ended"
            time.sleep(_POLL_SECONDS)
            before, (taken, handed_on) = taken, read_account(shapes, name)
            moved = time.monotonic() if taken > before else moved
        count = handed_on
    return time.monotonic()


async def _published(servers: str) -> dict[str, int]:
    """Committed records on the topics, counted by an independent reader."""
    found: dict[str, int] = {}
    for topic in (MATCHED, REVIEW, DIGITISED, MAP_FEATURE, NATIONAL):
        consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )
        await consumer.start()
        try:
            partitions = [TopicPartition(PREFIX + topic, number) for number in range(PARTITIONS)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            found[topic] = 0
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                found[topic] += sum(map(len, (await consumer.getmany(timeout_ms=500)).values()))
        finally:
            await consumer.stop()
    return found


def pipeline(count: int, workers: int = 1, *, recount: bool = True) -> Measured:
    """The services as they are, from the start of `diachi submit` to the last row with an outcome.

    `recount` reads all topics afterwards, which takes half a minute a million records.
    """
    with ExitStack() as stack:
        servers, broker = stack.enter_context(topics_on_a_broker())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = write_csv(folder / "province.csv", count)
        services = stack.enter_context(Pipeline(servers, PREFIX, folder))
        stages = {
            f"{stage}-{number}": services.start(stage)
            for stage in ("normaliser", "registrar")
            for number in range(1, workers + 1)
        }
        tracker = stack.enter_context(_tracker(servers, folder))
        for worker in stages.values():
            worker.wait_ready()
        tracker.ready()
        assert tracker.process is not None
        pids = {name: worker.pid for name, worker in stages.items()}
        meter = Meter({**pids, "broker": broker, "tracker": tracker.process.pid})
        started = time.monotonic()
        submit = stack.enter_context(_submit(servers, tracker.url, file, folder))
        submit_meter = Meter({"submit": submit.pid})
        submitted, accounted, moved = {}, 0.0, started
        while accounted < count:
            assert time.monotonic() - moved < _LIMIT_SECONDS, services.logs()[-2000:]
            if submit.poll() is None:
                submitted = submit_meter.read()
            # Each look takes the workers some milliseconds, so that only the end is looked for closely.
            time.sleep(_POLL_SECONDS if accounted > _NEARLY * count else 4 * _POLL_SECONDS)
            before, accounted = accounted, _accounted(stages)
            moved = time.monotonic() if accounted > before else moved
        seconds = time.monotonic() - started
        usage = meter.read() | submitted
        assert submit.wait(60) == 0, (folder / "submit.log").read_text()
        transactions = {name: metric(worker, "diachi_batch_records_count") for name, worker in stages.items()}
        name = f"pipeline, {workers} + {workers}"
        published, restored = asyncio.run(_published(servers)) if recount else {}, asyncio.run(_restored(servers))
        return Measured(name, count, seconds, usage, published, transactions, restored)


async def _restored(servers: str) -> Restored:
    started, records = time.process_time(), 0
    for topic in (NORMALISER_STATE, REGISTRAR_STATE):
        for number in range(PARTITIONS):
            records += await restore(Connection(servers), TopicPartition(PREFIX + topic, number), MemoryStore())
    return Restored(records, time.process_time() - started)


@contextmanager
def _tracker(servers: str, folder: Path) -> Iterator[Tracker]:
    tracker = Tracker(free_url(), folder / "tracker.log")
    tracker.start({"KAFKA_BOOTSTRAP_SERVERS": servers, "DIACHI_TOPIC_PREFIX": PREFIX})
    try:
        yield tracker
    finally:
        tracker.kill()


@contextmanager
def _submit(servers: str, tracker_url: str, file: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environ = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        "DIACHI_TOPIC_PREFIX": PREFIX,
        "DIACHI_TRACKER_URL": tracker_url,
    }
    with (folder / "submit.log").open("wb") as log:
        process = subprocess.Popen(
            [str(DIACHI), "submit", str(file), "--source", SOURCE], env=environ, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _accounted(stages: dict[str, Worker]) -> float:
    return sum(metric(worker, "diachi_outcomes_total") for worker in stages.values())
