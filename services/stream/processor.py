"""Exactly-once processing of one input partition: restore, then batch by batch one transaction each.

On assignment, in this order: `start` the transactional producer (it fences the previous owner and ends its
transaction), then `run`: restore the state up to the changelog's end, read the committed offset, seek there, process.
The producer is started nowhere else: a worker that starts one after it lost the partition would fence the new owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, IncompatibleBrokerVersion, KafkaError, OutOfOrderSequenceNumber

from schemas.dead_letter import DeadLetterCode
from services.stream.accounting import count_batch
from services.stream.breaker import Breaker
from services.stream.committed import committed_offset
from services.stream.connection import Connection
from services.stream.metrics import Metrics
from services.stream.news import News
from services.stream.outputs import InputRecord, Outputs, changelog
from services.stream.refusals import REFUSALS, Refusals
from services.stream.restore import restore
from services.stream.settings import Settings
from services.stream.state import MemoryStore, StateStore
from services.stream.transaction import Packer, Partitioner
from services.stream.unreadable import DETAIL, UnreadableRecord

log = structlog.get_logger()

_PRODUCER_BATCH_BYTES = 512 * 1024
_MAX_REQUEST_BYTES = 8 * 1024 * 1024
_RETRY_SECONDS = 0.5
# A batch of slow records that takes longer makes the next one smaller.
_BATCH_SECONDS = 2.0
# After a transaction of so many records the next one gathers, looking again after so many seconds. Until it has its
# turn to gather, a partition holds no more than so many.
_MANY = 16
_GATHER_STEP = 0.1
# After so many looks that brought nothing, the stream has come to its end for now.
_VAIN_LOOKS = 3


class Stage(Protocol):
    """A service's own work: a batch of records in, outputs and state changes out. It knows no Kafka client."""

    name: str
    input_topic: str
    state_topic: str
    dead_letter_topic: str

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        """Handle a batch in order; returns how many records failed unexpectedly (they are in the dead letters)."""

    def set_aside(self, record: InputRecord, detail: str, out: Outputs) -> None:
        """Put a record into the dead letters without processing it, its row accounted for."""


class PartitionLostError(Exception):
    """The producer was fenced or failed for good: only a new assignment by the group may take the partition up."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What the partitions of one process share.

    `executor` has one thread: domain code runs there, so that a slow batch does not keep the loop from heartbeats. It
    takes `at_once` records of a batch before what they lead to is packed.
    `gathering` says how many batches may be gathered, or wait for that thread, at a time: each holds some megabytes.
    """

    settings: Settings
    connection: Connection
    stage: Stage
    consumer: AIOKafkaConsumer
    group_id: str
    topic_id: str
    metrics: Metrics
    breaker: Breaker
    partitioner: Partitioner
    refusals: Refusals
    executor: Executor
    gathering: asyncio.Semaphore
    at_once: int
    news: News | None = None


