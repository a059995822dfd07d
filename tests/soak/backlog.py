"""A backlog through the real services while one of them stands still and the broker goes away and comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson
import psutil

from services.stream.broker.local import LocalBroker
from services.stream.topics import BATCH_PROGRESS, RAW
from tests.bench.usage import cpu_seconds
from tests.hostile.records import Sent, with_row
from tests.hostile.through_kafka import send
from tests.soak.memory import SHARES, new
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import Pipeline, Worker, metric, wait_for
from tests.stream.services import create_service_topics

PARTITIONS = 6
PREFIX = "soak."
_BATCH_ID = "soak"
_CHUNK = 50_000
_LIMIT_SECONDS = 1800.0


@dataclass
class Backlog:
    """What a run of `records` showed. Memory is resident MiB: of a stage, at SHARES of its backlog. `away` is the share
    of one core that each service used while the broker was away, by how it went."""

    records: int
    memory: dict[str, list[float]] = field(default_factory=dict)
    away: dict[str, dict[str, float]] = field(default_factory=dict)
    steps: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        memory = "; ".join(
            f"{stage} " + ", ".join(f"{mib:,.0f} MiB at {share:.0%}" for share, mib in zip(SHARES, taken, strict=True))
            for stage, taken in self.memory.items()
        )
        away = "; ".join(
            f"broker {how}: " + ", ".join(f"{name} {share:.1%} of a core" for name, share in shares.items())
            for how, shares in self.away.items()
        )
        return f"backlog of {self.records:,}: {memory}. {away}. Each row once: {self.each_once}"

    @property
    def each_once(self) -> bool:
        """Whether every row of the backlog was given one outcome."""
        return len(self.steps) == self.records and set(self.steps.values()) == {1}


def run(broker: LocalBroker, prefix: str, logs: Path, records: int, away_seconds: float) -> Backlog:
    """Fill the raw topic; let the normaliser work alone, then the registrar; take the broker away from both in between:
    stopped in its tracks (as a machine that hangs), and killed and started again."""
    servers, found = broker.bootstrap_servers, Backlog(records)
    asyncio.run(create_service_topics(servers, prefix, PARTITIONS))
    asyncio.run(_fill(servers, prefix + RAW, records))
    with Pipeline(servers, prefix, logs) as pipeline:
        normaliser = pipeline.start("normaliser")
        normaliser.wait_ready()
        found.memory["normaliser, with no registrar there"] = _watched(normaliser, records)
        workers = {"normaliser": normaliser, "registrar": pipeline.start("registrar")}
        workers["registrar"].wait_ready()
        wait_for(lambda: metric(workers["registrar"], "diachi_records_total") > 0, "the registrar", 60)
        found.away["hangs"] = _away(broker, workers, away_seconds, killed=False)
        found.away["killed"] = _away(broker, workers, away_seconds, killed=True)
        matched = metric(normaliser, 'diachi_published_total{stage="normaliser",topic="address.matched.v1"}')
        found.memory["registrar, behind the normaliser"] = _watched(workers["registrar"], int(matched))
        asyncio.run(send(servers, prefix + RAW, _rows(records, records + 100)))
        wait_for(lambda: metric(normaliser, "diachi_records_total") >= records + 100, "what came after", 120)
        wait_for(lambda: _lag(workers["registrar"]) == 0, "the registrar to catch up", 120)
        assert all(worker.terminate() == 0 for worker in workers.values()), pipeline.logs()[-2000:]
    found.records += 100
    asyncio.run(_count(servers, prefix, found.steps))
    return found


def _rows(first: int, end: int) -> list[Sent]:
    return [with_row(each, _BATCH_ID, number + 1) for number, each in enumerate(islice(new(), first, end), first)]


async def _fill(servers: str, topic: str, records: int) -> None:
    for first in range(0, records, _CHUNK):
        await send(servers, topic, _rows(first, min(records, first + _CHUNK)))


def _watched(worker: Worker, records: int) -> list[float]:
    """Resident memory (MiB) when each of SHARES of the records is done."""
    taken = []
    for share in SHARES:
        wait_for(lambda share=share: _done(worker) >= int(share * records), f"{share:.0%}", _LIMIT_SECONDS)
        taken.append(psutil.Process(worker.pid).memory_info().rss / 2**20)
    return taken


def _done(worker: Worker) -> float:
    assert worker.running, worker.log.read_text()[-2000:]
    return metric(worker, "diachi_records_total")


def _lag(worker: Worker) -> float:
    return metric(worker, "diachi_consumer_lag_records")


def _away(broker: LocalBroker, workers: dict[str, Worker], seconds: float, *, killed: bool) -> dict[str, float]:
    """Take the broker away for so long; what each service used meanwhile, as a share of one core."""
    if killed:
        broker.kill()
    else:
        os.kill(broker.pid, signal.SIGSTOP)
    time.sleep(2)  # what was in hand is done by now
    before, started = {name: cpu_seconds(worker.pid) for name, worker in workers.items()}, time.monotonic()
    time.sleep(seconds)
    lasted = time.monotonic() - started
    used = {name: (cpu_seconds(worker.pid) - before[name]) / lasted for name, worker in workers.items()}
    if killed:
        broker.restart()
    else:
        os.kill(broker.pid, signal.SIGCONT)
    return used


async def _count(servers: str, prefix: str, steps: Counter[int]) -> None:
    for record in await read_committed(servers, prefix + BATCH_PROGRESS, 600):
        steps.update(step["line_no"] for step in orjson.loads(record.value)["transitions"])
