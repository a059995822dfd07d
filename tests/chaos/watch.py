"""Looks on: which stage put out what, from which partition, and when."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.stream.kafka_io import arguments


class Seen(NamedTuple):
    """Outputs of one transaction became visible at `time` (time.monotonic)."""

    time: float
    stage: str
    partition: int


@dataclass
class Watcher:
    """Reads the progress of a batch as it is committed."""

    servers: str
    topic: str
    batch_id: str
    partitions: int
    seen: list[Seen] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    moved: float = field(default_factory=time.monotonic)

    def first_output(self, stage: str | None, after: float, partitions: Collection[int] | None = None) -> float | None:
        """The time of the first output after a time, of a stage (None: any) from one of some partitions of its."""
        for each in list(self.seen):
            if each.time <= after or stage not in (None, each.stage):
                continue
            if partitions is None or each.partition in partitions:
                return each.time
        return None

    @property
    def quiet(self) -> float:
        """The seconds since something was put out."""
        return time.monotonic() - self.moved

    @property
    def accounted(self) -> int:
        """Lines that have an outcome."""
        return len(self.lines)

    async def watch(self, stop: asyncio.Event) -> None:
        consumer = AIOKafkaConsumer(
            **arguments(self.servers),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=20,
        )
        consumer.assign([TopicPartition(self.topic, number) for number in range(self.partitions)])
        await consumer.start()
        try:
            await consumer.seek_to_beginning()
            while not stop.is_set():
                try:
                    fetched = await consumer.getmany(timeout_ms=100)
                except KafkaError:  # the broker is down
                    await asyncio.sleep(0.1)
                    continue
                now = time.monotonic()
                for records in fetched.values():
                    for record in records:
                        self._see(now, orjson.loads(record.value))
        finally:
            await consumer.stop()

    def _see(self, now: float, event: dict[str, object]) -> None:
        steps = event.get("transitions")
        if event["batch_id"] != self.batch_id or not isinstance(steps, list):
            return
        self.moved = now
        self.seen.append(Seen(now, str(event["stage"]), int(str(event["partition"]))))
        self.lines.update(step["line_no"] for step in steps)


@contextmanager
def watching(servers: str, topic: str, batch_id: str, partitions: int) -> Iterator[Watcher]:
    """A watcher in a thread of its own."""
    watcher, stop, loop = Watcher(servers, topic, batch_id, partitions), asyncio.Event(), asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(watcher.watch(stop)), daemon=True)
    thread.start()
    try:
        yield watcher
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
