"""Compaction: a consumer that starts late, on what the cleaner has left, comes to the same as one that saw it all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from services.stream.connection import Connection
from services.stream.settings import read_settings
from services.stream.topic_admin import create_topics
from services.stream.topics import (
    BATCH_PROGRESS,
    BATCH_STATUS,
    DIGITISED,
    MAP_FEATURE,
    NATIONAL,
    NORMALISER_STATE,
    RAW,
    REGISTRAR_STATE,
    REVIEW,
    VILLAGES,
)
from services.stream.village_topic import VillageTopic
from tests.chaos.broker import ProxiedBroker, proxied_broker
from tests.chaos.rows import Row, alone, compose, renewed
from tests.chaos.watch import Watcher, watching
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.tracker_process import Tracker, free_url

ROWS = 400
PARTITIONS = 2
PREFIX = "compacted."
COMMUNE = "02215"
COMPACTED = (
    DIGITISED,
    MAP_FEATURE,
    NATIONAL,
    REVIEW,
    NORMALISER_STATE,
    REGISTRAR_STATE,
    BATCH_STATUS,
    VILLAGES,
)
# A withdrawn record is remembered as such, and a batch is never withdrawn.
WITHOUT_TOMBSTONES = (NORMALISER_STATE, BATCH_STATUS)
# Small segments, cleaned as soon as there is anything to clean. Tombstones stay for their seven days.
EAGER = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01", "min.compaction.lag.ms": "0"}

Latest = dict[tuple[int, bytes], bytes | None]


def latest(records: list[ConsumerRecord]) -> Latest:
    """The last value of each key, as a consumer comes to know it that reads from the first of `records`."""
    return {(record.partition, record.key): record.value for record in records}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedBroker]:
    with proxied_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def read_all(servers: str) -> dict[str, list[ConsumerRecord]]:
    async def read() -> dict[str, list[ConsumerRecord]]:
        return {topic: await read_committed(servers, PREFIX + topic) for topic in COMPACTED}

    return asyncio.run(read())


def write(servers: str, watcher: Watcher, rows: list[Row], accounted: int) -> None:
    asyncio.run(produce(servers, PREFIX + RAW, rows))
    wait_for(lambda: watcher.accounted >= accounted, f"{accounted} rows")


def confirm(servers: str, *villages: tuple[str, float]) -> None:
    """Publish a list of the villages of one commune, by name and latitude; those of the list before are withdrawn."""
    settings = read_settings(kafka_bootstrap_servers=servers, topic_prefix=PREFIX)
    listed = [Village(name, "thôn", None, COMMUNE, "list", lat, 105.2) for name, lat in villages]
    topic = VillageTopic(settings, Gazetteer.load().edition)
    asyncio.run(topic.publish(listed, lambda village: village.commune_code, withdraw_missing=True))


def test_a_consumer_that_starts_late_sees_the_same_last_values(broker: ProxiedBroker, tmp_path: Path) -> None:
    servers = broker.direct
    asyncio.run(
        create_topics(Connection(servers), PREFIX, partitions=PARTITIONS, replication_factor=1, overrides=EAGER)
    )
    gazetteer, draw = Gazetteer.load(), random.Random(1)
    rows = compose(gazetteer, ROWS, "b")
    news = [renewed(gazetteer, row, "b", ROWS + nth, draw) for nth, row in enumerate(alone(rows), start=1)]
    seen: dict[str, dict[tuple[int, int], ConsumerRecord]] = {topic: {} for topic in COMPACTED}

    def look() -> dict[str, list[ConsumerRecord]]:
        """Read all topics from their start; what was read before is kept: that is the early consumer."""
        found = read_all(servers)
        for topic, records in found.items():
            seen[topic].update({(record.partition, record.offset): record for record in records})
        return found

    tracker = Tracker(free_url(), tmp_path / "tracker.log")
    with (
        ExitStack() as stack,
        Pipeline(servers, PREFIX, tmp_path) as pipeline,
        watching(servers, PREFIX + BATCH_PROGRESS, "b", PARTITIONS) as watcher,
    ):
        pipeline.start("normaliser")
        pipeline.start("registrar")
        tracker.start({"KAFKA_BOOTSTRAP_SERVERS": servers, "DIACHI_TOPIC_PREFIX": PREFIX})
        stack.callback(tracker.kill)
        tracker.ready()
        confirm(servers, ("Hư Cấu", 22.1), ("Tưởng Tượng", 22.2))
        write(servers, watcher, rows, ROWS)
        look()
        confirm(servers, ("Hư Cấu", 22.3))
        write(servers, watcher, news, ROWS + len(news))
        look()
        # The segment that is written to is never cleaned: something must come after.
        last = compose(gazetteer, ROWS, "b", first_line=ROWS + len(news) + 1)

        def cleaned() -> bool:
            left = look()
            return all(len(left[topic]) < len(seen[topic]) for topic in COMPACTED)

        confirm(servers, ("Hư Cấu", 22.4))
        write(servers, watcher, last, ROWS + len(news) + len(last))
        wait_for(cleaned, "the cleaner", 120)
        late = look()
    for topic in COMPACTED:
        early = latest([record for _, record in sorted(seen[topic].items())])
        assert latest(late[topic]) == early, topic
        tombstones = topic not in WITHOUT_TOMBSTONES
        assert (None in early.values()) is tombstones, f"tombstones on {topic}: {not tombstones}"
