"""`diachi submit` through real services: every row of a file has an outcome, whatever it looks like."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner

from schemas.batch import BatchStatus
from schemas.codec import decode
from services.intake.readers import Row
from services.intake.records import Record, RecordBuilder
from services.intake.submission import Progress, StalledError, Submission, new_batch_id
from services.intake.tracker_client import TrackerClient
from services.stream.envelope import BATCH_ID, LINE_NO, event_headers, event_id, header
from services.stream.settings import read_settings
from services.stream.topics import BATCH_PROGRESS, MATCHED, RAW, RAW_DEAD_LETTERS, REVIEW
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import DIACHI, Pipeline, Worker
from tests.stream.services import create_service_topics
from tests.stream.tracker_process import Tracker, free_url

PARTITIONS = 2
PLACES = ("Phường Minh Xuân", "xã Tân Trào", "xã Thái Sơn, Hàm Yên", "xã Không Có Thật", "Phường Hà Giang 2")
BAD_CSV = (
    b"bad-1,,,,\nbad-2,x,21\xc2\xb049',105,\nbad-3,caf\xe9,,,\nbad-4,a,b,c,d,e\nbad-5,\"" + b"x" * 70_000 + b'",,,\n'
)
BAD_LINES = [b"not json", b"[1]", b'{"id": "x", "raw": 5}', b'"\xff"', b'{"id": "y", "raw": "a", "lat": "north"}']


@pytest.fixture
def pipeline(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Pipeline]:
    asyncio.run(create_service_topics(kafka, topic_prefix, PARTITIONS))
    (tmp_path / "logs").mkdir()
    with Pipeline(kafka, topic_prefix, tmp_path / "logs") as pipeline:
        yield pipeline


def start(pipeline: Pipeline, *stages: str) -> list[Worker]:
    workers = [pipeline.start(stage) for stage in stages]
    for worker in workers:
        worker.wait_ready()
    return workers


def diachi(servers: str, tracker: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": servers, "DIACHI_TRACKER_URL": tracker}
    return subprocess.run([DIACHI, *arguments], env=environ, capture_output=True, text=True, timeout=120, check=False)


def url(worker: Worker) -> str:
    return f"http://127.0.0.1:{worker.port}"


def good_rows(count: int) -> list[str]:
    return [f"thôn {n}, {PLACES[n % len(PLACES)]}, Tuyên Quang" for n in range(count)]


def batches(servers: str, tracker: str) -> list[BatchStatus]:
    listed = diachi(servers, tracker, "status", "--json")
    assert listed.returncode == 0, listed.stderr
    return decode(list[BatchStatus], listed.stdout.encode())


def test_every_row_has_an_outcome_and_the_same_file_again_changes_nothing(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    tracker, *_ = start(pipeline, "tracker", "normaliser", "registrar")
    table = tmp_path / "table.csv"
    rows = "".join(f'{n},"{text}",,,note\n' for n, text in enumerate(good_rows(60)))
    table.write_bytes(f"Mã,Địa chỉ,Vĩ độ,Kinh độ,Ghi chú\n{rows}".encode() + BAD_CSV)
    first = diachi(kafka, url(tracker), "submit", table, "--source", "tq")
    assert first.returncode == 0, first.stderr
    assert "65  of 65" in first.stdout
    assert "1 rows have more cells" in first.stderr
    again = diachi(kafka, url(tracker), "submit", table, "--source", "tq", "--name", "once more")
    assert again.returncode == 0, again.stderr

    second, one = batches(kafka, url(tracker))
    assert (one.state, one.submitted, one.accounted, one.source, one.name) == ("complete", 65, 65, "tq", "table.csv")
    assert sum(one.outcomes.values()) == 65
    assert one.outcomes["dead_letter"] == 5
    assert one.outcomes["digitised"] >= 40
    assert one.outcomes["review"] >= 1
    assert one.reasons["input.schema"] == 3
    assert second.outcomes == {"unchanged": 60, "dead_letter": 5}
    assert (second.state, second.name) == ("complete", "once more")
    shown = diachi(kafka, url(tracker), "status", one.batch_id)
    assert "complete" in shown.stdout
    assert "input.not_utf8" in shown.stdout

    refused = [r for r in asyncio.run(read_committed(kafka, topic_prefix + RAW_DEAD_LETTERS)) if of(one, r.headers)]
    codes = {header(r.headers, LINE_NO): header(r.headers, "dlq-error-code") for r in refused}
    assert codes == {
        b"61": b"input.schema",
        b"62": b"input.schema",
        b"63": b"input.not_utf8",
        b"64": b"input.schema",
        b"65": b"input.too_large",
    }


def of(batch: BatchStatus, headers: Any) -> bool:
    return header(headers, BATCH_ID) == batch.batch_id.encode()


def test_online_and_offline_say_the_same_of_every_row(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    tracker, *_ = start(pipeline, "tracker", "normaliser", "registrar")
    lines = [json.dumps({"raw": text, "own": n}).encode() for n, text in enumerate(good_rows(40))] + BAD_LINES
    lines.append(b'{"raw": "Ph\\u01b0\\u1eddng Minh Xu\\u00e2n", "lat": "21,823612", "lon": 105.214109}')
    table = tmp_path / "rows.jsonl"
    table.write_bytes(b"\n".join(lines))
    online = diachi(kafka, url(tracker), "submit", table, "--source", "offline")
    assert online.returncode == 0, online.stderr
    offline = diachi(kafka, url(tracker), "digitise", table, "-o", tmp_path / "out.jsonl")
    assert offline.returncode == 0, offline.stderr
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [answer["line_no"] for answer in answers] == list(range(1, len(lines) + 1))

    seen: dict[int, dict[str, Any]] = {}
    for topic in (MATCHED, REVIEW):
        for record in asyncio.run(read_committed(kafka, topic_prefix + topic)):
            value = json.loads(record.value)
            seen[value["line_no"]] = {"id": value["record_key"].removeprefix("offline:"), **value["result"]}
    for record in asyncio.run(read_committed(kafka, topic_prefix + RAW_DEAD_LETTERS)):
        line_no = header(record.headers, LINE_NO)
        code, detail = header(record.headers, "dlq-error-code"), header(record.headers, "dlq-error-detail")
        assert line_no is not None
        assert code is not None
        assert detail is not None
        seen[int(line_no)] = {"id": record.key.decode()[8:], "error": (code.decode(), detail.decode())}
    assert seen.keys() == {answer["line_no"] for answer in answers}
    for answer in answers:
        assert_same(answer, seen[answer["line_no"]])


def assert_same(offline: dict[str, Any], online: dict[str, Any]) -> None:
    assert offline["id"] == online["id"]
    if "error" in online:
        assert (offline["error_code"], offline["error_detail"]) == online["error"]
        return
    for name in (
        "commune_code",
        "province_code",
        "proposed_code",
        "match_level",
        "coordinate_level",
        "score",
        "margin",
    ):
        assert offline[name] == online[name]
    assert (offline["faults"], offline["next_action"]) == (online["faults"], online["next_action"])
    assert offline["village"] == online["components"]["village"]
    assert offline["legacy_commune_code"] == (online["legacy"] or {}).get("commune_code")
    position = online["position"] or {}
    assert (offline["lat"], offline["lon"]) == (position.get("lat"), position.get("lon"))


def test_rows_without_an_outcome_are_counted_and_fail(kafka: str, pipeline: Pipeline, tmp_path: Path) -> None:
    (tracker,) = start(pipeline, "tracker")
    table = tmp_path / "table.csv"
    table.write_text("id,address\n" + "".join(f"{n},x\n" for n in range(7)))
    failed = diachi(kafka, url(tracker), "submit", table, "--source", "tq", "--timeout", "2")
    assert failed.returncode == 1
    assert "7 of 7 rows" in failed.stderr
    assert "diachi status" in failed.stderr
    (batch,) = batches(kafka, url(tracker))
    assert (batch.state, batch.submitted, batch.accounted) == ("closed", 7, 0)


def test_without_a_tracker_nothing_is_sent_unless_nobody_waits(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id,address\n1,x\n")
    nobody = "http://127.0.0.1:1"
    failed = diachi(kafka, nobody, "submit", table, "--source", "tq")
    assert failed.returncode == 1
    assert "no tracker answers" in failed.stderr
    assert asyncio.run(read_committed(kafka, topic_prefix + RAW)) == []
    sent = diachi(kafka, nobody, "submit", table, "--source", "tq", "--no-wait")
    assert sent.returncode == 0, sent.stderr
    assert "1 rows sent" in sent.stdout
    assert len(asyncio.run(read_committed(kafka, topic_prefix + RAW))) == 1
    assert len(asyncio.run(read_committed(kafka, topic_prefix + BATCH_PROGRESS))) == 2
    assert "no tracker answers" in diachi(kafka, nobody, "status").stderr


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"a,b\n1,2\n", [], "no column is the address"),
        (b'address\n"x\n', [], "not closed"),
        (b"address\nx\n", ["--source", "t:q"], "no name of a source"),
        (b"address\nx\n", ["--map", "commune=x"], "no such column"),
    ],
)
def test_a_file_that_cannot_be_a_batch_sends_nothing(
    content: bytes, options: list[str], says: str, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(content)
    failed = diachi("127.0.0.1:1", "http://127.0.0.1:1", "submit", table, "--source", "tq", *options)
    assert failed.returncode == 1
    assert says in failed.stderr
    assert "Nothing was sent" in failed.stderr


def test_missing_topics_are_named(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("id,address\n1,x\n")
    failed = diachi(kafka, "http://127.0.0.1:1", "submit", table, "--source", "tq", "--no-wait")
    assert failed.returncode == 1
    assert f"{topic_prefix}{RAW}" in failed.stderr
    assert "diachi topics create" in failed.stderr
    assert "Nothing was sent" in failed.stderr and "Traceback" not in failed.stderr


def records(batch_id: str, count: int) -> Iterator[Record]:
    builder = RecordBuilder("tq", ("id", "address"), {}, batch_id)
    return (builder.build(Row(n, {"id": str(n), "address": good_rows(1)[0]})) for n in range(1, count + 1))


def test_rows_go_in_order_to_the_partitions_of_their_keys_with_headers_of_their_own(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    batch_id = new_batch_id()

    async def submit() -> list[Progress]:
        submission = Submission(read_settings(), "tq", "test", None, batch_id=batch_id)
        return [progress async for progress in submission.run(records(batch_id, 4500), wait=False)]

    assert asyncio.run(submit())[-1].sent == 4500
    found = asyncio.run(read_committed(kafka, topic_prefix + RAW))
    expected = {record.key: record for record in records(batch_id, 4500)}
    assert len(found) == 4500 == len({header(record.headers, "ce_id") for record in found})
    alone, last = DefaultPartitioner(), {0: 0, 1: 0, 2: 0}
    for record in found:
        made = expected.pop(record.key)
        assert record.value == made.value
        assert record.partition == alone(record.key, [0, 1, 2], [0, 1, 2])
        assert made.line_no > last[record.partition], "rows of a partition keep their order"
        last[record.partition] = made.line_no
        time_now = header(record.headers, "ce_time")
        assert time_now is not None
        event = event_id(batch_id, 0, made.line_no, RAW, 0)
        trace = f"00-{batch_id.replace('-', '')}-{'0' * 16}-01".encode()
        own = event_headers(RAW, "/diachi/intake", event=event, subject=made.key, time=time_now, trace=trace)
        assert list(record.headers) == [*own, (BATCH_ID, batch_id.encode()), (LINE_NO, b"%d" % made.line_no)]
    assert not expected


def test_rows_in_flight_are_bounded_and_a_tracker_that_restarts_is_waited_for(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    settings = read_settings()
    tracker = Tracker(free_url(), tmp_path / "tracker.log")
    tracker.start()
    tracker.ready()

    async def submit(stall: float, meanwhile: Callable[[], None]) -> list[Progress]:
        client = TrackerClient(tracker.url)
        batch_id = new_batch_id()
        submission = Submission(settings, "tq", "test", client, batch_id=batch_id, stall=stall, most_in_flight=1000)
        other = asyncio.create_task(asyncio.to_thread(meanwhile))
        try:
            return [progress async for progress in submission.run(records(batch_id, 5000))]
        finally:
            await other

    def restart() -> None:
        time.sleep(1)
        tracker.kill()
        time.sleep(1)
        tracker.start()
        start(pipeline, "normaliser", "registrar")

    try:
        with pytest.raises(StalledError, match="1000 of 1000 rows"):
            asyncio.run(submit(2, lambda: None))
        assert len(asyncio.run(read_committed(kafka, topic_prefix + RAW))) == 1000
        seen = asyncio.run(submit(60, restart))
    finally:
        tracker.kill()
    assert seen[-1].complete
    assert seen[-1].status is not None
    assert seen[-1].status.accounted == 5000
    assert max(progress.sent - progress.accounted for progress in seen) <= 1500
