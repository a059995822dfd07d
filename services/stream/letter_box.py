"""Reads the dead letters, puts them back into their topics, and marks them as handled, exactly once.

What is handled stands in a topic of its own. A letter goes back and is marked in one transaction: one that was
interrupted has done neither. Starting the producer ends the transaction of a tool that ran before and fences it, and
the marks are read after that: two tools at once cannot put the same letter back twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from schemas.codec import decode, encode
from schemas.dead_letter import HandledLetter
from services.stream.connection import connection_of
from services.stream.dead_letters import INPUT_TOPICS, Letter, Place, Selection, read_letter
from services.stream.envelope import event_headers, event_id, rfc3339
from services.stream.outputs import Output
from services.stream.settings import Settings
from services.stream.topic_ids import topic_id
from services.stream.topics import HANDLED_LETTERS
from services.stream.transaction import Partitioner, send_outputs
from services.stream.unreachable import reached

_SOURCE = "/diachi/dlq"
_FETCH_BYTES = 8 * 1024 * 1024
_BATCH_BYTES = 512 * 1024
_MAX_REQUEST_BYTES = 8 * 1024 * 1024
# Letters in one transaction; the largest ones weigh two megabytes.
_MOST_LETTERS = 200
_MOST_BYTES = 16 * 1024 * 1024

# The broker's id of each topic of letters, and why a letter is not touched.
Ids = Mapping[str, str]
WhyNot = Callable[[Letter], str | None]
Action = Literal["replayed", "dropped"]


@dataclass(slots=True)
class Handled:
    """What a run did. `left` counts the letters that were meant and not touched, by reason."""

    done: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def leave(self, reason: str) -> None:
        """Count a letter that was not touched."""
        self.left[reason] = self.left.get(reason, 0) + 1


class LetterBox:
    """The dead letters of an installation. Making one raises SettingError; methods raise KafkaError, and
    TopicMissingError for a missing topic."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection = connection_of(settings)
        self._prefix = settings.topic_prefix

    async def letters(self, selection: Selection, *, handled: bool = False) -> AsyncIterator[Letter]:
        """The letters that are meant, topic by topic; with `handled` also those that were put back or dropped."""
        ids = await self._topic_ids(selection.topics)
        marks = set() if handled else await self._marks(ids)
        async for letter in self._selected(selection):
            if letter.place not in marks:
                yield letter

    async def replay(self, selection: Selection, limit: int, most_replays: int) -> Handled:
        """Put back at most `limit` letters, none for more than the `most_replays`th time."""

        def why_not(letter: Letter) -> str | None:
            if letter.replays >= most_replays:
                return f"put back {most_replays} times already, and refused each time"
            return letter.cannot_be_put_back

        return await self._handle("replayed", selection, limit, why_not)

    async def drop(self, selection: Selection, limit: int) -> Handled:
        """Mark at most `limit` letters as handled; they stay in their topic until they are too old."""
        return await self._handle("dropped", selection, limit, lambda _: None)

    async def _handle(self, action: Action, selection: Selection, limit: int, why_not: WhyNot) -> Handled:
        ids = await self._topic_ids(selection.topics)
        producer = AIOKafkaProducer(
            **self._connection.client_arguments(),
            transactional_id=f"{self._prefix}dead-letter-tool",
            transaction_timeout_ms=self._settings.transaction_timeout_ms,
            max_batch_size=_BATCH_BYTES,
            max_request_size=_MAX_REQUEST_BYTES,
        )
        await reached(self._connection, producer.start())
        try:
            marks = await self._marks(ids)
            found, waiting, size = Handled(), list[Letter](), 0
            async for letter in self._selected(selection):
                if letter.place in marks:
                    continue
                reason = "beyond the limit" if found.done + len(waiting) >= limit else why_not(letter)
                if reason is not None:
                    found.leave(reason)
                    continue
                waiting.append(letter)
                size += len(letter.value or b"")
                if len(waiting) >= _MOST_LETTERS or size >= _MOST_BYTES:
                    found.done += await self._transact(producer, action, waiting, ids)
                    waiting, size = [], 0
            if waiting:
                found.done += await self._transact(producer, action, waiting, ids)
            return found
        finally:
            await producer.stop()

    async def _transact(self, producer: AIOKafkaProducer, action: Action, letters: Sequence[Letter], ids: Ids) -> int:
        """Put letters back where they are to be, and mark them, all or none. Returns how many."""
        now = int(time.time() * 1000)
        outputs = [_mark(action, letter, ids[letter.place.topic], now) for letter in letters]
        if action == "replayed":
            numbers = {
                topic: await producer.partitions_for(self._prefix + INPUT_TOPICS[topic])
                for topic in {letter.place.topic for letter in letters}
            }
            outputs += [_put_back(letter, numbers[letter.place.topic], now) for letter in letters]
        async with producer.transaction():
            await asyncio.gather(*await send_outputs(producer, outputs, self._prefix, Partitioner()))
        return len(letters)

    async def _topic_ids(self, topics: Sequence[str]) -> Ids:
        return {topic: await topic_id(self._connection, self._prefix + topic) for topic in topics}

    async def _marks(self, ids: Ids) -> set[Place]:
        """The places of all letters that were handled, of the topics as they are now."""
        marks = set()
        await topic_id(self._connection, self._prefix + HANDLED_LETTERS)
        async for _, record in self._committed((HANDLED_LETTERS,)):
            mark = decode(HandledLetter, record.value)
            if ids.get(mark.topic) == mark.topic_id:
                marks.add(Place(mark.topic, mark.partition, mark.offset))
        return marks

    async def _selected(self, selection: Selection) -> AsyncIterator[Letter]:
        async for topic, record in self._committed(selection.topics):
            letter = read_letter(topic, record)
            if letter is not None and selection.holds(letter):
                yield letter

    async def _committed(self, topics: Sequence[str]) -> AsyncIterator[tuple[str, ConsumerRecord]]:
        """Topic (without prefix) and record of all that was committed up to now, partition by partition."""
        consumer = AIOKafkaConsumer(
            *(self._prefix + topic for topic in topics),
            **self._connection.client_arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=100,
        )
        await reached(self._connection, consumer.start())
        try:
            numbers = {topic: consumer.partitions_for_topic(self._prefix + topic) or () for topic in topics}
            consumer.unsubscribe()
            # All ends at once: what is put back may be refused again while this goes on.
            partitions = [TopicPartition(self._prefix + topic, n) for topic in topics for n in sorted(numbers[topic])]
            ends = await consumer.end_offsets(partitions)
            for partition in partitions:
                consumer.assign([partition])
                await consumer.seek_to_beginning(partition)
                # The last offsets may hold only transaction markers, so the position decides.
                while await consumer.position(partition) < ends[partition]:
                    for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, ()):
                        if record.offset < ends[partition]:
                            yield partition.topic.removeprefix(self._prefix), record
        finally:
            await consumer.stop()


def _put_back(letter: Letter, partitions: Collection[int], now: int) -> Output:
    """The record as it was, where it first stood: there the state of its key is. A topic that has shrunk lets the key
    decide."""
    first = letter.origin[0]
    topic = INPUT_TOPICS[letter.place.topic]
    return Output(topic, letter.key, letter.value, letter.put_back(), now, first if first in partitions else None)


def _mark(action: Action, letter: Letter, letters_id: str, now: int) -> Output:
    place = letter.place
    mark = HandledLetter(
        topic=place.topic,  # type: ignore[arg-type]
        topic_id=letters_id,
        partition=place.partition,
        offset=place.offset,
        action=action,
        handled_at=rfc3339(now).decode(),
        error_code=letter.code,
    )
    key = f"{place.topic}:{place.partition}:{place.offset}".encode()
    headers = event_headers(
        HANDLED_LETTERS,
        _SOURCE,
        event=event_id(letters_id, place.partition, place.offset, HANDLED_LETTERS, 0),
        subject=key,
        time=rfc3339(now),
        trace=None,
    )
    return Output(HANDLED_LETTERS, key, encode(mark), headers, now)
