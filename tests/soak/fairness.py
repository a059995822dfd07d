"""What a small good batch of one operator waits for, in seconds: alone, behind the slowest texts of another, and behind
records whose header names cannot be read."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count, cycle
from pathlib import Path
from random import Random

import orjson

from gazetteer.gazetteer import Gazetteer
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.intake.records import Record
from services.intake.submission import Progress, Submission, new_batch_id
from services.intake.table import Row
from services.intake.tracker_client import TrackerClient
from services.stream.broker import LocalBroker
from services.stream.settings import Settings, read_settings
from services.stream.topics import RAW, RAW_DEAD_LETTERS
from tests.hostile.texts import SPOILS, hostile_text
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import Pipeline, Worker
from tests.stream.services import create_service_topics
from tests.stream.unreadable import send_unreadable
from tests.unit.address.pathological import PATHOLOGICAL

PARTITIONS = 12
GOOD_ROWS = 200
# What a good batch may wait for; rows that are in hand when it comes, and batches of the other's between its own.
MOST_WAIT_SECONDS = 60.0
# So long the other operator's file is under way before the good one comes.
_AHEAD_SECONDS = 10.0
_MOST_CHARACTERS = 1000
_TRIED, _SLOWEST = 40, 25
_MOST_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Fairness:
    """Seconds until each row of a good batch had its outcome."""

    alone: float
    beside_slow: float
    # Rows of the slow file that were sent and not yet worked off when the good batch came.
    in_flight: int
    slow_milliseconds: float
    behind_unreadable: float
    unreadable: int
    # How many of them became dead letters with a reason.
    answered: int

    def faults(self) -> list[str]:
        """What was not as it must be."""
        found = [] if self.answered == self.unreadable else [f"{self.unreadable - self.answered:,} were not answered"]
        waits = {"beside the slowest texts": self.beside_slow, "behind unreadable headers": self.behind_unreadable}
        return found + [
            f"good rows wait {seconds:.0f} s {where}, {MOST_WAIT_SECONDS:.0f} at the most"
            for where, seconds in waits.items()
            if seconds > MOST_WAIT_SECONDS
        ]

    def __str__(self) -> str:
        return (
            f"{GOOD_ROWS} good rows: {self.alone:.1f} s alone; {self.beside_slow:.1f} s beside the slowest texts "
            f"({self.slow_milliseconds:.1f} ms of CPU each), {self.in_flight:,} of them in flight; "
            f"{self.behind_unreadable:.1f} s behind {self.unreadable:,} records with unreadable headers, "
            f"{self.answered:,} of which were answered"
        )


@cache
def slowest_texts() -> tuple[tuple[str, ...], float]:
    """Texts that take the core longest, of all kinds that are known to be slow; and what they take, in CPU seconds."""
    core, random = AddressCore(Gazetteer.load()), Random(223_589)
    tried = [hostile_text(random, kind)[:_MOST_CHARACTERS] for kind in SPOILS for _ in range(_TRIED)]
    tried += [text[:_MOST_CHARACTERS] for text in PATHOLOGICAL.values()]
    taken = sorted(((_seconds(core, text), text) for text in tried if text.strip()), reverse=True)[:_SLOWEST]
    return tuple(text for _, text in taken), sum(seconds for seconds, _ in taken) / len(taken)


def _seconds(core: AddressCore, text: str) -> float:
    """The best of three, each with a text that was not seen before."""

    def once(number: int) -> float:
        raw = RawAddress("soak", "1", f"{number} {text}"[:_MOST_CHARACTERS])
        started = time.process_time()
        core.digitise([raw])
        return time.process_time() - started

    return min(map(once, range(3)))


def _slow_rows() -> Iterator[Record]:
    for number, text in zip(count(1), cycle(slowest_texts()[0])):
        yield _record("slow-post", number, f"{number} {text}"[:_MOST_CHARACTERS])


def _good_rows(source: str) -> Iterator[Record]:
    for number in range(1, GOOD_ROWS + 1):
        yield _record(source, number, f"Số nhà {number}, thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang")


def _record(source: str, number: int, address: str) -> Record:
    raw = {"source": source, "source_record_id": str(number), "address": address}
    return Record(number, str(number), b"%s:%d" % (source.encode(), number), orjson.dumps(raw), Row(number, None))


def fairness(broker: LocalBroker, prefix: str, logs: Path, unreadable: int) -> Fairness:
    """On a broker of its own."""
    servers = broker.bootstrap_servers
    slow_milliseconds = slowest_texts()[1] * 1000
    asyncio.run(create_service_topics(servers, prefix, PARTITIONS))
    with Pipeline(servers, prefix, logs) as pipeline:
        tracker, *stages = [pipeline.start(name) for name in ("tracker", "normaliser", "registrar")]
        for worker in (tracker, *stages):
            worker.wait_ready()
        settings = read_settings(kafka_bootstrap_servers=servers, topic_prefix=prefix)
        alone = asyncio.run(_good(settings, tracker, "good-post"))
        # One file or the other may come first to services that have not worked yet.
        alone = min(alone, asyncio.run(_good(settings, tracker, "good-post-again")))
        asyncio.run(send_unreadable(servers, prefix + RAW, unreadable, PARTITIONS))
        behind = asyncio.run(_good(settings, tracker, "third-post"))
        letters = asyncio.run(_until_answered(servers, prefix + RAW_DEAD_LETTERS, unreadable))
        beside, in_flight = asyncio.run(_beside_slow(settings, tracker))
        assert all(worker.running for worker in stages), pipeline.logs()[-2000:]
    return Fairness(alone, beside, in_flight, slow_milliseconds, behind, unreadable, letters)


async def _good(settings: Settings, tracker: Worker, source: str) -> float:
    started = time.monotonic()
    client = TrackerClient(f"http://127.0.0.1:{tracker.port}")
    submission = Submission(settings, source, "good", client, batch_id=new_batch_id(), stall=_MOST_SECONDS)
    last = [progress async for progress in submission.run(_good_rows(source))][-1]
    assert last.status is not None and last.status.outcomes == {"digitised": GOOD_ROWS}, last
    return time.monotonic() - started


async def _beside_slow(settings: Settings, tracker: Worker) -> tuple[float, int]:
    """Seconds of a good batch beside a file without end that is on its way; how many rows of that were before it."""
    seen: list[Progress] = []

    async def follow(progress: AsyncIterator[Progress]) -> None:
        async for each in progress:
            seen[:] = [each]

    client = TrackerClient(f"http://127.0.0.1:{tracker.port}")
    submission = Submission(settings, "slow-post", "slow", client, batch_id=new_batch_id(), stall=_MOST_SECONDS)
    slow = asyncio.create_task(follow(submission.run(_slow_rows())))
    await asyncio.sleep(_AHEAD_SECONDS)
    before = seen[0].sent - seen[0].accounted
    seconds = await _good(settings, tracker, "fourth-post")
    slow.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await slow
    return seconds, before


async def _until_answered(servers: str, topic: str, expected: int) -> int:
    deadline = time.monotonic() + _MOST_SECONDS
    while (found := len(await read_committed(servers, topic))) < expected and time.monotonic() < deadline:
        await asyncio.sleep(1)
    return found
