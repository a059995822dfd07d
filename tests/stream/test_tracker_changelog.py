"""The tracker's changelog is there, under the name that Faust gives it, before Faust starts."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from services.stream.access import TRACKER_CHANGELOG
from services.stream.connection import connection_of
from services.stream.metrics import Metrics
from services.stream.settings import read_settings
from services.stream.topic_admin import create_topics
from services.tracker.app import create_app, ensure_changelog, inspect_progress


async def _partitions(servers: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
    finally:
        await admin.close()


def test_the_changelog_is_made_as_faust_names_it(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    settings = read_settings(kafka_bootstrap_servers=kafka)

    async def prepare() -> tuple[str, dict[str, int]]:
        await create_topics(connection_of(settings), topic_prefix, partitions=3, replication_factor=1)
        progress = await inspect_progress(settings)
        await ensure_changelog(settings, progress)
        await ensure_changelog(settings, progress)
        app = create_app(settings, progress, Metrics("tracker"), tmp_path)
        (name,) = (str(table.changelog_topic_name) for table in app.tables.values())
        return name, await _partitions(kafka)

    name, partitions = asyncio.run(prepare())
    assert name == topic_prefix + TRACKER_CHANGELOG
    assert partitions[name] == 3
