"""What became of each row of a batch, read from the topics: the tracker adds up, it does not keep rows.

Progress says what each row counts as. The refusals, the review items and the digitised addresses that the batch brought
say why and where. A row that is unchanged brought nothing: its address is looked up by its code.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from schemas.address import AddressResult
from schemas.batch import BatchTransitions
from schemas.codec import decode
from schemas.dead_letter import DeadLetterHeader
from schemas.outcome import Outcome
from services.intake.answers import Answer, Counted, refused
from services.intake.records import Record
from services.stream.connection import connection_of
from services.stream.envelope import batch_row, header
from services.stream.settings import Settings
from services.stream.topic_ids import topic_id
from services.stream.topics import BATCH_PROGRESS, DIGITISED, RAW_DEAD_LETTERS, REVIEW

_TOPICS = (BATCH_PROGRESS, RAW_DEAD_LETTERS, REVIEW, DIGITISED)
_FETCH_BYTES = 8 * 1024 * 1024
# A commit is acknowledged before its markers are written, and a stranger's open transaction hides what comes after it.
_OPEN_TRANSACTION_SECONDS = 60.0

Marks = Mapping[TopicPartition, int]


async def mark(settings: Settings) -> Marks:
    """Where the topics end now: what becomes of a batch that is opened later comes after. Raises KafkaError,
    TopicMissingError."""
    # Asked for by name, a missing topic would be made by a broker that makes topics on demand.
    connection = connection_of(settings)
    for topic in _TOPICS:
        await topic_id(connection, settings.topic_prefix + topic)
    async with _Reader(settings) as reader:
        return await reader.ends(_TOPICS)


async def collect(settings: Settings, marks: Marks, batch_id: str) -> Outcomes:
    """What became of the rows of a batch that is complete. Raises KafkaError."""
    found = Outcomes(batch_id)
    async with _Reader(settings) as reader:
        ends = await reader.ends(_TOPICS)
        async for topic, record in reader.read({tp: marks.get(tp, 0) for tp in ends}, ends):
            found.take(topic, record)
        if unchanged := found.unchanged():
            published = {tp: end for tp, end in ends.items() if tp.topic == settings.topic_prefix + DIGITISED}
            async for _, record in reader.read(dict.fromkeys(published, 0), published):
                if record.key in unchanged:
                    found.look_up(record.value, unchanged[record.key])
    return found


class Outcomes:
    """The rows of one batch by line. Results wait in a file, so that memory holds a few words a row."""

    def __init__(self, batch_id: str) -> None:
        self._batch_id = batch_id
        self._counted: dict[int, tuple[int, Counted]] = {}
        self._refused: dict[int, tuple[str, str]] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with the object

    def take(self, topic: str, record: ConsumerRecord) -> None:
        """Take in a record of one of the topics; those of other batches are passed over."""
        if topic == BATCH_PROGRESS:
            if record.key == self._batch_id.encode() and orjson.loads(record.value)["kind"] == "transitions":
                self._count(decode(BatchTransitions, record.value))
        elif topic == RAW_DEAD_LETTERS:
            self._refuse(record)
        elif record.value is not None:
            value = orjson.loads(record.value)
            if value["batch_id"] == self._batch_id and value["line_no"] is not None:
                self._places[value["line_no"]] = self._store(value["result"])

    def unchanged(self) -> dict[bytes, list[int]]:
        """The lines that brought nothing new, by the key of the code that they have."""
        found: dict[bytes, list[int]] = {}
        for line, (_, counted) in self._counted.items():
            if counted.outcome is Outcome.UNCHANGED and counted.code is not None:
                found.setdefault(counted.code.encode(), []).append(line)
        return found

    def look_up(self, value: bytes | None, lines: Sequence[int]) -> None:
        """Take in the digitised address of lines that brought nothing new, None where its code is retired."""
        if value is None:
            for line in lines:
                self._places.pop(line, None)
            return
        place = self._store(orjson.loads(value)["result"])
        self._places.update(dict.fromkeys(lines, place))

    def answer(self, record: Record, columns: Mapping[str, str]) -> Answer:
        """What became of a row; `columns` has the column of each of its fields."""
        counted = self._counted[record.line_no][1] if record.line_no in self._counted else None
        if counted is not None and counted.outcome is Outcome.DEAD_LETTER:
            code, detail = self._refused.get(record.line_no) or (counted.reason or "", "see the dead letters")
            return Answer(record, None, refused(code, detail, columns), counted)
        return Answer(record, self._result(record.line_no), None, counted)

    def _count(self, event: BatchTransitions) -> None:
        for step in event.transitions:
            known = self._counted.get(step.line_no)
            # A later version was caused later; of one version, the stage announces its steps in their order.
            if known is None or step.version >= known[0]:
                self._counted[step.line_no] = (step.version, Counted(step.outcome, step.code, step.reason))

    def _refuse(self, record: ConsumerRecord) -> None:
        row = batch_row(record.headers)
        if row is not None and row[0] == self._batch_id:
            code, detail = (header(record.headers, name) or b"" for name in _WHY)
            self._refused[row[1]] = (code.decode(errors="replace"), detail.decode(errors="replace"))

    def _store(self, result: dict[str, Any]) -> tuple[int, int]:
        data = orjson.dumps(result)
        place = (self._spool.seek(0, 2), len(data))
        self._spool.write(data)
        return place

    def _result(self, line: int) -> AddressResult | None:
        place = self._places.get(line)
        if place is None:
            return None
        self._spool.seek(place[0])
        return decode(AddressResult, self._spool.read(place[1]))


_WHY = (DeadLetterHeader.ERROR_CODE.value, DeadLetterHeader.ERROR_DETAIL.value)


class _Reader:
    """Reads parts of topics, committed records only; use it as an asynchronous context manager."""

    def __init__(self, settings: Settings) -> None:
        self._prefix = settings.topic_prefix
        self._connection = connection_of(settings)
        self._consumer: AIOKafkaConsumer

    async def __aenter__(self) -> _Reader:
        self._consumer = AIOKafkaConsumer(
            *(self._prefix + topic for topic in _TOPICS),
            **self._connection.client_arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=100,
        )
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """The offset after the last record of each partition, with those of transactions that are still open."""
        numbers = {topic: self._consumer.partitions_for_topic(self._prefix + topic) or () for topic in topics}
        partitions = [TopicPartition(self._prefix + topic, number) for topic in topics for number in numbers[topic]]
        # Only a reader of uncommitted records is told the very end.
        side = AIOKafkaConsumer(**self._connection.client_arguments())
        await side.start()
        try:
            ends: dict[TopicPartition, int] = await side.end_offsets(partitions)
            return ends
        finally:
            await side.stop()

    async def read(self, starts: Marks, ends: Marks) -> AsyncIterator[tuple[str, ConsumerRecord]]:
        """Topic (without prefix) and record of all that was committed from `starts` up to `ends`."""
        self._consumer.unsubscribe()
        self._consumer.assign(list(starts))
        for tp, start in starts.items():
            self._consumer.seek(tp, start)
        deadline = time.monotonic() + _OPEN_TRANSACTION_SECONDS
        while await self._short_of(ends):
            fetched = await self._consumer.getmany(timeout_ms=200, max_records=5000)
            for tp, records in fetched.items():
                deadline = time.monotonic() + _OPEN_TRANSACTION_SECONDS
                for record in records:
                    if record.offset < ends[tp]:
                        yield tp.topic.removeprefix(self._prefix), record
            if time.monotonic() > deadline:
                return

    async def _short_of(self, ends: Marks) -> bool:
        positions = await asyncio.gather(*(self._consumer.position(tp) for tp in ends))
        return any(position < end for position, end in zip(positions, ends.values(), strict=True))
