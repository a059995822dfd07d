"""What the services really publish keeps the contract: every record on every topic, payload, key and headers."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import orjson
from aiokafka.partitioner import DefaultPartitioner

from gazetteer.gazetteer import Gazetteer
from services.stream import topics
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from tests.chaos.audit import account
from tests.chaos.rows import compose
from tests.contract.published import assert_published
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import NAMES, create_service_topics

ROWS = 400
PARTITIONS = 3


def correction(line_no: int, record: str, address: str, point: dict[str, float] | None) -> tuple[bytes, bytes, Headers]:
    raw = {
        "source": "post",
        "source_record_id": record,
        "address": address,
        "position": point,
        "batch_id": "b2",
        "line_no": line_no,
    }
    headers: Headers = [(BATCH_ID, b"b2"), (LINE_NO, str(line_no).encode())]
    return f"post:{record}".encode(), orjson.dumps(raw), headers


def corrections(gazetteer: Gazetteer) -> list[tuple[bytes | None, bytes | None, Headers]]:
    """One record's life: provisional, located, moved, in another commune, doubtful, withdrawn."""
    home, away = gazetteer.communes["02407"], gazetteer.communes["02374"]
    texts = [f"Số nhà 5, thôn 5, {commune.full_name}, tỉnh Tuyên Quang" for commune in (home, away)]
    point = {"lat": float(home.lat or 0), "lon": float(home.lon or 0)}
    moved = {**point, "lat": point["lat"] + 0.01}
    steps = [(texts[0], None), (texts[0], point), (texts[0], moved), (texts[1], None), ("ở đâu đó", None)]
    rows: list[tuple[bytes | None, bytes | None, Headers]] = [
        correction(line_no, "life", text, where) for line_no, (text, where) in enumerate(steps, 1)
    ]
    rows.append((b"post:life", None, [(BATCH_ID, b"b2"), (LINE_NO, b"6")]))
    return rows


def test_everything_published_keeps_the_contract(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    gazetteer = Gazetteer.load()
    asyncio.run(create_service_topics(kafka, topic_prefix, PARTITIONS))
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        pipeline.start("normaliser")
        pipeline.start("registrar")
        asyncio.run(produce(kafka, topic_prefix + topics.RAW, compose(gazetteer, ROWS, "b1")))
        asyncio.run(produce(kafka, topic_prefix + topics.RAW, corrections(gazetteer)))
        for batch_id, rows in (("b1", ROWS), ("b2", 6)):
            wait_for(
                lambda batch_id=batch_id, rows=rows: len(asyncio.run(account(kafka, topic_prefix, batch_id))) == rows,
                f"batch {batch_id}",
            )
        published = {name: asyncio.run(read_committed(kafka, topic_prefix + name)) for name in NAMES}
        steps = asyncio.run(account(kafka, topic_prefix, "b2"))
    assert [steps[line][0][0] for line in range(1, 7)] == [*["digitised"] * 4, "review", "withdrawn"]
    tombstones: Counter[str] = Counter()
    by_others = {topics.RAW, topics.BATCH_STATUS, topics.MATCHED_DEAD_LETTERS, topics.HANDLED_LETTERS, topics.VILLAGES}
    for name in set(NAMES) - by_others:
        assert published[name], f"nothing was published on {name}"
        for record in published[name]:
            assert_published(name, record.key, record.value, record.headers)
            tombstones[name] += record.value is None
    partitions = range(PARTITIONS)
    for name in (topics.DIGITISED, topics.MAP_FEATURE, topics.NATIONAL):
        assert {record.partition for record in published[name]} == set(partitions)
        for record in published[name]:
            assert record.partition == DefaultPartitioner()(record.key[:5], partitions, partitions), record.key
    # Four codes retired: one made located, one moved, one left behind in another area, one withdrawn.
    assert +tombstones == {
        topics.DIGITISED: 4,
        topics.MAP_FEATURE: 4,
        topics.NATIONAL: 4,
        topics.REVIEW: 1,
        topics.REGISTRAR_STATE: 2,
    }
