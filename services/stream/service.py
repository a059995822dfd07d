"""A member of a consumer group that runs one stage over the partitions the group assigns to it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.stream.breaker import Breaker
from services.stream.closing import close_consumer
from services.stream.connection import connection_of
from services.stream.metrics import Metrics
from services.stream.news import Learner, News
from services.stream.processor import PartitionLostError, PartitionProcessor, Stage, Worker
from services.stream.refusals import Refusals
from services.stream.settings import Settings
from services.stream.topic_ids import topic_id
from services.stream.transaction import Partitioner

log = structlog.get_logger()

# A revoked partition may finish its transaction, but the rest of the group waits for us, for so long at the most.
_STOP_SECONDS = 10.0
_REBALANCE_TIMEOUT_MS = 60_000
_START_SECONDS = 30.0
_REJOIN_SECONDS = 1.0
_MEASURE_SECONDS = 1.0
# Of whole batches one is in the domain code, the others are on their way there.
_GATHERING = 6
# A standby without partitions never polls, and must stay in the group all the same.
_MAX_POLL_INTERVAL_MS = 2**31 - 1
# Without an assignment for so long, the client's coordination has died in a way that only a restart mends.
_GROUP_LOST_SECONDS = 120.0
_WATCH_SECONDS = 5.0


class GroupLostError(RuntimeError):
    """The consumer group gave no assignment for minutes."""


class StreamService(ConsumerRebalanceListener):  # type: ignore[misc]
    """Joins the group, keeps one PartitionProcessor per assigned partition, rejoins when one is lost."""

    def __init__(
        self,
        settings: Settings,
        stage: Stage,
        metrics: Metrics,
        learner: Learner | None = None,
        at_once: int | None = None,
    ) -> None:
        """`learner` takes up news that concerns every worker of the stage.

        Of a batch the stage is given `at_once` records at a time, None for all.
        """
        self._settings = settings
        self._at_once = at_once or settings.max_batch_records
        self._connection = connection_of(settings)
        self._stage = stage
        self._metrics = metrics
        self._group_id = f"{settings.topic_prefix}{stage.name}"
        self._topic = settings.topic_prefix + stage.input_topic
        self._news = None if learner is None else News(self._connection, settings.topic_prefix, learner)
        self._running: dict[PartitionProcessor, asyncio.Task[None]] = {}
        self._rejoin = asyncio.Event()
        self._failure: BaseException | None = None
        self._wake = asyncio.Event()
        self._joined = False
        self._apart_since = time.monotonic()
        self._closing = False
        self._worker: Worker | None = None

    @property
    def alive(self) -> bool:
        """False once the service failed for good and is about to stop."""
        return self._failure is None

    @property
    def ready(self) -> bool:
        """True when the group has assigned partitions (or none) and every one of them is processing."""
        lost = self._rejoin.is_set()
        return self.alive and self._joined and not lost and all(processor.ready for processor in self._running)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set.

        Raises what made a stage fail for good, GroupLostError, and at the start KafkaError, TopicMissingError or
        NewsPartitionsError.
        """
        input_id = await topic_id(self._connection, self._topic)
        consumer = self._new_consumer()
        self._worker = self._new_worker(consumer, input_id)
        consumer.subscribe([self._topic], listener=self)
        stopping = asyncio.ensure_future(stop.wait())
        following: asyncio.Task[None] | None = None
        starting: asyncio.Future[None] | None = None
        try:
            if self._news is not None:
                await self._news.start()
                following = asyncio.create_task(self._news.follow())
                following.add_done_callback(self._watched_ended)
            # It ends with the first assignment, for which a broker that goes just now would let it wait for ever.
            starting = asyncio.ensure_future(consumer.start())
            starting.add_done_callback(self._watched_ended)
            self._apart_since = time.monotonic()
            while not stop.is_set() and self._failure is None:
                waking = asyncio.ensure_future(self._wake.wait())
                await asyncio.wait((stopping, waking), timeout=_WATCH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                self._wake.clear()
                if self._rejoin.is_set() and not stop.is_set():
                    await self._subscribe_anew(consumer)
                self._watch_membership()
        finally:
            stopping.cancel()
            self._closing = True
            if starting is not None:
                starting.cancel()
            await self._stop_all()
            await close_consumer(consumer)
            # An assignment that was under way has ended by now.
            await self._stop_all()
            await self._stop_news(following)
            self._worker.executor.shutdown(wait=False, cancel_futures=True)
        if self._failure is not None:
            raise self._failure

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._connection.client_arguments(),
            group_id=self._group_id,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=self._settings.heartbeat_interval_ms,
            rebalance_timeout_ms=_REBALANCE_TIMEOUT_MS,
            max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
            # A partition that has been read to its end waits for the fetch that is under way for the others.
            fetch_max_wait_ms=50,
            # Of every partition so much is held that is not processed yet; a larger record comes all the same.
            # Of a response the client has up to three copies for a moment (decision 59).
            max_partition_fetch_bytes=1024 * 1024,
            fetch_max_bytes=4 * 1024 * 1024,
        )

    def _new_worker(self, consumer: AIOKafkaConsumer, input_id: str) -> Worker:
        return Worker(
            settings=self._settings,
            connection=self._connection,
            stage=self._stage,
            consumer=consumer,
            group_id=self._group_id,
            topic_id=input_id,
            metrics=self._metrics,
            breaker=Breaker(self._settings.breaker_share, self._settings.breaker_window),
            partitioner=Partitioner(),
            refusals=Refusals(self._settings.max_batch_records),
            executor=ThreadPoolExecutor(1, self._stage.name),
            gathering=asyncio.Semaphore(_GATHERING),
            at_once=self._at_once,
            news=self._news,
        )

    async def _subscribe_anew(self, consumer: AIOKafkaConsumer) -> None:
        """Make the group assign again, which is the only way back to a lost partition."""
        await asyncio.sleep(_REJOIN_SECONDS)
        if not self._rejoin.is_set():  # the group has assigned anew meanwhile
            return
        self._rejoin.clear()
        self._leave()
        # Before the subscription: without an assignment, the consumer fails whoever still asks it for a position.
        await self._stop_all()
        consumer.subscribe([self._topic], listener=self)

    def _watched_ended(self, task: asyncio.Future[None]) -> None:
        """A worker that cannot start fails; so does one that hears no more news, and would go on with what is no longer
        so."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failure = error
            self._wake.set()

    async def _stop_news(self, following: asyncio.Task[None] | None) -> None:
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        if self._news is not None:
            await self._news.stop()

    def _leave(self) -> None:
        if self._joined:
            self._apart_since = time.monotonic()
        self._joined = False

    def _watch_membership(self) -> None:
        apart = 0.0 if self._joined else time.monotonic() - self._apart_since
        if apart > _GROUP_LOST_SECONDS:
            self._failure = GroupLostError(f"no assignment for {apart:.0f} s: is the broker there? Start again")

    async def measure(self) -> None:
        """Bring the gauges up to date, as far as that is known at once: a rebalance must not keep a scrape waiting."""
        if self._news is not None:
            self._metrics.news_offset.labels(self._stage.name).set(self._news.offset)
            for kind, count in self._news.set_aside().items():
                self._metrics.set_aside.labels(self._stage.name, kind).set(count)
        with contextlib.suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(_MEASURE_SECONDS):
                for processor in list(self._running):
                    await processor.measure()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start the producers before anything else, all at once; then restore and process, each in its own task.

        aiokafka awaits this before it heartbeats or rejoins: a worker that stalls in here past its session fences
        the new owner, but then always rejoins, and the group's next assignment starts every producer anew.
        """
        self._rejoin.clear()
        await self._stop_all()
        if self._closing:
            return
        assert self._worker is not None
        processors = [PartitionProcessor(self._worker, partition) for partition in assigned]
        starts = (asyncio.wait_for(processor.start(), _START_SECONDS) for processor in processors)
        for processor, error in zip(processors, await asyncio.gather(*starts, return_exceptions=True), strict=True):
            if isinstance(error, BaseException):
                log.warning("producer did not start", error=type(error).__name__)
                await processor.close()
                self._lose(processor)
                continue
            task = asyncio.create_task(processor.run())
            self._running[processor] = task
            task.add_done_callback(functools.partial(self._ended, processor))
        self._joined = True
        self._metrics.partitions.labels(self._stage.name).set(len(self._running))
        log.info("partitions assigned", partitions=sorted(partition.partition for partition in assigned))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish or drop what is in hand, and with it the state: the next assignment restores it."""
        self._leave()
        await self._stop_all()

    def _ended(self, processor: PartitionProcessor, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if isinstance(error, PartitionLostError | KafkaError):
            if processor in self._running:  # of one that was asked to stop, that is no news
                log.warning("partition lost", error=str(error) or type(error).__name__)
                self._lose(processor)
        else:
            self._failure = error
            self._wake.set()

    def _lose(self, processor: PartitionProcessor) -> None:
        self._metrics.partitions_lost.labels(self._stage.name).inc()
        processor.ready = False
        self._rejoin.set()
        self._wake.set()

    async def _stop_all(self) -> None:
        running, self._running = self._running, {}
        for processor, task in running.items():
            processor.request_stop()
            if not processor.ready:  # nothing in hand yet but the restore
                task.cancel()
        if running:
            _, late = await asyncio.wait(running.values(), timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            closing = (asyncio.wait_for(processor.close(), _STOP_SECONDS) for processor in running)
            await asyncio.gather(*closing, return_exceptions=True)
        self._metrics.partitions.labels(self._stage.name).set(0)
