"""The short form of `make fuzz`, what it found before, and the same as properties."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
import xlsxwriter
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.mapping import MappingError
from services.intake.readers import ReadError, open_table
from services.intake.records import RecordBuilder
from services.stream.envelope import BATCH_ID, LINE_NO, batch_row, event_headers, event_time, rfc3339
from services.stream.replay import replay_of, without_replay
from tests.hostile import __main__ as fuzzer
from tests.hostile.campaign import BOMBS, Campaign, shares
from tests.hostile.records import Sent
from tests.hostile.stages import InProcess, Unanswered
from tests.hostile.through_kafka import MOST_SERVICE_MIB, Outcome, hostile_records, run
from tests.hostile.workbooks import huge_cell

SEED = 223_589
INPUTS = 12_000
RECORDS = 4000
FOUND: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("regressions.yaml").read_text(encoding="utf-8"))

headers = st.lists(st.tuples(st.text(max_size=30), st.none() | st.binary(max_size=60)), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
fields = st.sampled_from(
    ["source", "source_record_id", "address", "position", "householder", "extra", "batch_id", "line_no", "decided_by"]
)


@pytest.fixture(scope="module")
def stages() -> InProcess:
    return InProcess()


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    return Campaign(SEED)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("kind", "count"), [each for each in shares(INPUTS).items() if each[0] != BOMBS])
def test_each_input_of_a_kind_is_answered_and_memory_stays_bounded(campaign: Campaign, kind: str, count: int) -> None:
    print(campaign.run(kind, count))
    assert campaign.grown_mib() < campaign.most_mib()


def test_each_hostile_record_is_answered_by_the_real_services(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    outcome = run(kafka, topic_prefix, tmp_path, hostile_records(SEED, RECORDS))
    print(outcome)
    assert outcome.faults() == []
    codes = {
        "input.not_json",
        "input.not_utf8",
        "input.schema",
        "input.too_large",
        "input.too_deep",
        "input.key_mismatch",
    }
    assert codes <= set(outcome.answers), "the records must reach every refusal"


@pytest.mark.parametrize("found", FOUND["records"], ids=lambda found: found["name"])
def test_what_the_fuzzer_found_stays_mended(found: dict[str, Any]) -> None:
    stages = InProcess()
    given = [(name, None if value is None else str(value).encode()) for name, value in found.get("headers", ())]
    sent = Sent(b"post:1", found["value"].encode(), tuple(given))
    stages.feed([sent._replace(timestamp=found.get("timestamp", sent.timestamp))])
    assert sorted(stages.answers.elements()) == sorted(found["answers"])


def test_too_much_memory_ends_the_fuzzer_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hostile", "--records", "0", "--seed", "1"])
    monkeypatch.setattr(fuzzer, "shares", lambda _: {"bytes": 20})
    assert fuzzer.main() == 0
    monkeypatch.setattr(Campaign, "peak_mib", lambda _: 5000.0)
    assert fuzzer.main() == 1
    assert "MiB more than before" in capsys.readouterr().err
    greedy = Outcome(1, Counter(), [], {"normaliser": MOST_SERVICE_MIB + 1.0})
    assert len(greedy.faults()) == 1


def test_a_record_that_is_not_answered_would_be_named(stages: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.normaliser.stage.batch_row", lambda _: None)
    with pytest.raises(Unanswered, match="are the outcomes of row"):
        stages.feed([Sent(b"post:1", b"{}")])


def test_a_seed_gives_the_same_records_again() -> None:
    assert hostile_records(SEED, 40) == hostile_records(SEED, 40)
    assert hostile_records(SEED, 40) != hostile_records(SEED + 1, 40)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(key=st.none() | st.binary(max_size=40), value=st.none() | st.binary(), headers=headers)
def test_any_bytes_and_headers_are_answered(
    stages: InProcess, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    before = Counter(stages.answers)
    stages.feed([Sent(key, value, tuple(headers))])
    assert (stages.answers - before).total() >= 1


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(changed=st.dictionaries(fields, json_values, min_size=1, max_size=3))
def test_a_record_with_any_json_in_its_fields_is_answered(stages: InProcess, changed: dict[str, Any]) -> None:
    record = {"source": "post", "source_record_id": "1", "address": "thôn 5, xã Thái Sơn", **changed}
    before = Counter(stages.answers)
    stages.feed([Sent(b"post:1", orjson.dumps(record))])
    assert (stages.answers - before).total() >= 1


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=1000))
def test_any_text_is_an_address_that_gets_an_outcome(stages: InProcess, text: str) -> None:
    before = Counter(stages.answers)
    stages.feed([Sent(b"post:1", orjson.dumps({"source": "post", "source_record_id": "1", "address": text}))])
    assert (stages.answers - before).total() >= 1


@given(headers=headers, stamp=st.integers(-(2**63), 2**63 - 1))
def test_no_header_and_no_timestamp_stops_what_reads_them(headers: list[tuple[str, bytes | None]], stamp: int) -> None:
    given: Any = headers
    made = event_headers("t", "/s", event="0" * 36, subject=b"k", time=event_time(given, stamp), trace=b"x")
    assert all(isinstance(value, bytes) for _, value in made)
    assert len(rfc3339(stamp)) == len("2026-01-02T03:04:05.678Z")
    assert batch_row(given) is None or {BATCH_ID, LINE_NO} <= {name for name, _ in headers}
    assert replay_of(given) is not None or without_replay(given) == headers


def test_what_is_remembered_of_headers_is_small(stages: InProcess) -> None:
    """A thousand headers of a hundred kilobytes each, none twice, leave nothing of their size behind."""
    record = orjson.dumps({"source": "post", "source_record_id": "1", "address": "thôn 5, xã Thái Sơn, Tuyên Quang"})
    tracemalloc.start()
    try:
        for number in range(1000):
            big = b"%d" % number + bytes(100_000)
            value = record.replace(b"5", b"%d" % number)
            stages.feed([Sent(b"post:1", value, (("ce_time", big), ("traceparent", big)))])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 20 * 2**20


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(content=st.binary(max_size=400), ending=st.sampled_from([".csv", ".jsonl", ".txt", ""]))
def test_any_bytes_are_a_table_or_end_in_a_named_error(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"file{ending}"
    path.write_bytes(content)
    try:
        table = open_table(path)
        builder = RecordBuilder("post", table.columns, {})
        rows = table.scan().rows
    except (ReadError, MappingError):
        return
    assert len([builder.build(row) for row in table.rows()]) == rows


def sheet_with(path: Path, write: Any) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["address", "note"])
    sheet.write_row(1, 0, ["thôn 5", "x"])
    write(book, sheet)
    book.close()
    return path


def test_a_zip_bomb_ends_what_unpacks_it_and_not_the_command(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xlsx"
    huge_cell(bomb, 1024)
    assert bomb.stat().st_size < 6 * 2**20
    before, started = psutil.Process().memory_info().rss, time.monotonic()
    with pytest.raises(ReadError, match="needs more than 3 GiB of memory or 300 s to unpack"):
        open_table(bomb)
    assert psutil.Process().memory_info().rss - before < 16 * 2**20
    assert time.monotonic() - started < 60


def test_an_escape_that_is_half_a_character_stays_as_it_is_written(tmp_path: Path) -> None:
    path = sheet_with(tmp_path / "file.xlsx", lambda _, sheet: sheet.write_string(1, 1, "a_xD800_b_x0041_"))
    # xlsxwriter escapes what looks like an escape: take that off again, as a hostile file would come.
    data = path.read_bytes()
    path.write_bytes(_replaced(data, b"_x005F_", b"_"))
    (row,) = open_table(path).rows()
    assert row.values == {"address": "thôn 5", "note": "a_xD800_bA"}


def test_a_span_of_time_that_no_calendar_has_is_named_with_its_row(tmp_path: Path) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write_number(2, 1, 1e300, book.add_format({"num_format": "[h]:mm"}))

    with pytest.raises(ReadError, match="row 3 has a cell that is formatted as a date or time"):
        open_table(sheet_with(tmp_path / "file.xlsx", write))


def test_an_archive_of_a_version_that_nobody_writes_is_named(tmp_path: Path) -> None:
    path = sheet_with(tmp_path / "file.xlsx", lambda *_: None)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 6] = 250
    path.write_bytes(data)
    with pytest.raises(NotImplementedError), zipfile.ZipFile(path):
        pass
    with contextlib.suppress(ReadError):
        assert [row.values for row in open_table(path).rows()] == [{"address": "thôn 5", "note": "x"}]


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    """An archive with bytes replaced in all of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            made.writestr(name, given.read(name).replace(old, new))
    return out.getvalue()
