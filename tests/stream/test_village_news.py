"""Confirmed villages reach running normalisers between batches, and results say up to which offset they are known."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from typer.testing import CliRunner

from gazetteer.gazetteer import Gazetteer
from schemas.codec import encode
from schemas.village import ConfirmedVillage
from services.cli.main import app
from services.stream.topics import DIGITISED, MATCHED, NATIONAL, RAW, VILLAGES
from tests.contract.published import assert_published
from tests.gazetteers import CAO_BO, MERGED, THUONG_SON, built, merger_tables
from tests.stream.kafka_io import arguments, produce, read_committed
from tests.stream.pipeline import Pipeline, metric, wait_for
from tests.stream.services import create_service_topics

ADDRESS = "Thôn Hư Cấu, phường Minh Xuân, tỉnh Tuyên Quang"
KEY = "02215:thôn hư cấu"
UNLISTED = "village.unlisted"


@pytest.fixture
def pipeline(kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setenv("DIACHI_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("DIACHI_IMPORTS_DIR", str(tmp_path / "imports"))
    # What is published must reach the normalisers through Kafka alone.
    with Pipeline(kafka, topic_prefix, tmp_path / "logs", imports_dir=tmp_path / "none") as pipeline:
        yield pipeline


def submit(kafka: str, prefix: str, *ids: str) -> None:
    rows = [
        (f"post:{each}".encode(), orjson.dumps({"source": "post", "source_record_id": each, "address": ADDRESS}), [])
        for each in ids
    ]
    asyncio.run(produce(kafka, prefix + RAW, rows))


def results(kafka: str, prefix: str) -> dict[str, dict[str, Any]]:
    """The results on the matched topic by record."""
    found = asyncio.run(read_committed(kafka, prefix + MATCHED))
    return {event["record_key"]: event["result"] for event in map(orjson.loads, (record.value for record in found))}


def result_of(kafka: str, prefix: str, key: str) -> dict[str, Any]:
    wait_for(lambda: key in results(kafka, prefix), f"the result of {key}")
    return results(kafka, prefix)[key]


def publish(tmp_path: Path, text: str, *options: str) -> str:
    path = tmp_path / "villages.csv"
    path.write_text("village,commune_code\n" + text, encoding="utf-8")
    run = CliRunner().invoke(app, ["gazetteer", "villages", str(path), "--publish", *options])
    assert run.exit_code == 0, run.output
    return run.output


def known_to(kafka: str, prefix: str) -> list[tuple[int, str, str | None]]:
    records = asyncio.run(read_committed(kafka, prefix + VILLAGES))
    for record in records:
        assert_published(VILLAGES, record.key, record.value, record.headers)
    return [(r.offset, r.key.decode(), r.value and json.loads(r.value)["name"]) for r in records]


def test_a_running_normaliser_takes_a_village_up_between_batches(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    worker = pipeline.start("normaliser")
    worker.wait_ready()
    submit(kafka, topic_prefix, "1")
    before = result_of(kafka, topic_prefix, "post:1")
    assert UNLISTED in before["faults"]
    assert before["overlay_offset"] == -1

    said = publish(tmp_path, "Thôn Hư Cấu,02215\nThôn Giả Định,02215\n")
    assert "2 confirmed, 0 taken back; 0 were known" in said
    assert known_to(kafka, topic_prefix) == [(0, KEY, "Hư Cấu"), (1, "02215:thôn giả định", "Giả Định")]
    # Read by now, and not applied before there is a batch.
    wait_for(lambda: metric(worker, "diachi_news_offset") == 1, "the news")
    submit(kafka, topic_prefix, "2")
    after = result_of(kafka, topic_prefix, "post:2")
    assert UNLISTED not in after["faults"]
    assert (after["overlay_offset"], after["score"]) == (1, 100)
    assert after["gazetteer_version"] == before["gazetteer_version"] == Gazetteer.load().version
    assert results(kafka, topic_prefix)["post:1"] == before

    # A worker that starts later knows the same from its first batch on.
    worker.kill()
    pipeline.start("normaliser").wait_ready()
    submit(kafka, topic_prefix, "3")
    again = result_of(kafka, topic_prefix, "post:3")
    assert again == after

    assert "0 confirmed, 0 taken back; 2 were known" in publish(tmp_path, "Thôn Giả Định,02215\nThôn Hư Cấu,02215\n")
    assert "0 confirmed, 0 taken back; 1 were known" in (kept := publish(tmp_path, "Thôn Giả Định,02215\n"))
    assert "1 of earlier lists are missing here" in kept
    assert "1 taken back" in publish(tmp_path, "Thôn Giả Định,02215\n", "--withdraw-missing")
    assert known_to(kafka, topic_prefix)[2:] == [(2, KEY, None)]
    (later,) = [each for each in pipeline.workers if each.running]
    wait_for(lambda: metric(later, "diachi_news_offset") == 2, "the withdrawal")
    submit(kafka, topic_prefix, "4")
    withdrawn = result_of(kafka, topic_prefix, "post:4")
    assert UNLISTED in withdrawn["faults"]
    assert withdrawn["overlay_offset"] == 2


def test_the_offset_reaches_what_is_published(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    publish(tmp_path, "Thôn Hư Cấu,02215\n")
    for stage in ("normaliser", "registrar"):
        pipeline.start(stage).wait_ready()
    submit(kafka, topic_prefix, "1")
    for topic in (DIGITISED, NATIONAL):
        wait_for(lambda topic=topic: bool(asyncio.run(read_committed(kafka, topic_prefix + topic))), topic)
        (record,) = asyncio.run(read_committed(kafka, topic_prefix + topic))
        assert_published(topic, record.key, record.value, record.headers)
        value = orjson.loads(record.value)
        assert value.get("result", value)["overlay_offset"] == 0


def test_each_result_agrees_with_the_offset_that_it_names(kafka: str, topic_prefix: str, pipeline: Pipeline) -> None:
    """Villages are confirmed one by one while two workers are at addresses in them: whatever a result says of its
    village, it is what was known at its offset, and no partition goes back."""
    names = [f"Hư Cấu {chr(ord('A') + nth)}" for nth in range(12)]
    for _ in range(2):
        pipeline.start("normaliser")
    for worker in pipeline.workers:
        worker.wait_ready()

    def addresses(start: int) -> list[tuple[bytes, bytes, list[tuple[str, bytes | None]]]]:
        rows = []
        for nth in range(start, start + 240):
            address = f"Thôn {names[nth % len(names)]}, phường Minh Xuân, tỉnh Tuyên Quang"
            value = {"source": "post", "source_record_id": str(nth), "address": address}
            rows.append((f"post:{nth}".encode(), orjson.dumps(value), []))
        return rows

    async def both() -> None:
        for nth, name in enumerate(names):
            village = ConfirmedVillage("02215", None, "thôn", name, None, None, "review", "2025-11-24T08:00:00Z")
            key = f"02215:thôn {name.lower()}".encode()
            await asyncio.gather(
                produce(kafka, topic_prefix + RAW, addresses(nth * 240)),
                produce(kafka, topic_prefix + VILLAGES, [(key, encode(village), [])]),
            )

    asyncio.run(both())
    total = 240 * len(names)
    wait_for(lambda: len(results(kafka, topic_prefix)) == total, "all results")
    raw = {r.key.decode(): (r.partition, r.offset) for r in asyncio.run(read_committed(kafka, topic_prefix + RAW))}
    found = results(kafka, topic_prefix)
    for key, result in found.items():
        village = int(key.removeprefix("post:")) % len(names)
        assert (UNLISTED in result["faults"]) == (result["overlay_offset"] < village), result
    for partition in (0, 1):
        here = sorted(
            (raw[key][1], result["overlay_offset"]) for key, result in found.items() if raw[key][0] == partition
        )
        offsets = [offset for _, offset in here]
        assert offsets == sorted(offsets)
        assert len(set(offsets)) > 1, "nothing was taken up while the worker was at work"


def test_the_page_for_postal_workers_publishes(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs/imports.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^diachi (.+ --publish)$", page, re.MULTILINE)
    ((name, text),) = re.findall(r"```csv file=(thon\.csv)\n(.+?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    run = CliRunner().invoke(app, shlex.split(command))
    assert run.exit_code == 0, run.output
    assert "3 confirmed, 0 taken back" in run.output
    assert [key for _, key, _ in known_to(kafka, topic_prefix)] == [
        "02215:tổ dân phố hư cấu", "02215:tổ dân phố giả định", "02509:thôn ví dụ",
    ]  # fmt: skip


def test_what_is_no_village_changes_nothing_and_stops_nobody(kafka: str, topic_prefix: str, pipeline: Pipeline) -> None:
    village = ConfirmedVillage("02215", None, "thôn", "Hư Cấu", None, None, "review", "2025-11-24T08:00:00Z")
    elsewhere = ConfirmedVillage("99999", None, "thôn", "Hư Cấu", None, None, "review", "2025-11-24T08:00:00Z")
    rows = [
        (b"02215:x", b"no JSON", []),
        (b"02215:y", b'{"commune_code": 5}', []),
        (b"99999:" + KEY.encode()[6:], encode(elsewhere), []),
        (b"02215:another key", encode(village), []),
        (None, encode(village), []),
        (KEY.encode(), encode(village), []),
        (b"\xff", None, []),
    ]
    asyncio.run(produce(kafka, topic_prefix + VILLAGES, rows))
    pipeline.start("normaliser").wait_ready()
    submit(kafka, topic_prefix, "1")
    found = result_of(kafka, topic_prefix, "post:1")
    assert UNLISTED not in found["faults"]
    assert found["overlay_offset"] == len(rows) - 1
    logs = pipeline.logs()
    assert logs.count("village not taken up") == 4
    # That of a commune that there is not is sound, and counts with no gazetteer that we have.
    assert logs.count("villages set aside") == 1
    assert "no JSON" not in logs


def test_after_a_merger_confirmed_and_imported_villages_are_those_of_the_new_commune(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    """What was confirmed before the merger holds in the new commune; of two of one name none does, and it is said."""
    rows = [
        (f"{code}:thôn {name.lower()}".encode(), encode(village), [])
        for name, code in (("Hư Cấu", CAO_BO), ("Giả Định", CAO_BO), ("Giả Định", THUONG_SON))
        for village in [ConfirmedVillage(code, None, "thôn", name, None, None, "review", "2025-11-24T08:00:00Z")]
    ]
    asyncio.run(produce(kafka, topic_prefix + VILLAGES, rows))
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "villages.csv").write_text(
        f"commune,legacy_commune,kind,name,lat,lon\n{CAO_BO},,thôn,Ví Dụ,,\n00913,,thôn,Ví Dụ,,\n", encoding="utf-8"
    )
    artifact = built(merger_tables(tmp_path / "tables"))
    worker = pipeline.start("normaliser", DIACHI_GAZETTEER=str(artifact), DIACHI_IMPORTS_DIR=str(folder))
    worker.wait_ready()
    asked = ("Hư Cấu", "Giả Định", "Ví Dụ")
    values = [
        {"source": "post", "source_record_id": name, "address": f"Thôn {name}, xã Tây Côn Lĩnh, tỉnh Tuyên Quang"}
        for name in asked
    ]
    asyncio.run(
        produce(
            kafka,
            topic_prefix + RAW,
            [(f"post:{one['source_record_id']}".encode(), orjson.dumps(one), []) for one in values],
        )
    )
    found = [result_of(kafka, topic_prefix, f"post:{name}") for name in asked]
    assert {one["commune_code"] for one in found} == {MERGED}
    assert [UNLISTED in one["faults"] for one in found] == [False, True, False]
    assert metric(worker, 'diachi_imports_set_aside{kind="confirmed",stage="normaliser"}') == 2
    assert metric(worker, 'diachi_imports_set_aside{kind="village",stage="normaliser"}') == 1
    logs = pipeline.logs()
    assert logs.count('"event": "imports set aside"') == logs.count('"event": "villages set aside"') == 1
    assert '"first_offsets": [1, 2]' in logs


def test_a_topic_of_several_partitions_is_refused(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    async def make() -> None:
        admin = AIOKafkaAdminClient(**arguments(kafka))
        await admin.start()
        await admin.create_topics([NewTopic(topic_prefix + VILLAGES, 2, 1)])
        await admin.close()

    asyncio.run(make())
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    (tmp_path / "logs").mkdir()
    with Pipeline(kafka, topic_prefix, tmp_path / "logs") as pipeline:
        assert pipeline.start("normaliser").wait(60) == 1
        assert "has 2 partitions and must have one" in pipeline.logs()
