"""The registry in a file: a new cluster gives the same records the same codes, and issues none twice."""

from __future__ import annotations

import asyncio
import gzip
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from typer.testing import CliRunner

from gazetteer.gazetteer import Gazetteer
from schemas.codec import decode
from schemas.digitised import DigitisedAddress
from schemas.review import ReviewItem
from services.cli.main import app
from services.stream.broker import local_broker
from services.stream.connection import Connection
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from services.stream.registry_backup import TOPICS
from services.stream.registry_file import Heading, RegistryWriter
from services.stream.snapshot import read_snapshot
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL, RAW, RAW_DEAD_LETTERS, REGISTRAR_STATE, REVIEW
from tests.chaos.audit import account
from tests.contract.published import assert_published
from tests.stream.kafka_io import end_offsets, produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import create_service_topics

Row = tuple[bytes | None, bytes | None, Headers]
HOME, AWAY = "Phường Minh Xuân, tỉnh Tuyên Quang", "Xã Tân Trào, tỉnh Tuyên Quang"


class Batch:
    """Rows of one batch, numbered as they come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[Row] = []

    def add(self, key: str, address: str | None, point: dict[str, float] | None = None) -> Batch:
        source, _, record = key.partition(":")
        line = len(self.rows) + 1
        value = {"source": source, "source_record_id": record, "address": address, "position": point}
        value |= {"batch_id": self.name, "line_no": line}
        headers: Headers = [(BATCH_ID, self.name.encode()), (LINE_NO, b"%d" % line)]
        self.rows.append((key.encode(), None if address is None else orjson.dumps(value), headers))
        return self


def decision(key: str, version: int, commune_code: str, address: str) -> Row:
    source, _, record = key.partition(":")
    value = {
        "source": source,
        "source_record_id": record,
        "decided_by": "group-7",
        "decided_at": "2025-11-24T08:00:00Z",
        "based_on_version": version,
        "commune_code": commune_code,
        "address_text": address,
    }
    return key.encode(), orjson.dumps(value), []


@pytest.fixture(scope="module")
def point() -> dict[str, float]:
    commune = Gazetteer.load().communes["02215"]
    return {"lat": commune.lat + 0.000013, "lon": commune.lon + 0.000011, "accuracy_m": 5}


def north(point: dict[str, float], metres: float) -> dict[str, float]:
    return {**point, "lat": point["lat"] + metres / 110_700}


def addresses(name: str, point: dict[str, float]) -> Batch:
    """As the sources have them in the end."""
    batch = Batch(name)
    batch.add("post:located", f"Số 5 đường Bình Thuận, {HOME}", north(point, 300))
    batch.add("post:same-cell", f"Số 7 đường Bình Thuận, {HOME}", point)
    batch.add("tax:shared", f"SN 5 đường Bình Thuận, {HOME}")
    batch.add("post:provisional", f"Thôn 5, {HOME}")
    batch.add("post:moved", f"Thôn 6, {AWAY}")
    batch.add("post:doubtful", "Số 1, xã Không Có Thật")
    return batch.add("post:decided", "Số 3, xã Không Có Thật")


def run(pipeline: Pipeline, servers: str, prefix: str, batch: Batch) -> dict[int, tuple[Any, str | None]]:
    """Outcome and code of each row."""
    asyncio.run(produce(servers, prefix + RAW, batch.rows))

    def rows() -> dict[int, list[Any]]:
        return asyncio.run(account(servers, prefix, batch.name))

    wait_for(lambda: len(rows()) == len(batch.rows), f"the rows of {batch.name}")
    return {line: steps[-1] for line, steps in rows().items()}


def snapshot(servers: str, prefix: str, topic: str) -> dict[bytes, Any]:
    latest = {record.key: record.value for record in asyncio.run(read_committed(servers, prefix + topic))}
    return {key: orjson.loads(value) for key, value in latest.items() if value is not None}


def holders(servers: str, prefix: str) -> set[str]:
    """The records whose word is published."""
    return {value["record_key"] for value in snapshot(servers, prefix, DIGITISED).values()}


def registry(*arguments: str | Path, status: int = 0) -> str:
    ran = CliRunner().invoke(app, ["registry", *map(str, arguments)])
    assert ran.exit_code == status, ran.output
    return ran.output


def without_versions(topic: str, found: dict[bytes, Any]) -> dict[bytes, Any]:
    for value in found.values():
        holder = value["properties"] if topic == MAP_FEATURE else value
        holder["version"] = None
    return found


@pytest.fixture
def new_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A second cluster, which nobody used."""
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with local_broker("apache") as broker:
        yield broker.bootstrap_servers


