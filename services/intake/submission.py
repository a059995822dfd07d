"""Submits the rows of a file as one batch: announces it, sends the rows, and follows what becomes of them.

Sending a file again is safe, also after a crash in the middle: its rows have the same keys, and those that were
digitised before come out unchanged, in the new batch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from schemas.batch import BatchClosed, BatchOpened, BatchStatus
from schemas.codec import encode
from services.address.redact import redact
from services.intake.records import Record
from services.intake.row_sender import SOURCE, RowSender
from services.intake.tracker_client import TrackerClient, TrackerTokenError, TrackerUnavailableError
from services.intake.window import MOST_IN_FLIGHT, Window
from services.stream.connection import connection_of
from services.stream.envelope import event_headers, event_id, rfc3339
from services.stream.settings import Settings
from services.stream.topic_ids import topic_id
from services.stream.topics import BATCH_PROGRESS, RAW

_CHUNK = 2000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.03, 0.25
_MOST_NAME = 200


class StalledError(RuntimeError):
    """Nothing became of the batch for too long. Says what is missing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a submission has come. `status` is what the tracker said last, None before it said anything."""

    batch_id: str
    sent: int
    closed: bool
    status: BatchStatus | None

    @property
    def accounted(self) -> int:
        """Rows that have an outcome, as far as the tracker said."""
        return self.status.accounted if self.status else 0

    @property
    def complete(self) -> bool:
        """Whether every row is accounted for."""
        return self.status is not None and self.status.state == "complete"


def new_batch_id() -> str:
    """An id for a batch; it is also the id of its trace."""
    return str(uuid4())


def batch_name(name: str) -> str:
    """What a batch is called on the topics, in progress and status: without phone numbers, which files are named after
    too. Of a person's name, nothing tells here that it is one."""
    return redact(name, None)[:_MOST_NAME]


class Submission:
    """One batch on its way. `run` sends it; `stall` is how many seconds nothing may move before it gives up.

    `most_in_flight` bounds the rows on their way, and how long these take bounds them further. Without a tracker they
    are not bounded and nobody waits.
    """

    def __init__(
        self,
        settings: Settings,
        source: str,
        name: str,
        tracker: TrackerClient | None,
        *,
        batch_id: str,
        stall: float = 120.0,
        most_in_flight: int = MOST_IN_FLIGHT,
    ) -> None:
        self._settings = settings
        self._connection = connection_of(settings)
        self._source = source
        self._name = batch_name(name)
        self._tracker = tracker
        self._stall_seconds = stall
        self._window = Window(most_in_flight)
        self.batch_id = batch_id
        trace_id = UUID(batch_id).hex
        self._trace = f"00-{trace_id}-{trace_id[:16]}-01".encode()
        self._sent = 0
        self._closed = False
        self._status: BatchStatus | None = None
        self._moved_at = self._asked_at = time.monotonic()
        # Seconds between two questions to the tracker: a small batch is through at once.
        self._pause = _FIRST_PAUSE

    async def run(self, records: Iterable[Record], *, wait: bool = True) -> AsyncIterator[Progress]:
        """Announce, send, close, and (unless `wait` is False) follow the batch until it is complete.

        Yields whenever something moved. Raises StalledError, TrackerUnavailableError (the tracker never answered),
        TopicMissingError, KafkaError, and what reading `records` raises; the batch then stays open.
        """
        await self._check_topics()
        producer = AIOKafkaProducer(
            **self._connection.client_arguments(),
            enable_idempotence=True,
            acks="all",
            max_batch_size=256 * 1024,
            max_request_size=2 * 1024 * 1024,
        )
        await producer.start()
        try:
            await self._announce(producer, BatchOpened(self.batch_id, self._source, _now(), self._name), 0)
            yield self._progress()
            sender = RowSender(producer, self._settings.topic_prefix + RAW, self.batch_id, self._trace)
            rows = iter(records)
            while (sent := await sender.send(rows, *self._chunk())).rows:
                self._sent += sent.rows
                self._moved_at = time.monotonic()
                self._window.sent(sent.rows, sent.size, self._moved_at)
                yield self._progress()
                async for progress in self._make_room():
                    yield progress
            await self._announce(producer, BatchClosed(self.batch_id, self._sent, _now()), 1)
            self._closed = True
            yield self._progress()
        finally:
            await producer.stop()
        if wait:
            async for progress in self._follow():
                yield progress

    async def _check_topics(self) -> None:
        for topic in (RAW, BATCH_PROGRESS):
            await topic_id(self._connection, self._settings.topic_prefix + topic)

    async def _announce(self, producer: AIOKafkaProducer, event: BatchOpened | BatchClosed, index: int) -> None:
        key = self.batch_id.encode()
        headers = event_headers(
            BATCH_PROGRESS,
            SOURCE,
            event=event_id(self.batch_id, 0, 0, BATCH_PROGRESS, index),
            subject=key,
            time=rfc3339(int(time.time() * 1000)),
            trace=self._trace,
        )
        topic = self._settings.topic_prefix + BATCH_PROGRESS
        await producer.send_and_wait(topic, encode(event), key=key, headers=headers)

    def _chunk(self) -> tuple[int, int]:
        """How many rows are sent at once, and how many bytes: half of the room, so that there is never nothing under
        way."""
        return max(1, min(_CHUNK, self._window.rows // 2)), self._window.size // 2

    async def _make_room(self) -> AsyncIterator[Progress]:
        """Wait while too many rows are in flight, so that others do not wait behind all of them."""
        while self._tracker is not None and self._window.full:
            if await self._poll():
                yield self._progress()
            self._window.accounted(self._progress().accounted, time.monotonic())

    async def _follow(self) -> AsyncIterator[Progress]:
        while not self._progress().complete:
            if await self._poll():
                yield self._progress()

    async def _poll(self) -> bool:
        """Ask the tracker, not too often; True when the answer is a new one. One that is being restarted is waited for.

        While a batch is on its way there is news all the time, and every question costs the tracker as much as us.
        """
        assert self._tracker is not None
        await asyncio.sleep(self._asked_at + self._pause - time.monotonic())
        self._asked_at, self._pause = time.monotonic(), min(2 * self._pause, _LONGEST_PAUSE)
        try:
            status = await self._tracker.status(self.batch_id)
        except TrackerTokenError:  # to wait would not mend it
            raise
        except TrackerUnavailableError:
            if self._status is None and self._stalled():
                raise
            status = self._status
        if status is not None and status != self._status:
            self._status = status
            self._moved_at = time.monotonic()
            return True
        if self._stalled():
            raise StalledError(self._stall_text())
        return False

    def _stalled(self) -> bool:
        return time.monotonic() - self._moved_at > self._stall_seconds

    def _stall_text(self) -> str:
        missing = self._sent - self._progress().accounted
        return (
            f"{missing} of {self._sent} rows of batch {self.batch_id} have no outcome, and for "
            f"{self._stall_seconds:.0f} s none got one"
        )

    def _progress(self) -> Progress:
        return Progress(self.batch_id, self._sent, self._closed, self._status)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
