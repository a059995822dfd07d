"""The tracker's agent: batch events in, the table and `batch.status.v1` out, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import structlog
from msgspec import Struct

from schemas.batch import BatchClosed, BatchOpened, BatchTransitions
from schemas.codec import decode, encode, from_mapping
from services.stream.envelope import Headers, event_headers, event_id, event_time, header
from services.stream.metrics import Metrics
from services.stream.topics import BATCH_STATUS
from services.tracker.fold import BatchEvent, BatchTally, fold, status

log = structlog.get_logger()

_KINDS: dict[str, type[BatchEvent]] = {
    "opened": BatchOpened,
    "closed": BatchClosed,
    "transitions": BatchTransitions,
}


class _Kind(Struct):
    """What tells which event it is; all else is passed over."""

    kind: str


class Sender(Protocol):
    """Sends one record within the transaction of an input partition (TransactionalSender)."""

    async def send(
        self, partition: int, topic: str, key: bytes, value: bytes, headers: Headers, timestamp_ms: int
    ) -> asyncio.Future[Any]: ...


def read_event(value: bytes) -> BatchEvent:
    """The batch event in JSON bytes. Raises ValueError or LookupError when it is none."""
    kind = _KINDS[decode(_Kind, value).kind]
    try:
        return decode(kind, value)
    except ValueError:
        # Also with whole numbers written as fractions, which the services do not do.
        return from_mapping(kind, decode(dict[str, Any], value))


class ProgressTable:
    """Folds events into tallies, and sends what changed.

    `tallies` is the table's own mapping, batch id to BatchTally in JSON, so that recovery fills it; `topic_id` is the
    id of `batch.progress.v1`; `changelog` and `status_topic` are full topic names.
    """

    def __init__(
        self,
        tallies: dict[bytes, bytes],
        sender: Sender,
        metrics: Metrics,
        *,
        topic_id: str,
        changelog: str,
        status_topic: str,
    ) -> None:
        self._tallies = tallies
        self._sender = sender
        self._metrics = metrics
        self._topic_id = topic_id
        self._changelog = changelog
        self._status_topic = status_topic

    async def process(self, events: Sequence[Any]) -> None:
        """Count Faust events in; returns when the broker has all that follows from them.

        A batch is sent once, however many of its events there are. The status goes first: a transaction that holds the
        table's new value then also holds its status, wherever a commit falls.
        """
        changed: dict[bytes, Any] = {}
        for event in events:
            if self._count(event.message):
                changed[event.message.key] = event.message
        sent = []
        for key, message in changed.items():
            tally = self._tallies[key]
            public = encode(status(key.decode(), decode(BatchTally, tally)))
            time_ms = int(message.timestamp * 1000)
            headers = self._headers(message, time_ms)
            sent.append(await self._sender.send(message.partition, self._status_topic, key, public, headers, time_ms))
            sent.append(await self._sender.send(message.partition, self._changelog, key, tally, [], time_ms))
        await asyncio.gather(*sent)
        self._metrics.records.labels("tracker").inc(len(events))
        self._metrics.published.labels("tracker", BATCH_STATUS).inc(len(changed))

    def _count(self, message: Any) -> bool:
        """Fold one message into its tally; False when it changes nothing."""
        try:
            event = read_event(message.value)
            if event.batch_id.encode() != message.key:
                raise ValueError("the key is not the batch id")
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            # The services write this topic, so this is a fault of theirs; one bad event must not hide all batches.
            self._metrics.unexpected.labels("tracker").inc()
            log.error(
                "batch event skipped", partition=message.partition, offset=message.offset, error=type(error).__name__
            )
            return False
        stored = self._tallies.get(message.key)
        before = None if stored is None else decode(BatchTally, stored)
        at = event_time(list(message.headers), int(message.timestamp * 1000)).decode()
        after = fold(before, event, at)
        if after is before:
            return False
        self._tallies[message.key] = encode(after)
        return True

    def _headers(self, message: Any, time_ms: int) -> Headers:
        incoming = list(message.headers)
        return event_headers(
            BATCH_STATUS,
            "/diachi/tracker",
            event=event_id(self._topic_id, message.partition, message.offset, BATCH_STATUS, 0),
            subject=message.key,
            time=event_time(incoming, time_ms),
            trace=header(incoming, "traceparent"),
        )