def test_a_restored_cluster_goes_on_where_the_old_one_was(
    kafka: str,
    new_broker: str,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    point: dict[str, float],
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))
    file = tmp_path / "backup.registry.gz"
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    with Pipeline(kafka, topic_prefix, tmp_path / "old") as pipeline:
        begun = live_on(pipeline, kafka, topic_prefix, point)
        wait_for(
            lambda: "records written" in CliRunner().invoke(app, ["registry", "export", str(file)]).output, "quiet"
        )
    before = {topic: snapshot(kafka, topic_prefix, topic) for topic in TOPICS}
    assert "exists" in registry("export", file, status=1)

    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", new_broker)
    assert "diachi topics create" in registry("import", file, status=1)
    asyncio.run(create_service_topics(new_broker, topic_prefix, 2))
    said = registry("import", file)
    assert f"{sum(map(len, before.values()))}  records imported" in " ".join(said.split(" ")).replace(",", "")
    for topic in (DIGITISED, MAP_FEATURE, NATIONAL):
        after = snapshot(new_broker, topic_prefix, topic)
        assert without_versions(topic, after) == without_versions(topic, before[topic])
        for record in asyncio.run(read_committed(new_broker, topic_prefix + topic)):
            assert_published(topic, record.key, record.value, record.headers)
    assert "is not empty" in registry("import", file, status=1)

    with Pipeline(new_broker, topic_prefix, tmp_path / "new") as pipeline:
        pipeline.start("normaliser"), pipeline.start("registrar")
        held = {value["record_key"]: key.decode() for key, value in before[DIGITISED].items()}
        check_same_again(run(pipeline, new_broker, topic_prefix, addresses("b2", point)), held)
        made = run(pipeline, new_broker, topic_prefix, newcomers(point))
        codes = {key for key in before[REGISTRAR_STATE] if key.startswith(b"code:")}
        assert not {f"code:{code}".encode() for _, code in made.values()} & codes, "a code was issued twice"
        assert {str(code)[:12] for _, code in (made[1], made[3])} == {str(begun[1][1])[:12]}, "the same cell"
        check_still_decidable(new_broker, topic_prefix)
        assert asyncio.run(read_committed(new_broker, topic_prefix + RAW_DEAD_LETTERS)) == []
        assert "is running" in registry("import", file, status=1)
        check_history(snapshot(new_broker, topic_prefix, DIGITISED), held, str(begun[1][1]), str(begun[2][1]))


def live_on(
    pipeline: Pipeline, servers: str, prefix: str, point: dict[str, float]
) -> dict[int, tuple[Any, str | None]]:
    """A life before the export: codes issued, moved and left, and a decision; what became of the first rows."""
    pipeline.start("normaliser"), pipeline.start("registrar")
    first = Batch("b0")
    first.add("post:located", f"Số 5 đường Bình Thuận, {HOME}", point)
    first.add("post:moved", f"Thôn 6, {HOME}")
    first.add("post:gone", f"Số 9 đường Bình Thuận, {HOME}", point)
    first.add("post:decided", "Số 3, xã Không Có Thật")
    begun = run(pipeline, servers, prefix, first)
    items = asyncio.run(read_snapshot(Connection(servers), prefix + REVIEW))
    version = decode(ReviewItem, items[b"post:decided"]).version
    settled = decision("post:decided", version, "02215", f"Số 3 đường Bình Thuận, {HOME}")
    asyncio.run(produce(servers, prefix + RAW, [settled, (b"post:gone", None, [])]))
    run(pipeline, servers, prefix, addresses("b1", point))
    return begun


def newcomers(point: dict[str, float]) -> Batch:
    """Records that the restored cluster sees for the first time, or again after their withdrawal."""
    fresh = Batch("b3")
    fresh.add("new:1", f"Số 11 đường Bình Thuận, {HOME}", point)
    fresh.add("new:2", f"Thôn 8, {HOME}")
    return fresh.add("post:gone", f"Số 9 đường Bình Thuận, {HOME}", point)


def check_same_again(again: dict[int, tuple[Any, str | None]], held: dict[str, str]) -> None:
    """Of rows that were digitised before the export: they are unchanged and have the codes that they had."""
    assert [again[line][0] for line in range(1, 8)] == ["unchanged"] * 7
    for line, key in ((2, "post:same-cell"), (4, "post:provisional"), (5, "post:moved"), (7, "post:decided")):
        assert again[line][1] == held[key], key
    assert again[1][1] == again[3][1] in held.values(), "the shared home"


