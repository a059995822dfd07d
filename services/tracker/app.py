"""Builds the Faust app of the tracker from settings and what the broker says of the topics."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer

from services.stream.access import GROUPS, TRACKER_CHANGELOG
from services.stream.connection import connection_of
from services.stream.failures import where
from services.stream.metrics import Metrics
from services.stream.secrets import http_token
from services.stream.settings import Settings
from services.stream.topic_admin import TopicsUnfitError, WantedTopic, ensure_topics
from services.stream.topic_ids import topic_id
from services.stream.topics import BATCH_PROGRESS, BATCH_STATUS
from services.tracker.exactly_once import CrashOnlyApp, ExactTables, TransactionalSender
from services.tracker.progress import ProgressTable
from services.tracker.views import add_views

STAGE = "tracker"
# As TRACKER_CHANGELOG has it.
_TABLE = "batches"
_DRAIN_EVENTS = 500
# Every transaction of a stage brings an event of its own, a dozen a second in a bulk: so long they wait for each other.
_PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class ProgressTopic:
    """What the broker says of `batch.progress.v1`."""

    topic_id: str
    partitions: int


async def inspect_progress(settings: Settings) -> ProgressTopic:
    """Look the input topic up. Raises TopicMissingError for it or the output topic, TopicsUnfitError if they differ."""
    progress, status = settings.topic_prefix + BATCH_PROGRESS, settings.topic_prefix + BATCH_STATUS
    connection = connection_of(settings)
    found = await topic_id(connection, progress)
    await topic_id(connection, status)
    consumer = AIOKafkaConsumer(progress, status, **connection.client_arguments())
    await consumer.start()
    try:
        counts = {name: len(consumer.partitions_for_topic(name) or ()) for name in (progress, status)}
    finally:
        await consumer.stop()
    if counts[progress] != counts[status]:
        raise TopicsUnfitError(
            f"{progress} has {counts[progress]} partitions and {status} has {counts[status]}: they must have the same "
            "number, so that a batch's status is written in the transaction that reads its events"
        )
    return ProgressTopic(found, counts[progress])


async def ensure_changelog(settings: Settings, progress: ProgressTopic) -> None:
    """Make the table's changelog before Faust does: Faust does not wait until a topic that it has made is known, and a
    worker that joins its group meanwhile gets no partition of it, so that it waits some five minutes for its table.

    Raises TopicsUnfitError or KafkaError.
    """
    name = settings.topic_prefix + TRACKER_CHANGELOG
    config = {"cleanup.policy": "compact"}
    changelog = WantedTopic(name, progress.partitions, settings.replication_factor, config)
    await ensure_topics(connection_of(settings), [changelog])


def web_address(settings: Settings) -> tuple[str, int]:
    """Bind address and port: `http_host`, and `http_port` or, where that is 0, the port of `tracker_url`."""
    return settings.http_host, settings.http_port or urlsplit(settings.tracker_url).port or 80


def _app_id(settings: Settings) -> str:
    return settings.topic_prefix + GROUPS[STAGE]


def create_app(settings: Settings, progress: ProgressTopic, metrics: Metrics, folder: Path) -> CrashOnlyApp:
    """The app, ready to be run by a worker; nothing is connected yet. Faust wants a folder for tables in memory too."""
    host, port = web_address(settings)
    app = CrashOnlyApp(
        _app_id(settings),
        connection=connection_of(settings),
        processing_guarantee="exactly_once",
        store="memory://",
        datadir=folder,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        broker_commit_interval=1.0,
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_replication_factor=settings.replication_factor,
        # An event in hand was acknowledged only if all that follows from it is in the transaction: nothing to wait for.
        stream_wait_empty=False,
        web_bind=host,
        web_host=host,
        web_port=port,
        TableManager=ExactTables,
    )
    source = settings.topic_prefix + BATCH_PROGRESS
    events = app.topic(source, key_serializer="raw", value_serializer="raw", key_type=bytes, value_type=bytes)
    table: Any = app.Table(_TABLE, key_type=bytes, value_type=bytes, partitions=progress.partitions)
    tallies = ProgressTable(
        table.data,
        TransactionalSender(app, source),
        metrics,
        topic_id=progress.topic_id,
        changelog=table.changelog_topic_name,
        status_topic=settings.topic_prefix + BATCH_STATUS,
    )

    @app.agent(events, name=STAGE)
    async def track(stream: Any) -> None:
        await drain(app, stream.noack(), tallies)

    add_views(app, table, metrics, http_token(settings))
    return app


async def drain(app: CrashOnlyApp, stream: Any, tallies: ProgressTable) -> None:
    """Process events as they come, those that wait together at once, and acknowledge them when all is sent."""
    waiting: list[Any] = []
    async for event in stream.events():
        waiting.append(event)
        if len(waiting) < _DRAIN_EVENTS and not stream.channel.queue.empty():
            continue
        try:
            await tallies.process(waiting)
        except Exception as error:
            app.give_up(where(error))
        for processed in waiting:
            await stream.ack(processed)
        waiting.clear()
        if stream.channel.queue.empty():
            await asyncio.sleep(_PAUSE_SECONDS)
