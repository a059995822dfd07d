"""Has remembered records run again with another gazetteer, through the raw topic, and follows what becomes of them.

What is to be done, and what is done, stands in the normaliser's changelog: each record there names the gazetteer that
it was run with. So a run that was interrupted goes on where it was, a record that was asked for twice is run once, and
a request needs no answer of its own. What the registrar has taken up stands in the offsets of its group.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from schemas.codec import decode, encode
from schemas.outcome import Outcome
from schemas.raw import Reprocess
from services.stream.access import GROUPS
from services.stream.connection import connection_of
from services.stream.envelope import event_headers, event_id, rfc3339
from services.stream.outputs import Output
from services.stream.settings import Settings
from services.stream.topic_ids import topic_id
from services.stream.topics import MATCHED, NORMALISER_STATE, RAW
from services.stream.transaction import Partitioner, send_outputs
from services.stream.unreachable import reached
from services.stream.uptake import until_taken_up

MOST_IN_FLIGHT = 20_000
_CHUNK = 2000
_SOURCE = "/diachi/reprocess"
_SCHEMA = "address.reprocess.v1"
_FETCH_BYTES = 8 * 1024 * 1024
_POLL_MS = 250
# The first requests tell whether the normalisers have the right gazetteer: few, so that few are refused if not.
_FIRST = 12


class ReprocessStalledError(RuntimeError):
    """Nothing became of the requests for too long. Says what is missing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a changelog record says of its record; `result_hash` is None where an earlier release kept no text."""

    version: int
    outcome: Outcome
    gazetteer_version: str | None
    result_hash: str | None = None


@dataclass(slots=True)
class RunProgress:
    """How far a run has come.

    `unregistered` is how much the registrar has to take up yet, at the most; None before that is known. `remembered`
    records are known to the normaliser, `before` of them had been run with the gazetteer before,
    `forgotten` cannot be, `wanted` were to be run, `asked` were asked for. `outcomes` says what became of those:
    changed, unchanged, to_review, still_in_review, settled, withdrawn.
    """

    remembered: int = 0
    before: int = 0
    forgotten: int = 0
    wanted: int = 0
    asked: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    unregistered: int | None = None

    @property
    def done(self) -> int:
        """How many of the wanted ones have been run."""
        return self.outcomes.total()

    @property
    def complete(self) -> bool:
        """Whether all have been run that can be, and the registrar has taken up what came of it."""
        return self.done == self.wanted and self.unregistered == 0


class Reprocessing:
    """One run. Making it raises SettingError; see `run` for the rest.

    `gazetteer_version` is that of the normalisers; with `again`, records that were run with it already are run again.
    `stall` is how many seconds nothing may move before it gives up.
    """

    def __init__(
        self,
        settings: Settings,
        gazetteer_version: str,
        *,
        again: bool = False,
        stall: float = 120.0,
        most_in_flight: int = MOST_IN_FLIGHT,
    ) -> None:
        self._connection = connection_of(settings)
        self._prefix = settings.topic_prefix
        self._gazetteer = gazetteer_version
        self._again = again
        self._stall_seconds = stall
        self._most_in_flight = most_in_flight
        self._run_id = str(uuid4())
        self._partitioner = Partitioner()
        self._state_topic = settings.topic_prefix + NORMALISER_STATE
        self.progress = RunProgress()
        # What is not done: how it stood before, and its partition, by key.
        self._todo: dict[bytes, tuple[int, Standing]] = {}
        self._in_flight: set[bytes] = set()
        self._moved_at = 0.0

    async def run(self, *, ask: bool = True) -> AsyncIterator[RunProgress]:
        """Ask for all that is to be run, and follow it until it is registered; without `ask` only count it.

        Also waits for the registrar where nothing is left to be asked for: a run before this one may have been
        interrupted. Yields whenever something moved, at least once. Raises ReprocessStalledError, NotTakenUpError,
        TopicMissingError, KafkaError.
        """
        for topic in (RAW, NORMALISER_STATE, MATCHED):
            await topic_id(self._connection, self._prefix + topic)
        consumer = self._consumer()
        await reached(self._connection, consumer.start())
        producer = AIOKafkaProducer(
            **self._connection.client_arguments(), enable_idempotence=True, acks="all", max_batch_size=256 * 1024
        )
        try:
            await self._read_standings(consumer)
            yield self.progress
            if ask and self._todo:
                await producer.start()
                async for progress in self._ask(consumer, producer):
                    yield progress
        finally:
            await producer.stop()
            await consumer.stop()
        if ask:
            matched, group = self._prefix + MATCHED, self._prefix + GROUPS["registrar"]
            async for left in until_taken_up(self._connection, matched, group, self._stall_seconds):
                self.progress.unregistered = left
                yield self.progress

    def _consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            self._state_topic,
            **self._connection.client_arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=100,
        )

    async def _read_standings(self, consumer: AIOKafkaConsumer) -> None:
        """Read the changelog up to its end, and stay there."""
        numbers = consumer.partitions_for_topic(self._state_topic) or ()
        partitions = [TopicPartition(self._state_topic, number) for number in sorted(numbers)]
        consumer.unsubscribe()
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        standings: dict[bytes, tuple[int, Standing]] = {}
        # The last offsets may hold only transaction markers, so the position decides, not the last record seen.
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for fetched in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=10_000)).values():
                for record in fetched:
                    standing = _standing(record.value)
                    if standing is None:
                        standings.pop(record.key, None)
                    else:
                        standings[record.key] = (record.partition, standing)
        self._sort(standings)

    def _sort(self, standings: dict[bytes, tuple[int, Standing]]) -> None:
        progress = self.progress
        progress.remembered = len(standings)
        for key, (partition, standing) in standings.items():
            if standing.gazetteer_version == self._gazetteer and not self._again:
                progress.before += 1
            elif standing.result_hash is None:
                progress.forgotten += 1
            else:
                self._todo[key] = (partition, standing)
        progress.wanted = len(self._todo)

    async def _ask(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> AsyncIterator[RunProgress]:
        waiting, room = _by_turns(self._todo), _FIRST
        self._moved_at = time.monotonic()
        while self._todo:
            chunk = list(islice(waiting, max(0, min(room - len(self._in_flight), _CHUNK))))
            # What was run meanwhile without being asked for, as a correction is, needs no request.
            await self._send(producer, [key for key in chunk if key in self._todo])
            moved = self._take(await consumer.getmany(timeout_ms=0 if len(chunk) == _CHUNK else _POLL_MS))
            if moved:
                room = self._most_in_flight
            if chunk or moved:
                self._moved_at = time.monotonic()
                yield self.progress
            elif time.monotonic() - self._moved_at > self._stall_seconds:
                raise ReprocessStalledError(
                    f"{self.progress.done:,} of {self.progress.wanted:,} records were run again, and for "
                    f"{self._stall_seconds:.0f} s none was"
                )

    async def _send(self, producer: AIOKafkaProducer, keys: list[bytes]) -> None:
        if not keys:
            return
        time_ms = int(time.time() * 1000)
        now = rfc3339(time_ms)
        outputs = []
        for number, key in enumerate(keys, start=self.progress.asked):
            source, _, record_id = key.decode().partition(":")
            request = Reprocess(source, record_id, now.decode(), self._gazetteer, self._again)
            headers = event_headers(
                RAW,
                _SOURCE,
                event=event_id(self._run_id, 0, number, RAW, 0),
                subject=key,
                time=now,
                trace=None,
                data_schema=_SCHEMA,
            )
            # The state of a record stands in the partition of its raw records.
            outputs.append(Output(RAW, key, encode(request), headers, time_ms, self._todo[key][0]))
        await asyncio.gather(*await send_outputs(producer, outputs, self._prefix, self._partitioner))
        self._in_flight.update(keys)
        self.progress.asked += len(keys)

    def _take(self, fetched: dict[TopicPartition, list[ConsumerRecord]]) -> bool:
        """Note what the changelog says since; True if a record was done."""
        before = self.progress.done
        for record in chain.from_iterable(fetched.values()):
            if record.key not in self._todo:
                continue
            now = _standing(record.value)
            if now is None or now.gazetteer_version == self._gazetteer:
                _, was = self._todo.pop(record.key)
                self._in_flight.discard(record.key)
                self.progress.outcomes[_what_became(was, now)] += 1
        return self.progress.done > before


def _standing(value: bytes | None) -> Standing | None:
    """What a changelog record says of its record; None if that was withdrawn."""
    standing = None if value is None else decode(Standing, value)
    return None if standing is None or standing.outcome is Outcome.WITHDRAWN else standing


def _what_became(was: Standing, now: Standing | None) -> str:
    if now is None:
        return "withdrawn"
    if now.outcome is Outcome.REVIEW:
        return "still_in_review" if was.outcome is Outcome.REVIEW else "to_review"
    if was.outcome is Outcome.REVIEW:
        return "settled"
    return "unchanged" if now.version == was.version else "changed"


def _by_turns(todo: dict[bytes, tuple[int, Standing]]) -> Iterator[bytes]:
    """The keys, from each partition in turn, so that all normalisers have work."""
    by_partition: dict[int, list[bytes]] = {}
    for key, (partition, _) in todo.items():
        by_partition.setdefault(partition, []).append(key)
    rounds = zip_longest(*by_partition.values())
    return (key for one in rounds for key in one if key is not None)
