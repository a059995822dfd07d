"""A backlog through the real services while one of them stands still, and the broker goes away and is slow."""

from __future__ import annotations

import asyncio
import csv
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson
import psutil

from services.stream.connection import Connection
from services.stream.topics import BATCH_PROGRESS, MATCHED, RAW
from services.stream.uptake import until_taken_up
from services.tracker.exactly_once import EXIT_GAVE_UP
from tests.chaos.broker import ProxiedBroker
from tests.hostile.records import Sent, with_row
from tests.hostile.through_kafka import send
from tests.soak.memory import SHARES, new
from tests.soak.spent import Spent, spent
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import DIACHI, Pipeline, Worker, metric, wait_for
from tests.stream.services import create_service_topics
from tests.stream.tracker_process import Tracker, free_url

PARTITIONS = 6
PREFIX = "soak."
# What comes when the broker is back, while it is slow, and after all.
AGAIN_ROWS, SLOW_ROWS, LAST_ROWS = 100, 1200, 100
# More than a submission sends before anything became of it.
FILE_ROWS = 6_000
# Seconds that each piece of what passes between services and broker is late, one after the other.
LATENCIES = (0.1, 0.5, 0.3)
# What a record leaves behind in either stage, its packed state (decision 59), about twofold; and beside that, in all,
# caches that fill, and what is in hand.
MOST_BYTES_A_RECORD, MOST_BYTES_BESIDE = 1200, 48 * 2**20
# Of a core. Who tries again and again without a pause uses a whole one.
MOST_SHARE_AWAY = 0.25
MOST_MIB_GROWN = 128
_BATCH_ID = "soak"
_CHUNK = 50_000
_LIMIT_SECONDS = 1800.0
# Without a step for so long, a stage does not go on by itself.
_STALL_SECONDS = 90.0
_INPUTS = {"normaliser": RAW, "registrar": MATCHED}


@dataclass
class Backlog:
    """What a run of `records` showed. `memory`: records done and resident MiB of a stage, at SHARES of its backlog.
    `away`: what each process used while the broker was away, by how it went, and while it was slow. `slow`: records
    that each stage worked on meanwhile; `resumed`: seconds until the rest was done, once it was slow no more."""

    records: int
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    away: dict[str, Spent] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    resumed: float = 0.0
    steps: Counter[int] = field(default_factory=Counter)
    file_status: int = 0
    # How often the tracker gave up, and was started again.
    restarts: int = 0

    def __str__(self) -> str:
        memory = (
            f"{stage}: "
            + ", ".join(f"{mib:,.0f} MiB at {share:.0%}" for share, (_, mib) in zip(SHARES, taken, strict=True))
            + f", {_bytes_each(taken):,.0f} bytes a record"
            for stage, taken in self.memory.items()
        )
        away = (f"broker {how}: {used}" for how, used in self.away.items())
        slow = ", ".join(f"the {stage} did {done:,.0f} records" for stage, done in self.slow.items())
        lines = [
            f"backlog of {self.records:,}",
            *memory,
            *away,
            f"broker slow: {slow}; the rest {self.resumed:.1f} s after it",
        ]
        return "\n".join(
            [
                *lines,
                f"each row once: {self.each_once}; the file's exit status {self.file_status}; "
                f"the tracker was started again {self.restarts} times",
            ]
        )

    @property
    def each_once(self) -> bool:
        """Whether every row of the backlog was given one outcome."""
        return len(self.steps) == self.records and set(self.steps.values()) == {1}

    def faults(self) -> list[str]:
        """What was not as it must be."""
        found = (
            [] if self.each_once else [f"{self.records - len(self.steps)} rows without an outcome, or some with two"]
        )
        if self.file_status != 0:
            found.append(f"the file that was submitted ended with status {self.file_status}")
        for stage, taken in self.memory.items():
            most = MOST_BYTES_A_RECORD + MOST_BYTES_BESIDE / _between(taken)
            if _bytes_each(taken) > most:
                found.append(f"{stage}: {_bytes_each(taken):,.0f} bytes a record, {most:,.0f} at the most")
        for how, used in self.away.items():
            found += [
                f"broker {how}: the {name} uses {share:.0%} of a core, {MOST_SHARE_AWAY:.0%} at the most"
                for name, share in used.shares.items()
                if share > MOST_SHARE_AWAY
            ]
            found += [
                f"broker {how}: the {name} takes {mib:,.0f} MiB more, {MOST_MIB_GROWN} at the most"
                for name, mib in used.grown.items()
                if mib > MOST_MIB_GROWN
            ]
        return found + [
            f"the {stage} stood still while the broker was slow" for stage, done in self.slow.items() if not done
        ]


