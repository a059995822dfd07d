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
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from services.stream.breaker import Breaker
from services.stream.metrics import Metrics
from services.stream.outputs import InputRecord, Output, Outputs
from services.stream.restore import restore
from services.stream.settings import Settings
from services.stream.state import MemoryStore, StateStore
from services.stream.transaction import Partitioner, send_outputs

log = structlog.get_logger()

_PRODUCER_BATCH_BYTES = 512 * 1024
_MAX_REQUEST_BYTES = 8 * 1024 * 1024
_RETRY_SECONDS = 0.5


class Stage(Protocol):
    """A service's own work: a batch of records in, outputs and state changes out. It knows no Kafka client."""

    name: str
    input_topic: str
    state_topic: str
    dead_letter_topic: str

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        """Handle a batch in order; returns how many records failed unexpectedly (they are in the dead letters)."""


class PartitionLostError(Exception):
    """The producer was fenced or failed for good: only a new assignment by the group may take the partition up."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What the partitions of one process share."""

    settings: Settings
    stage: Stage
    consumer: AIOKafkaConsumer
    group_id: str
    topic_id: str
    metrics: Metrics
    breaker: Breaker
    partitioner: Partitioner


class PartitionProcessor:
    """Owns one input partition from assignment to revocation: its producer, its state, its loop."""

    def __init__(self, worker: Worker, partition: TopicPartition) -> None:
        self._worker = worker
        self._partition = partition
        self._store: StateStore = MemoryStore()
        self._stopping = asyncio.Event()
        self._last_timestamp: int | None = None
        self.ready = False
        prefix = worker.settings.topic_prefix
        self._changelog = TopicPartition(prefix + worker.stage.state_topic, partition.partition)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=worker.settings.kafka_bootstrap_servers,
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
        while not self._stopping.is_set():
            records = await self._fetch()
            if records:
                await self._process(records)

    def request_stop(self) -> None:
        """Let `run` return after the transaction in hand."""
        self._stopping.set()

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
        read = await restore(worker.settings.kafka_bootstrap_servers, self._changelog, self._store)
        await self._seek_to_committed()
        seconds = time.monotonic() - started
        worker.metrics.restored.labels(worker.stage.name).inc(read)
        worker.metrics.restore_seconds.labels(worker.stage.name).observe(seconds)
        log.info("partition restored", partition=self._partition.partition, records=read, seconds=round(seconds, 3))

    async def _seek_to_committed(self) -> None:
        consumer = self._worker.consumer
        committed = await consumer.committed(self._partition)
        if committed is None:
            await consumer.seek_to_beginning(self._partition)
        else:
            consumer.seek(self._partition, committed)

    async def _fetch(self) -> list[ConsumerRecord]:
        """The next records; empty after the fetch wait, or at once when asked to stop."""
        settings = self._worker.settings
        fetch = asyncio.ensure_future(
            self._worker.consumer.getmany(
                self._partition, timeout_ms=settings.fetch_wait_ms, max_records=settings.max_batch_records
            )
        )
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((fetch, stop), return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                return []
            records: list[ConsumerRecord] = fetch.result().get(self._partition, [])
            return records
        finally:
            fetch.cancel()
            stop.cancel()

    async def _process(self, records: Sequence[ConsumerRecord]) -> None:
        worker = self._worker
        stage = worker.stage
        out = Outputs(stage.name, stage.input_topic, worker.topic_id, stage.dead_letter_topic)
        started = time.monotonic()
        try:
            failures = stage.process(records, self._store, out)
            processed = time.monotonic()
            worker.breaker.record(len(records), failures)
            await self._transact(records, out)
        except KafkaError as error:
            self._store.discard()
            await self._abort(error)
            return
        except BaseException:
            self._store.discard()
            raise
        self._store.commit()
        self._last_timestamp = records[-1].timestamp
        self._count(records, out, failures, processed - started, time.monotonic() - processed)

    async def _transact(self, records: Sequence[ConsumerRecord], out: Outputs) -> None:
        """Outputs, changelog, progress and the input offset, committed together or not at all."""
        last = records[-1]
        out.announce_transitions(last)
        changes = (
            Output(self._worker.stage.state_topic, key, value, [], last.timestamp, self._partition.partition)
            for key, value in self._store.changes().items()
        )
        producer, worker = self._producer, self._worker
        try:
            await producer.begin_transaction()
            futures = await send_outputs(
                producer, [*out.records, *changes], worker.settings.topic_prefix, worker.partitioner
            )
            await producer.send_offsets_to_transaction({self._partition: last.offset + 1}, worker.group_id)
            await asyncio.gather(*futures)
            await producer.commit_transaction()
        except AssertionError as error:  # how aiokafka refuses to go on after a fatal error
            raise PartitionLostError("the producer failed for good") from error

    async def _abort(self, error: KafkaError) -> None:
        """Abort and go back to the committed offset, or give the partition up if the producer cannot even abort."""
        worker = self._worker
        worker.metrics.aborted.labels(worker.stage.name).inc()
        log.warning("transaction aborted", partition=self._partition.partition, error=type(error).__name__)
        try:
            await self._producer.abort_transaction()
        except (KafkaError, AssertionError) as failed:  # aiokafka asserts its state machine: a fenced one cannot abort
            raise PartitionLostError(f"{type(error).__name__}, then {type(failed).__name__}") from error
        await asyncio.sleep(_RETRY_SECONDS)
        await self._seek_to_committed()

    def _count(
        self, records: Sequence[ConsumerRecord], out: Outputs, failures: int, processing: float, transaction: float
    ) -> None:
        metrics, stage = self._worker.metrics, self._worker.stage.name
        metrics.records.labels(stage).inc(len(records))
        metrics.bytes.labels(stage).inc(sum(len(record.value or b"") for record in records))
        metrics.batch_records.labels(stage).observe(len(records))
        metrics.batch_seconds.labels(stage).observe(processing)
        metrics.transaction_seconds.labels(stage).observe(transaction)
        metrics.unexpected.labels(stage).inc(failures)
        for topic, count in out.counts().items():
            metrics.published.labels(stage, topic).inc(count)
        for fault, count in out.faults.items():
            metrics.faults.labels(stage, fault).inc(count)
        for transitions in out.transitions.values():
            for step in transitions:
                metrics.outcomes.labels(stage, step.outcome.value).inc()
                if step.reason is not None:
                    metrics.reasons.labels(stage, step.reason).inc()

    async def measure(self) -> None:
        """Set the gauges of this partition; called when metrics are read, so that a stuck partition shows."""
        metrics, labels = self._worker.metrics, (self._worker.stage.name, str(self._partition.partition))
        metrics.state_keys.labels(*labels).set(len(self._store))
        if not self.ready:
            return
        # The consumer's position, unlike the last record's offset, also passes the markers of transactions.
        end = self._worker.consumer.last_stable_offset(self._partition) or 0
        lag = max(0, end - await self._worker.consumer.position(self._partition))
        metrics.lag_records.labels(*labels).set(lag)
        age = 0.0 if self._last_timestamp is None else time.time() - self._last_timestamp / 1000
        metrics.lag_seconds.labels(*labels).set(max(0.0, age) if lag else 0.0)
