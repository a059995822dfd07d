"""Hostile records through a real Kafka, the real normaliser and the real registrar; every one must be found again."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer, ConsumerRecord

from schemas.dead_letter import DeadLetterHeader
from services.stream.broker import own_broker
from services.stream.connection import Connection
from services.stream.envelope import batch_row, event_id
from services.stream.topic_ids import topic_id
from services.stream.topics import (
    BATCH_PROGRESS,
    DIGITISED,
    MATCHED,
    MATCHED_DEAD_LETTERS,
    RAW,
    RAW_DEAD_LETTERS,
    REVIEW,
)
from tests.bench.usage import peak_mib
from tests.hostile.files import counted
from tests.hostile.records import RECORD_KINDS, Sent, with_row
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import Pipeline, Worker, metric, wait_for
from tests.stream.services import create_service_topics

PREFIX = "hostile."
PARTITIONS = 6
_BATCH_ID = "hostile"
_RECORDS_A_BATCH = 200
# About twice of what either service has at the most.
MOST_SERVICE_MIB = 512


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the records: `answers` by topic or error code, `unanswered` where they stood, and the most memory
    (MiB) of each service."""

    records: int
    answers: Counter[str]
    unanswered: list[tuple[int, int]]
    memory: dict[str, float]

    def faults(self) -> list[str]:
        """What was not as it must be: that each record has its answer is seen to before."""
        return [
            f"the {name} had {mib:,.0f} MiB, {MOST_SERVICE_MIB} at the most"
            for name, mib in self.memory.items()
            if mib > MOST_SERVICE_MIB
        ]

    def __str__(self) -> str:
        memory = ", ".join(f"{name} {mib:,.0f} MiB at the most" for name, mib in self.memory.items())
        return f"through Kafka: {self.records:,} records ({counted(self.answers)}); {memory}"


def hostile_records(seed: int, count: int) -> list[Sent]:
    """The kinds in turn, each record a row of a batch, so that none is answered by silence."""
    random, makers = Random(f"{seed} Kafka"), list(RECORD_KINDS.values())
    return [with_row(makers[nth % len(makers)](random), _BATCH_ID, nth + 1) for nth in range(count)]


def through_kafka(seed: int, count: int) -> Outcome:
    """Send, wait until all is read, count. Raises AssertionError if a record has no answer, or a service ended."""
    with own_broker("apache") as broker, tempfile.TemporaryDirectory(prefix="diachi-hostile-") as logs:
        return run(broker.bootstrap_servers, PREFIX, Path(logs), hostile_records(seed, count))


def run(servers: str, prefix: str, logs: Path, records: list[Sent]) -> Outcome:
    """On a broker that is there, under a prefix of its own."""
    asyncio.run(create_service_topics(servers, prefix, PARTITIONS))
    with Pipeline(servers, prefix, logs) as pipeline:
        stages = {name: pipeline.start(name) for name in ("normaliser", "registrar")}
        asyncio.run(send(servers, prefix + RAW, records))
        for worker in stages.values():
            worker.wait_ready()
        for name in ("normaliser", "registrar"):
            wait_for(lambda name=name: _idle(stages[name]), f"the {name} to read all", 600)
        memory = {name: peak_mib(worker.pid) for name, worker in stages.items()}
        failures = sum(metric(worker, "diachi_unexpected_failures_total") for worker in stages.values())
        assert failures == 0, f"{failures} records failed unexpectedly:\n{pipeline.logs()[-3000:]}"
        assert all(worker.terminate() == 0 for worker in stages.values())
    answers, unanswered = asyncio.run(_answers(servers, prefix))
    outcome = Outcome(len(records), answers, unanswered, memory)
    assert not unanswered, f"{len(unanswered)} records without an answer, the first at {unanswered[0]}: {outcome}"
    return outcome


def _idle(worker: Worker) -> bool:
    assert worker.running, f"it ended:\n{worker.log.read_text()[-3000:]}"
    # The lag alone is 0 too before the first fetch.
    return metric(worker, "diachi_records_total") > 0 and metric(worker, "diachi_consumer_lag_records") == 0


async def send(servers: str, topic: str, records: Iterable[Sent]) -> None:
    """Send as record batches: unlike `send`, they take a header without a value."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=2 * 1024 * 1024, max_batch_size=900_000)
    await producer.start()
    try:
        partitions = sorted(await producer.partitions_for(topic))
        held: dict[int, Any] = {}
        futures = []
        for nth, sent in enumerate(records):
            number = partitions[sum(sent.key or b"x") % len(partitions)]
            builder = held.setdefault(number, producer.create_batch())
            if builder.record_count() >= _RECORDS_A_BATCH or not _append(builder, sent):
                futures.append(await producer.send_batch(builder, topic, partition=number))
                held[number] = producer.create_batch()
                assert _append(held[number], sent), f"record {nth} is larger than a batch can be"
        futures += [await producer.send_batch(builder, topic, partition=number) for number, builder in held.items()]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


def _append(builder: Any, sent: Sent) -> bool:
    # The topic's timestamps are the broker's own.
    added = builder.append(timestamp=None, key=sent.key, value=sent.value, headers=list(sent.headers))
    return added is not None


async def _answers(servers: str, prefix: str) -> tuple[Counter[str], list[tuple[int, int]]]:
    """What each raw record led to, known by the ids of the events that it would cause, and the rows of batches."""
    raw_id = await topic_id(Connection(servers), prefix + RAW)
    sent = await _lines(servers, prefix + RAW)
    letters = {_origin(each): _code(each) for each in await read_committed(servers, prefix + RAW_DEAD_LETTERS)}
    events = {
        dict(each.headers)["ce_id"].decode(): topic
        for topic in (MATCHED, REVIEW)
        for each in await read_committed(servers, prefix + topic)
    }
    steps = await _steps(servers, prefix)
    answers: Counter[str] = Counter()
    unanswered = []
    for place, line_no in sent.items():
        topics = {events.get(event_id(raw_id, *place, topic, 0)) for topic in (MATCHED, REVIEW)} - {None}
        if place in letters:
            answers[letters[place]] += 1
        elif topics:
            answers[" and ".join(sorted(map(str, topics)))] += 1
        elif steps[line_no] == 1:
            answers["unchanged or withdrawn"] += 1
        else:
            unanswered.append(place)
    refused = await read_committed(servers, prefix + MATCHED_DEAD_LETTERS)
    answers.update(f"registrar: {_code(each)}" for each in refused)
    answers[DIGITISED] = len(await read_committed(servers, prefix + DIGITISED))
    return answers, unanswered


def _origin(letter: ConsumerRecord) -> tuple[int, int]:
    added = dict(letter.headers)
    return int(added[DeadLetterHeader.PARTITION]), int(added[DeadLetterHeader.OFFSET])


def _code(letter: ConsumerRecord) -> str:
    code: str = dict(letter.headers)[DeadLetterHeader.ERROR_CODE].decode()
    return code


async def _lines(servers: str, topic: str) -> dict[tuple[int, int], int]:
    """The line of each raw record, by where it stands."""
    found = {}
    for record in await read_committed(servers, topic, 120):
        row = batch_row(record.headers)
        assert row is not None
        found[record.partition, record.offset] = row[1]
    return found


async def _steps(servers: str, prefix: str) -> Counter[int]:
    """How often a line was given an outcome for the first time."""
    steps: Counter[int] = Counter()
    for record in await read_committed(servers, prefix + BATCH_PROGRESS):
        for step in orjson.loads(record.value)["transitions"]:
            steps[step["line_no"]] += step["previous"] in (None, "dead_letter")
    return steps