def _bytes_each(taken: list[tuple[float, float]]) -> float:
    """What a record left behind between the first share and the last."""
    return (taken[-1][1] - taken[0][1]) * 2**20 / _between(taken)


def _between(taken: list[tuple[float, float]]) -> float:
    """How many records; at least one, where a fast stage had done its backlog before it was looked at."""
    return max(1.0, taken[-1][0] - taken[0][0])


def run(
    proxied: ProxiedBroker, prefix: str, logs: Path, records: int, away_seconds: float, slow_seconds: float
) -> Backlog:
    """Fill the raw topic; let the normaliser work alone, then the registrar; take the broker away from all in between:
    stopped in its tracks (as a machine that hangs), and killed and started again; then let it be slow. Tracker and
    `diachi submit`, with rows in flight, look on."""
    found = Backlog(records)
    asyncio.run(create_service_topics(proxied.direct, prefix, PARTITIONS))
    asyncio.run(_fill(proxied.direct, prefix + RAW, records))
    with Pipeline(proxied.servers, prefix, logs) as pipeline:
        tracker, normaliser = Tracker(free_url(), logs / "tracker.log"), pipeline.start("normaliser")
        tracked = {"KAFKA_BOOTSTRAP_SERVERS": proxied.servers, "DIACHI_TOPIC_PREFIX": prefix}

        def revive() -> None:
            """Start the tracker again if it gave up, as whatever runs it does."""
            if tracker.process is not None and tracker.process.poll() is not None:
                assert tracker.process.returncode == EXIT_GAVE_UP, tracker.log.read_text()[-2000:]
                found.restarts += 1
                tracker.start(tracked)

        normaliser.wait_ready()
        found.memory["normaliser, with no registrar there"] = _watched(
            proxied, prefix, "normaliser", normaliser, records
        )
        tracker.start(tracked)
        tracker.ready()
        with _ending(tracker), _submitting(tracked, tracker.url, logs) as file:
            registrar = pipeline.start("registrar")
            registrar.wait_ready()
            wait_for(lambda: metric(registrar, "diachi_records_total") > 0, "the registrar", 60)
            stages = {"normaliser": normaliser, "registrar": registrar}

            def pids() -> dict[str, int]:
                revive()
                assert tracker.process is not None
                others = {"tracker": tracker.process.pid, "submit": file.pid}
                return {**{name: worker.pid for name, worker in stages.items()}, **others}

            found.away["hangs"] = _away(proxied, pids(), away_seconds, killed=False)
            found.away["killed"] = _away(proxied, pids(), away_seconds, killed=True)
            _going_on(proxied, prefix, found, stages)
            _slow(proxied, prefix, found, stages, pids(), slow_seconds)
            taken = _watched(proxied, prefix, "registrar", registrar, int(_matched(normaliser)))
            found.memory["registrar, behind the normaliser"] = taken
            _more(proxied, prefix, found, LAST_ROWS)
            wait_for(lambda: (revive(), file.poll() is not None)[1], "the file to be accounted for", 120)
            found.file_status = file.wait()
            for stage in stages:
                _until_taken_up(proxied, prefix, stage)
        assert all(worker.terminate() == 0 for worker in stages.values()), pipeline.logs()[-2000:]
    asyncio.run(_count(proxied.direct, prefix, found.steps))
    return found


def _rows(first: int, end: int) -> list[Sent]:
    return [with_row(each, _BATCH_ID, number + 1) for number, each in enumerate(islice(new(), first, end), first)]


async def _fill(servers: str, topic: str, records: int) -> None:
    for first in range(0, records, _CHUNK):
        await send(servers, topic, _rows(first, min(records, first + _CHUNK)))


def _more(proxied: ProxiedBroker, prefix: str, found: Backlog, rows: int) -> None:
    """So many rows more, past the proxy."""
    asyncio.run(send(proxied.direct, prefix + RAW, _rows(found.records, found.records + rows)))
    found.records += rows


@contextmanager
def _ending(tracker: Tracker) -> Iterator[None]:
    """Kill it at the end, whatever happens."""
    try:
        yield
    finally:
        tracker.kill()


