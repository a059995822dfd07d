"""What Faust's exactly-once lacks, mended in one place. Measured with faust-streaming 0.15.3, aiokafka 0.14, Kafka 4.1;
the figures stand in docs/decisions/0005-faust-for-the-tracker.md.

- A table assignment queues its changelog record and returns; a commit that comes first loses it when the process is
  killed. `TransactionalSender` puts each record into the partition's transaction before the input is acknowledged.
- A record for a topic that is not subscribed leaves outside the transaction; `TransactionalSender` keeps it inside.
- Offsets of transaction markers and aborted records look like unprocessed ones: a commit then moves on by one record,
  or not at all. `InOrderConsumer` commits up to the last acknowledged record.
- Recovery waits for the offset before the end of the changelog, which is a commit marker that is never delivered, and
  gives up waiting after ten seconds. `ExactTables` waits for the last committed record instead.
- At the end of recovery the flow is resumed a second time, which empties queues that hold fetched events already.
  `SteadyFlow` empties them only when the flow was suspended.
- An exception in an agent acknowledges the event in hand, stopping after a crash commits what was acknowledged, and a
  rebalance keeps table values of aborted transactions. `CrashOnlyApp` ends the process at once, as a kill would:
  the next start aborts the open transaction and reads the table from its changelog.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

import faust
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.auth import Credentials
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP
from faust.types.transports import TransportT
from faust.web.drivers.aiohttp import Web
from mode.utils.queues import FlowControlEvent

from services.stream.connection import Connection
from services.stream.envelope import Headers
from services.stream.failures import where

log = structlog.get_logger()

EXIT_GAVE_UP = 70
_TAIL_RECORDS = 64
# So long a tracker may be without partitions while another one gives them up.
_IDLE_SECONDS = 30.0


class SteadyFlow(FlowControlEvent):
    """Flow control that empties no queue when it is resumed while it flows."""

    def resume(self) -> None:
        if not self.is_active():
            super().resume()


class InOrderConsumer(Consumer):
    """A consumer for agents that acknowledge the records of a partition in order."""

    def _new_offset(self, tp: TP) -> int | None:
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        last = max(acknowledged)
        acknowledged.clear()
        self._acked_index[tp].clear()
        return last + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Gaps are of no interest to `_new_offset`."""


class OwnPages(Web):
    """A web server that answers the pages of the app, and none of Faust's own, whatever the environment says."""

    default_blueprints = production_blueprints = debug_blueprints = optional_blueprints = ()


class CrashOnlyApp(faust.App):
    """A Faust app that ends its process when a service of it crashes or its partitions are taken away."""

    def __init__(self, *args: Any, connection: Connection, **options: Any) -> None:
        super().__init__(*args, broker=_addresses(connection), broker_credentials=_credentials(connection), **options)
        self.connection = connection
        self.flow_control = SteadyFlow()
        self._idle: asyncio.TimerHandle | None = None

    def _new_web(self) -> Web:
        return OwnPages(self)

    def _new_transport(self) -> TransportT:
        transport = super()._new_transport()
        transport.Consumer = InOrderConsumer  # type: ignore[misc]
        return transport

    def give_up(self, why: Mapping[str, str]) -> None:
        """End the process without committing; exit status 70. `why` is logged, and holds nothing of a record."""
        log.critical("tracker gives up; start it again", **why)
        shutil.rmtree(self.conf.datadir, ignore_errors=True)
        os._exit(EXIT_GAVE_UP)

    def _crash(self, reason: BaseException) -> None:
        if self.should_stop:
            super()._crash(reason)
        else:
            self.give_up(where(reason))

    async def _on_partitions_revoked(self, revoked: set[Any]) -> None:
        if revoked and not self.should_stop:
            self.give_up({"error": "partitions were taken away: run one tracker only"})
        await super()._on_partitions_revoked(revoked)

    async def _on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        # A client that meets a broker right after its start may know of no topics, and would never ask again.
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if not assigned and not self.should_stop:
            why = {"error": "no partitions were assigned: does another tracker run, or did the broker just start?"}
            self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self.give_up, why)
        await super()._on_partitions_assigned(assigned, generation_id)


def _addresses(connection: Connection) -> list[str]:
    return [f"kafka://{server}" for server in connection.bootstrap_servers.split(",")]


def _credentials(connection: Connection) -> Credentials | None:
    """Faust's form of a connection: all of its clients, the transactional producers too, take it from there."""
    if connection.sasl:
        return faust.SASLCredentials(
            username=connection.username,
            password=connection.password.reveal(),
            ssl_context=connection.context,
            mechanism=connection.mechanism,
        )
    return faust.SSLCredentials(connection.context) if connection.tls else None


class TransactionalSender:
    """Sends into the transaction in which Faust commits the offset of an input partition."""

    def __init__(self, app: faust.App, input_topic: str) -> None:
        self._app = app
        self._input_topic = input_topic

    async def send(
        self, partition: int, topic: str, key: bytes, value: bytes, headers: Headers, timestamp_ms: int
    ) -> asyncio.Future[Any]:
        """Hand one record to the producer of input `partition`, for the same partition of `topic`.

        The future is done when the broker has the record. A commit carries all records handed over before it. Raises
        ProducerSendError when there is no such transaction, or it was fenced.
        """
        group = self._app.assignor.group_for_topic(self._input_topic)
        future = await self._app.producer.send(
            topic,
            key,
            value,
            partition,
            timestamp_ms / 1000,
            cast("list[tuple[str, bytes]]", headers),  # those it makes all have values
            transactional_id=f"{self._app.conf.id}-{group}-{partition}",
        )
        return cast("asyncio.Future[Any]", future)


class ExactRecovery(Recovery):
    """Recovery up to the last committed changelog record."""

    async def _build_highwaters(self, consumer: Any, tps: set[Any], destination: Counter[Any], title: str) -> None:
        connection = cast("CrashOnlyApp", self.app).connection
        last = await last_committed(connection, [TopicPartition(tp.topic, tp.partition) for tp in tps])
        destination.clear()
        destination.update({tp: last[TopicPartition(tp.topic, tp.partition)] for tp in tps})


class ExactTables(TableManager):
    """Faust's table manager with ExactRecovery."""

    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = ExactRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


async def last_committed(connection: Connection, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    """The offset of the last committed record of each partition, -1 for none."""
    consumer = AIOKafkaConsumer(
        **connection.client_arguments(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
    )
    consumer.assign(list(partitions))
    await consumer.start()
    try:
        begins = await consumer.beginning_offsets(consumer.assignment())
        ends = await consumer.end_offsets(consumer.assignment())
        return {tp: await _last_record(consumer, tp, begins[tp], ends[tp]) for tp in consumer.assignment()}
    finally:
        await consumer.stop()


async def _last_record(consumer: AIOKafkaConsumer, tp: TopicPartition, begin: int, end: int) -> int:
    """Look at the tail of a partition, and at ever more of it while that holds no record."""
    span = _TAIL_RECORDS
    while True:
        start = max(begin, end - span)
        consumer.seek(tp, start)
        last = -1
        while start < end and await consumer.position(tp) < end:
            records = (await consumer.getmany(tp, timeout_ms=200)).get(tp, [])
            last = max([last, *(record.offset for record in records if record.offset < end)])
        if last >= 0 or start == begin:
            return last
        span *= 16
