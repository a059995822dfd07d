"""Compaction: a consumer that starts late, on what the cleaner has left, comes to the same as one that saw it all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka import ConsumerRecord

from gazetteer.gazetteer import Gazetteer
from services.stream.connection import Connection
from services.stream.topic_admin import create_topics
from services.stream.topics import (
    BATCH_PROGRESS,
    DIGITISED,
    MAP_FEATURE,
    NATIONAL,
    NORMALISER_STATE,
    RAW,
    REGISTRAR_STATE,
    REVIEW,
)
from tests.chaos.broker import ProxiedBroker, proxied_broker
from tests.chaos.rows import Row, compose
from tests.chaos.watch import Watcher, watching
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for

ROWS = 400
PARTITIONS = 2
PREFIX = "compacted."
COMPACTED = (DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, NORMALISER_STATE, REGISTRAR_STATE)
# Small segments, cleaned as soon as there is anything to clean. Tombstones stay for their seven days.
EAGER = {"segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01", "min.compaction.lag.ms": "0"}

Latest = dict[tuple[int, bytes], bytes | None]


def latest(records: list[ConsumerRecord]) -> Latest:
    """The last value of each key, as a consumer comes to know it that reads from the first of `records`."""
    return {(record.partition, record.key): record.value for record in records}


def renewed(rows: list[Row], line_no: int, draw: random.Random) -> list[Row]:
    """The same records again on later lines: moved by a kilometre, turned into one to review, or withdrawn."""
    made: list[Row] = []
    for key, value, headers in rows:
        raw = orjson.loads(value) if value and value.endswith(b"}") else {}
        if "address" not in raw or key != f"chaos:{raw.get('source_record_id')}".encode():
            continue
        raw["line_no"] = line_no + len(made)
        what = draw.random()
        if what < 0.5 and "position" in raw:
            raw["position"]["lat"] = round(raw["position"]["lat"] + 0.0009, 6)
        elif what < 0.7:
            raw["address"] = f"kho hàng số {line_no} ở đâu đó"
        renewal = None if what > 0.85 else orjson.dumps(raw)
        made.append((key, renewal, [headers[0], (headers[1][0], str(raw["line_no"]).encode())]))
    return made


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


def test_a_consumer_that_starts_late_sees_the_same_last_values(broker: ProxiedBroker, tmp_path: Path) -> None:
    servers = broker.direct
    asyncio.run(
        create_topics(Connection(servers), PREFIX, partitions=PARTITIONS, replication_factor=1, overrides=EAGER)
    )
    rows = compose(Gazetteer.load(), ROWS, "b")
    again = renewed(rows, ROWS + 1, random.Random(1))
    seen: dict[str, dict[tuple[int, int], ConsumerRecord]] = {topic: {} for topic in COMPACTED}

    def look() -> dict[str, list[ConsumerRecord]]:
        """Read all topics from their start; what was read before is kept: that is the early consumer."""
        found = read_all(servers)
        for topic, records in found.items():
            seen[topic].update({(record.partition, record.offset): record for record in records})
        return found

    with (
        Pipeline(servers, PREFIX, tmp_path) as pipeline,
        watching(servers, PREFIX + BATCH_PROGRESS, "b", PARTITIONS) as watcher,
    ):
        pipeline.start("normaliser")
        pipeline.start("registrar")
        write(servers, watcher, rows, ROWS)
        look()
        write(servers, watcher, again, ROWS + len(again))
        look()
        # The segment that is written to is never cleaned: something must come after.
        last = compose(Gazetteer.load(), ROWS, "b", first_line=ROWS + len(again) + 1)

        def cleaned() -> bool:
            left = look()
            return all(len(left[topic]) < len(seen[topic]) for topic in COMPACTED)

        write(servers, watcher, last, ROWS + len(again) + len(last))
        wait_for(cleaned, "the cleaner", 120)
        late = look()
    for topic in COMPACTED:
        early = latest([record for _, record in sorted(seen[topic].items())])
        assert latest(late[topic]) == early, topic
        # A withdrawn record is remembered as such.
        tombstones = topic != NORMALISER_STATE
        assert (None in early.values()) is tombstones, f"tombstones on {topic}: {not tombstones}"
