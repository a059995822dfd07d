"""Submits a batch in portions, so that each fault falls on a live stream, and keeps the account of what must come."""

from __future__ import annotations

import asyncio
import random
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
from services.stream.envelope import event_headers, event_id
from services.stream.topics import BATCH_PROGRESS, MATCHED, RAW
from tests.chaos.oracle import Account, Oracle
from tests.chaos.rows import USUAL_BROKEN, Row, alone, compose, misdeployed, renewed
from tests.stream.kafka_io import arguments

_AT = "2026-01-02T03:04:05.678Z"
# So many records at the most wait for news of them.
_KEPT = 5000
# Longer than a broker takes to come back after a crash.
_PATIENCE_MS = 180_000
# Such a share of each portion is news of records that came in an earlier one.
_RENEWED = 0.1


@dataclass
class Feed:
    """One batch on its way to a pipeline."""

    servers: str
    prefix: str
    batch_id: str
    seed: int
    rows: int = 0
    # Records of which there will be news.
    _settled: list[Row] = field(default_factory=list)
    _gazetteer: Gazetteer = field(default_factory=Gazetteer.load)
    _oracle: Oracle = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _queue: asyncio.Queue[tuple[str, list[Row]] | None] = field(default_factory=asyncio.Queue)
    _sent: Future[None] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self._oracle = Oracle(AddressCore(self._gazetteer))

    def open(self) -> None:
        """Announce the batch."""
        self._announce(BatchOpened(self.batch_id, "chaos", _AT), 0)

    def submit(self, count: int, broken: float = USUAL_BROKEN) -> None:
        """The next `count` rows of the batch, a share of them unreadable; returns before they are sent.

        Some of them are news of records that came in an earlier portion.
        """
        draw = random.Random(f"{self.seed}/{self.rows}/news")
        draw.shuffle(self._settled)
        news = self._settled[: int(count * _RENEWED)]
        fresh = count - len(news)
        made = compose(self._gazetteer, fresh, self.batch_id, self.seed, first_line=self.rows + 1, broken=broken)
        self._settled = [*self._settled[len(news) :], *alone(made)][-_KEPT:]
        made += [
            renewed(self._gazetteer, row, self.batch_id, self.rows + fresh + nth, draw)
            for nth, row in enumerate(news, start=1)
        ]
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
        self._announce(BatchClosed(self.batch_id, self.rows, _AT), 1)

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

    def _announce(self, event: BatchOpened | BatchClosed, index: int) -> None:
        key = self.batch_id.encode()
        headers = event_headers(
            BATCH_PROGRESS,
            "/diachi/intake",
            event=event_id(self.batch_id, 0, 0, BATCH_PROGRESS, index),
            subject=key,
            time=_AT.encode(),
            trace=None,
        )
        self._put(BATCH_PROGRESS, [(key, encode(event), headers)])

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