class PartitionProcessor:
    """Owns one input partition from assignment to revocation: its producer, its state, its loop."""

    def __init__(self, worker: Worker, partition: TopicPartition) -> None:
        self._worker = worker
        self._partition = partition
        self._store: StateStore = MemoryStore()
        # A future, not an event: whoever waits for it beside something else needs no task for that.
        self._stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._limit = worker.settings.max_batch_records
        self._committed = 0
        self._last_count = 0
        # The next records on their way, and how many of them have been fetched.
        self._ahead: asyncio.Task[list[InputRecord]] | None = None
        self._fetched = 0
        self._in_hand = 0
        # How many of the worker's turns to gather it has: that of the batch in hand, that of the next.
        self._turns = 0
        # Kafka timestamp (ms) of the oldest record in hand; where none is, the time when lag was first seen.
        self._waiting_since: float | None = None
        self.ready = False
        prefix = worker.settings.topic_prefix
        self._changelog = TopicPartition(prefix + worker.stage.state_topic, partition.partition)
        self._producer = AIOKafkaProducer(
            **worker.connection.client_arguments(),
            transactional_id=f"{prefix}{worker.stage.name}-{worker.stage.input_topic}-{partition.partition}",
            transaction_timeout_ms=worker.settings.transaction_timeout_ms,
            max_batch_size=_PRODUCER_BATCH_BYTES,
            max_request_size=_MAX_REQUEST_BYTES,
        )

    async def start(self) -> None:
        """Start the transactional producer: from here on no other worker can commit for this partition."""
        await self._producer.start()

    async def run(self) -> None:
        """Restore, then process until `stop`.

        Raises PartitionLostError when the producer can no longer be used, TooManyFailuresError from the breaker, and
        whatever the stage raises beside its own handling of bad records.
        """
        await self._restore()
        self.ready = True
        try:
            while not self._stopping.done():
                records = await self._next()
                if records:
                    await self._process(records)
        finally:
            await self._drop_ahead()

    def request_stop(self) -> None:
        """Let `run` return after the transaction in hand."""
        if not self._stopping.done():
            self._stopping.set_result(None)

    async def close(self) -> None:
        """Give the producer up. An open transaction is left for the next owner's producer to abort."""
        metrics, labels = self._worker.metrics, (self._worker.stage.name, str(self._partition.partition))
        for gauge in (metrics.lag_records, metrics.lag_seconds, metrics.state_keys):
            with contextlib.suppress(KeyError):
                gauge.remove(*labels)
        await self._producer.stop()

    async def _restore(self) -> None:
        started = time.monotonic()
        worker = self._worker
        read = await restore(worker.connection, self._changelog, self._store)
        await self._seek_to_committed()
        seconds = time.monotonic() - started
        worker.metrics.restored.labels(worker.stage.name).inc(read)
        worker.metrics.restore_seconds.labels(worker.stage.name).observe(seconds)
        log.info("partition restored", partition=self._partition.partition, records=read, seconds=round(seconds, 3))

    async def _seek_to_committed(self) -> None:
        consumer = self._worker.consumer
        try:
            committed = await self._committed_offset()
            if committed is None and not self._committed:
                await consumer.seek_to_beginning(self._partition)
            else:
                # What this producer committed counts also where the group's coordinator has not heard of it yet.
                self._committed = max(committed or 0, self._committed)
                consumer.seek(self._partition, self._committed)
        except AssertionError as error:  # how aiokafka says that the assignment is gone
            raise PartitionLostError("the assignment is gone") from error

    async def _committed_offset(self) -> int | None:
        worker = self._worker
        try:
            return await committed_offset(worker.connection, worker.group_id, self._partition)
        except IncompatibleBrokerVersion:  # the embedded broker, which has no coordinator to wait for
            offset: int | None = await worker.consumer.committed(self._partition)
            return offset

    async def _next(self) -> list[InputRecord]:
        ahead, self._ahead = self._ahead, None
        records = await (ahead or self._fetch())
        self._fetched = 0
        return records

    def _look_ahead(self) -> None:
        """Fetch the next records while those in hand are processed and committed.

        It is not only the time: while the client holds records for one partition, it fetches for none. Near a record
        that makes trouble it goes step by step, and each step begins where the last one ended.
        """
        if self._stopping.done():
            return
        limit = min(self._limit, self._worker.refusals.limit(self._partition.partition))
        if limit == self._worker.settings.max_batch_records:
            self._ahead = asyncio.ensure_future(self._fetch())

    async def _drop_ahead(self) -> None:
        ahead, self._ahead, self._fetched = self._ahead, None, 0
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
        while self._turns:
            self._end_turn()

    def _end_turn(self) -> None:
        if self._turns:
            self._turns -= 1
            self._worker.gathering.release()

    async def _fetch(self) -> list[InputRecord]:
        """The next records; empty after the fetch wait, or at once when asked to stop.

        While records come in numbers, they are gathered for a moment: the broker's work goes with the transactions and
        the partitions they touch. A record that comes alone is not kept waiting.
        """
        worker = self._worker
        limit = min(self._limit, worker.refusals.limit(self._partition.partition))
        many = self._last_count >= _MANY
        records = await self._poll(min(limit, _MANY) if many else limit, worker.settings.fetch_wait_ms / 1000)
        self._fetched = len(records)
        if many and records:
            end = asyncio.get_running_loop().time() + worker.settings.gather_ms / 1000
            await worker.gathering.acquire()
            self._turns += 1
            await self._gather(records, limit, end)
        return [] if self._stopping.done() else records

    async def _gather(self, records: list[InputRecord], limit: int, end: float) -> None:
        """Add to the first records, up to `limit`, those that are there and come until `end`, a time of the loop."""
        clock, vain = asyncio.get_running_loop().time, 0
        while len(records) < min(limit, self._limit) and not self._stopping.done():
            more = await self._poll(limit - len(records), 0.0)
            if more and isinstance(more[0], UnreadableRecord):
                break  # it stays where it is until it comes first
            records += more
            self._fetched = len(records)
            vain = 0 if more else vain + 1
            # Half a transaction goes at once: to wait for the rest costs more than it saves the broker.
            if vain == _VAIN_LOOKS or 2 * len(records) >= limit:
                break
            if (left := end - clock()) <= 0:
                break
            await asyncio.sleep(min(left, _GATHER_STEP))

    async def _poll(self, limit: int, wait: float) -> list[InputRecord]:
        """At most `limit` records; waits so many seconds for the first."""
        worker = self._worker
        fetch = asyncio.ensure_future(
            worker.consumer.getmany(self._partition, timeout_ms=int(wait * 1000), max_records=limit)
        )
        try:
            await asyncio.wait((fetch, self._stopping), return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.done():
                return []
            records: list[InputRecord] = fetch.result().get(self._partition, [])
            return records
        except UnicodeDecodeError:
            self._limit = 1
            if limit > 1:  # go up to the record step by step
                return []
            offset = await worker.consumer.position(self._partition)
            return [UnreadableRecord(self._partition.partition, offset, int(time.time() * 1000))]
        finally:
            fetch.cancel()

    async def _process(self, records: list[InputRecord]) -> None:
        worker, partition = self._worker, self._partition.partition
        stage = worker.stage
        out = Outputs(stage.name, stage.input_topic, worker.topic_id, stage.dead_letter_topic)
        packer = Packer(self._producer, worker.settings.topic_prefix, worker.partitioner)
        first, last, count = records[0].offset, records[-1], len(records)
        self._in_hand, self._waiting_since = count, records[0].timestamp
        self._last_count = count
        size = sum([len(record.value or b"") for record in records])
        try:
            failures, seconds = await self._domain(records, out, packer)
            processed = time.monotonic()
            # Emptied, whoever still holds the list: during the transaction its memory serves the next batch.
            records.clear()
            self._end_turn()
            worker.breaker.record(count, failures)
            await self._transact(last, out, packer)
        except KafkaError as error:
            self._store.discard()
            if isinstance(error, REFUSALS):
                worker.refusals.refused(partition, first, count)
            await self._abort(error)
            return
        except BaseException:
            self._store.discard()
            raise
        self._store.commit()
        self._committed = last.offset + 1
        if isinstance(last, UnreadableRecord):
            worker.consumer.seek(self._partition, self._committed)
        self._in_hand, self._waiting_since = 0, None
        worker.refusals.committed(partition)
        self._adapt(seconds)
        count_batch(worker.metrics, count, size, out, failures, seconds, time.monotonic() - processed)

    async def _domain(self, records: Sequence[InputRecord], out: Outputs, packer: Packer) -> tuple[int, float]:
        """Let the stage work on a batch, except on a record that cannot be had or whose outputs the broker refuses.

        Returns the unexpected failures and the seconds of work, without the wait for the worker's one thread.
        """
        worker, loop = self._worker, asyncio.get_running_loop()
        if isinstance(records[0], UnreadableRecord):
            out.dead_letter(records[0], DeadLetterCode.UNREADABLE_HEADER, DETAIL)
            return 0, 0.0
        if worker.refusals.is_poison(self._partition.partition, records[0].offset):
            detail = "the broker refuses what this record leads to: replay it once the topics' limits are mended"
            worker.stage.set_aside(records[0], detail, out)
            return 1, 0.0

        def work() -> tuple[int, float]:
            # Not while the batch waits for its turn: with many partitions the client would hold twice as much.
            loop.call_soon_threadsafe(self._look_ahead)
            if worker.news is not None:
                worker.news.apply()
            started, failures = time.monotonic(), 0
            for first in range(0, len(records), worker.at_once):
                failures += worker.stage.process(records[first : first + worker.at_once], self._store, out)
                packer.add(out.take())
            return failures, time.monotonic() - started

        return await loop.run_in_executor(worker.executor, work)

    def _adapt(self, seconds: float) -> None:
        """Keep a batch of slow records within its time budget."""
        most = self._worker.settings.max_batch_records
        if seconds > _BATCH_SECONDS:
            self._limit = max(1, self._limit // 2)
        elif 2 * seconds <= _BATCH_SECONDS:  # one of twice the size would be within it too
            self._limit = min(most, self._limit * 2)

    async def _transact(self, last: InputRecord, out: Outputs, packer: Packer) -> None:
        """Outputs, changelog, progress and the offset of the last record, committed together or not at all."""
        out.announce_transitions(last)
        packer.add(out.take())
        producer, worker = self._producer, self._worker
        changes = self._store.changes()
        packer.add(changelog(worker.stage.state_topic, self._partition.partition, last.timestamp, changes))
        try:
            await producer.begin_transaction()
            futures = await packer.send()
            # One after the other: the broker verifies both with the transaction's coordinator, and of two requests of
            # one producer at a time it refuses one, which the client repeats after a tenth of a second.
            await asyncio.gather(*futures)
            await producer.send_offsets_to_transaction({self._partition: last.offset + 1}, worker.group_id)
            await producer.commit_transaction()
        except (AssertionError, IllegalOperation) as error:  # how aiokafka refuses to go on after a fatal error
            raise PartitionLostError("the producer failed for good") from error

    async def _abort(self, error: KafkaError) -> None:
        """Abort and go back to the committed offset, or give the partition up if the producer cannot even abort."""
        worker = self._worker
        worker.metrics.aborted.labels(worker.stage.name).inc()
        await self._drop_ahead()
        log.warning("transaction aborted", partition=self._partition.partition, error=type(error).__name__)
        try:
            await self._producer.abort_transaction()
        except (KafkaError, AssertionError) as failed:  # aiokafka asserts its state machine: a fenced one cannot abort
            raise PartitionLostError(f"{type(error).__name__}, then {type(failed).__name__}") from error
        if isinstance(error, (*REFUSALS, OutOfOrderSequenceNumber)):
            # aiokafka has counted the refused batch, and would be out of step with the broker for ever.
            raise PartitionLostError(f"the producer is out of step after {type(error).__name__}") from error
        await asyncio.sleep(_RETRY_SECONDS)
        await self._seek_to_committed()

    async def measure(self) -> None:
        """Set the gauges of this partition; called when metrics are read, so that a stuck partition shows."""
        metrics, labels = self._worker.metrics, (self._worker.stage.name, str(self._partition.partition))
        metrics.state_keys.labels(*labels).set(len(self._store))
        if not self.ready:
            return
        # The consumer's position, unlike the last record's offset, also passes the markers of transactions.
        end = self._worker.consumer.last_stable_offset(self._partition) or 0
        lag = self._in_hand + self._fetched + max(0, end - await self._worker.consumer.position(self._partition))
        if lag and self._waiting_since is None:
            self._waiting_since = time.time() * 1000
        waiting = time.time() - self._waiting_since / 1000 if lag and self._waiting_since is not None else 0.0
        metrics.lag_records.labels(*labels).set(lag)
        metrics.lag_seconds.labels(*labels).set(max(0.0, waiting))
