"""Submits a batch in portions, so that each fault falls on a live stream, and keeps the account of what must come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer

from gazetteer.gazetteer import Gazetteer
from schemas.batch import BatchClosed, BatchOpened
from schemas.codec import encode
from services.address.core import AddressCore
from services.stream.topics import BATCH_PROGRESS, MATCHED, RAW
from tests.chaos.oracle import Account, Oracle
from tests.chaos.rows import USUAL_BROKEN, Row, compose, misdeployed
from tests.stream.kafka_io import arguments

_AT = "2026-01-02T03:04:05.678Z"
# Longer than a broker takes to come back after a crash.
_PATIENCE_MS = 180_000


@dataclass
class Feed:
    """One batch on its way to a pipeline."""

    servers: str
    prefix: str
    batch_id: str
    seed: int
    rows: int = 0
    _gazetteer: Gazetteer = field(default_factory=Gazetteer.load)
    _oracle: Oracle = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _queue: asyncio.Queue[tuple[str, list[Row]] | None] = field(default_factory=asyncio.Queue)
    _sent: Future[None] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self._oracle = Oracle(AddressCore(self._gazetteer))

    def open(self) -> None:
        """Announce the batch."""
        self._put(BATCH_PROGRESS, [(self.batch_id.encode(), encode(BatchOpened(self.batch_id, "chaos", _AT)), [])])

    def submit(self, count: int, broken: float = USUAL_BROKEN) -> None:
        """The next `count` rows of the batch, a share of them unreadable; returns before they are sent."""
        made = compose(self._gazetteer, count, self.batch_id, self.seed, first_line=self.rows + 1, broken=broken)
        self.rows += count
        self._oracle.raw(made)
        self._put(RAW, made)

    def misdeploy(self, count: int) -> None:
        """Rows for the registrar that it cannot read."""
        made = misdeployed(self.batch_id, self.rows + 1, count)
        self.rows += count
        self._oracle.matched(made)
        self._put(MATCHED, made)

    def close(self) -> None:
        """Say how many rows the batch has."""
        self._put(BATCH_PROGRESS, [(self.batch_id.encode(), encode(BatchClosed(self.batch_id, self.rows, _AT)), [])])

    def end(self) -> None:
        """Nothing more will be submitted."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    def wait(self, seconds: float) -> None:
        """End, and return when the broker has acknowledged everything."""
        self.end()
        self._sent.result(seconds)

    def account(self) -> Account:
        """What must have become of the rows submitted so far."""
        return self._oracle.account()

    def _put(self, topic: str, rows: list[Row]) -> None:
        if self._sent.done():
            self._sent.result()
        self._loop.call_soon_threadsafe(self._queue.put_nowait, (topic, rows))

    async def send(self) -> None:
        producer = AIOKafkaProducer(
            **arguments(self.servers),
            enable_idempotence=True,
            request_timeout_ms=_PATIENCE_MS,
            max_request_size=4 * 1024 * 1024,
        )
        await producer.start()
        try:
            while (portion := await self._queue.get()) is not None:
                topic, rows = portion
                sent: list[asyncio.Future[Any]] = [
                    await producer.send(self.prefix + topic, value=value, key=key, headers=headers)
                    for key, value, headers in rows
                ]
                await asyncio.gather(*sent)
        finally:
            await producer.stop()

    def run(self) -> None:
        try:
            self._loop.run_until_complete(self.send())
            self._sent.set_result(None)
        except BaseException as error:
            self._sent.set_exception(error)


@contextmanager
def feeding(servers: str, prefix: str, batch_id: str, seed: int) -> Iterator[Feed]:
    """A feed in a thread of its own, its batch opened."""
    feed = Feed(servers, prefix, batch_id, seed)
    threading.Thread(target=feed.run, daemon=True).start()
    feed.open()
    try:
        yield feed
    finally:
        feed.end()