@contextmanager
def _submitting(environment: Mapping[str, str], tracker: str, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`diachi submit` with rows of its own, as a process."""
    file = logs / "file.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "address"])
        for number, sent in enumerate(islice(new(), FILE_ROWS)):
            writer.writerow([number, orjson.loads(sent.value or b"")["address"]])
    environ = {**os.environ, **environment, "DIACHI_TRACKER_URL": tracker}
    command = [DIACHI, "submit", file, "--source", "file-post", "--timeout", str(_LIMIT_SECONDS)]
    with (logs / "submit.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _watched(
    proxied: ProxiedBroker, prefix: str, stage: str, worker: Worker, records: int
) -> list[tuple[float, float]]:
    """Records done and resident memory (MiB) when each of SHARES of the records is done, the last once all that stand
    on the topic are."""
    taken = []
    for share in SHARES:
        if share < 1:
            wait_for(lambda share=share: _done(worker) >= int(share * records), f"{share:.0%}", _LIMIT_SECONDS)
        else:
            _until_taken_up(proxied, prefix, stage)
        taken.append((_done(worker), psutil.Process(worker.pid).memory_info().rss / 2**20))
    return taken


def _until_taken_up(proxied: ProxiedBroker, prefix: str, stage: str) -> None:
    """Wait until a stage has committed all that stands on its topic.

    The broker knows it. A worker does not: it counts no transaction of which it was not told that it went through, as
    when the group took the partition away meanwhile; and a lag of 0 may be from before the last rows were heard of.
    """

    async def follow() -> None:
        connection, topic = Connection(proxied.direct), prefix + _INPUTS[stage]
        async for _ in until_taken_up(connection, topic, prefix + stage, _STALL_SECONDS):
            pass

    asyncio.run(follow())


def _done(worker: Worker) -> float:
    assert worker.running, worker.log.read_text()[-2000:]
    return metric(worker, "diachi_records_total")


def _matched(normaliser: Worker) -> float:
    return metric(normaliser, 'diachi_published_total{stage="normaliser",topic="address.matched.v1"}')


def _away(proxied: ProxiedBroker, pids: Mapping[str, int], seconds: float, *, killed: bool) -> Spent:
    """Take the broker away for so long; what each process used meanwhile."""
    broker = proxied.broker
    if killed:
        broker.kill()
    else:
        os.kill(broker.pid, signal.SIGSTOP)
    time.sleep(2)  # what was in hand is done by now
    used = spent(pids, seconds)
    if killed:
        broker.restart()
    else:
        os.kill(broker.pid, signal.SIGCONT)
    return used


def _going_on(proxied: ProxiedBroker, prefix: str, found: Backlog, stages: Mapping[str, Worker]) -> None:
    """Wait until each stage does more, with its group and state back: there may be no backlog left, so rows come."""
    before = {name: _done(worker) for name, worker in stages.items()}
    _more(proxied, prefix, found, AGAIN_ROWS)
    for name, worker in stages.items():
        wait_for(lambda name=name, worker=worker: _done(worker) > before[name], f"the {name} to go on", _STALL_SECONDS)
        worker.wait_ready()


def _slow(
    proxied: ProxiedBroker,
    prefix: str,
    found: Backlog,
    stages: Mapping[str, Worker],
    pids: Mapping[str, int],
    seconds: float,
) -> None:
    """Let everything that passes be late for so long, while more rows come; what became of them."""

    def late(over: float) -> None:
        proxied.proxy.latency = LATENCIES[int(over * len(LATENCIES))]

    late(0.0)
    before = {name: _done(worker) for name, worker in stages.items()}
    _more(proxied, prefix, found, SLOW_ROWS)
    found.away["slow"] = spent(pids, seconds, late)
    # A transaction of a slow broker takes seconds: that it comes to an end at all is what counts.
    deadline = time.monotonic() + _STALL_SECONDS
    while any(_done(worker) == before[name] for name, worker in stages.items()) and time.monotonic() < deadline:
        time.sleep(0.2)
    found.slow = {name: _done(worker) - before[name] for name, worker in stages.items()}
    proxied.proxy.latency, started = 0.0, time.monotonic()
    _until_taken_up(proxied, prefix, "normaliser")
    found.resumed = time.monotonic() - started


async def _count(servers: str, prefix: str, steps: Counter[int]) -> None:
    for record in await read_committed(servers, prefix + BATCH_PROGRESS, 600):
        event = orjson.loads(record.value)
        if event["batch_id"] == _BATCH_ID:
            steps.update(step["line_no"] for step in event.get("transitions", ()))