def check_still_decidable(servers: str, prefix: str) -> None:
    """What waited for a person can still be decided, on the version that it was restored with."""
    settled = decision("post:doubtful", -1, "02215", f"Số 1 đường Bình Thuận, {HOME}")
    asyncio.run(produce(servers, prefix + RAW, [settled]))
    wait_for(lambda: b"post:doubtful" not in snapshot(servers, prefix, REVIEW), "the decision")
    wait_for(lambda: "post:doubtful" in holders(servers, prefix), "the decided address")


def check_history(published: dict[bytes, Any], held: dict[str, str], first: str, left: str) -> None:
    """`diachi code show`: of a code that moved on within its area, of one that was left for another, of one in use."""

    def show(code: str, status: int = 0) -> str:
        ran = CliRunner().invoke(app, ["code", "show", code])
        assert ran.exit_code == status, ran.output
        return ran.output

    moved = next(DigitisedAddress(**value) for value in published.values() if first in value["aliases"])
    told = show(first)
    assert "retired" in told and f"resolves  to {moved.written_code}" in told and "no check character" in told
    assert f"formerly  {first[:5]}-{first[5:]}" in show(moved.written_code)
    assert f"resolves  to {published[held['post:moved'].encode()]['written_code']}" in show(left)
    assert "its address went to area" in show(left)
    written = published[held["post:provisional"].encode()]["written_code"]
    told = show(written)
    assert "in use" in told and "Thôn 5" in told and "no check character" not in told
    wrong = written[:-1] + ("2" if written[-1] != "2" else "3")
    assert "check character" in show(wrong, status=1) and written[-1] in show(wrong, status=1)
    assert "never issued" in show("22110-0999999", status=1)


def many(path: Path, count: int) -> Path:
    """A file of a registry with so many codes."""
    writer = RegistryWriter(path, Heading("2025-11-24T08:00:00Z", dict.fromkeys(TOPICS, 2)))
    for number in range(1, count + 1):
        value = orjson.dumps({"kind": "area", "last_serial": number, "note": "x" * 200})
        writer.add(REGISTRAR_STATE, number % 2, b"area:%05d" % number, value, [], 1)
    writer.finish()
    return path


# An import that kills itself when all is written, right before it commits.
_KILLED_BEFORE_THE_COMMIT = """
import os, signal, sys
from services.cli.main import run
from services.stream import registry_backup
calm, asked = registry_backup._require_stopped, []
async def killing(*arguments):
    asked.append(arguments)
    if len(asked) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    await calm(*arguments)
registry_backup._require_stopped = killing
run()
"""


def test_an_import_that_is_killed_has_done_nothing_and_can_be_run_again(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    file, topic = many(tmp_path / "a.registry.gz", 20_000), topic_prefix + REGISTRAR_STATE
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_BEFORE_THE_COMMIT, "registry", "import", file], check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    assert sum(asyncio.run(end_offsets(kafka, topic)).values()) >= 20_000, "all was written"
    assert asyncio.run(read_snapshot(Connection(kafka), topic)) == {}, "what is not whole is not seen"
    assert "20,000  records imported" in registry("import", file)
    assert len(snapshot(kafka, topic_prefix, REGISTRAR_STATE)) == 20_000
    ends = asyncio.run(end_offsets(kafka, topic))
    assert set(ends) == {TopicPartition(topic, 0), TopicPartition(topic, 1)}


def test_a_file_that_cannot_be_used_leaves_the_installation_as_it_was(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    content = bytearray(many(tmp_path / "whole.gz", 100).read_bytes())
    short, changed, newer = tmp_path / "short.gz", tmp_path / "changed.gz", tmp_path / "newer.gz"
    short.write_bytes(content[: len(content) // 2])
    content[len(content) // 2] ^= 0xFF
    changed.write_bytes(content)
    newer.write_bytes(gzip.compress(b'{"format":"diachi-registry","version":2}\n'))
    for file, said in (
        (short, "is damaged"),
        (changed, "is damaged"),
        (newer, "version 2"),
        (tmp_path / "no", "No such"),
    ):
        assert said in registry("import", file, status=1)
    for topic in TOPICS:
        assert snapshot(kafka, topic_prefix, topic) == {}


def test_an_export_waits_until_all_is_through(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    batch = Batch("b1").add("post:1", f"Thôn 5, {HOME}")
    asyncio.run(produce(kafka, topic_prefix + RAW, batch.rows))
    file = tmp_path / "a.registry.gz"
    assert f"records wait in {topic_prefix}{RAW}" in registry("export", file, status=1)
    assert list(tmp_path.iterdir()) == []
