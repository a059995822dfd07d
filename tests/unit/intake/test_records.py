"""Rows as records of the raw topic: every row becomes one, valid or not."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.validation import validator
from services.intake.readers import Row, json_row
from services.intake.records import Record, RecordBuilder, SourceNameError

COLUMNS = ("Mã", "Địa chỉ", "Xã", "Vĩ độ", "Kinh độ", "Chủ hộ", "SĐT", "Tuyến")


def build(values: dict[str, Any], columns: tuple[str, ...] | None = COLUMNS, **more: Any) -> Record:
    return RecordBuilder("tq", columns, {}, "batch-1").build(Row(1, values, **more))


def fault(record: Record) -> str | None:
    found = validator("address.raw.v1").check(orjson.loads(record.value))
    return None if found is None else found.message


def test_a_full_row_becomes_a_valid_record() -> None:
    cells = ("K7", " Thôn 5 ", "Tân Trào", "21,78", "105.4", "Lò Văn Mẫu", "0900 000 697", "TQ-03")
    record = build(dict(zip(COLUMNS, cells, strict=True)))
    assert record.key == b"tq:K7"
    assert orjson.loads(record.value) == {
        "source": "tq",
        "source_record_id": "K7",
        "address": "Thôn 5",
        "commune": "Tân Trào",
        "position": {"lat": 21.78, "lon": 105.4},
        "householder": {"name": "Lò Văn Mẫu", "phone": "0900 000 697"},
        "extra": {"Tuyến": "TQ-03"},
        "batch_id": "batch-1",
        "line_no": 1,
    }
    assert fault(record) is None


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"Mã": "1"}, "/address: is empty"),
        ({"Mã": "1", "Địa chỉ": "a", "Vĩ độ": "21°49'"}, "/position/lat: must be null or number, not string"),
        ({"Mã": "1", "Địa chỉ": "x" * 1001}, "/address: is longer than 1,000"),
        ({"Mã": "a\nb", "Địa chỉ": "x"}, "/source_record_id"),
        ({"Mã": "1", "Địa chỉ": "a\x00b"}, "/address"),
    ],
)
def test_a_row_that_makes_no_valid_record_is_sent_as_it_is(values: dict[str, Any], says: str) -> None:
    record = build(values)
    found = fault(record)
    assert found is not None
    assert says.split(" ")[0] in found
    assert record.key == f"tq:{values['Mã']}".encode()


def test_surplus_cells_make_a_row_invalid_and_stay_with_it() -> None:
    record = build({"Mã": "1", "Địa chỉ": "a"}, surplus=("b",))
    assert fault(record) is not None
    assert orjson.loads(record.value)["surplus_cells"] == ["b"]


def test_bytes_that_are_not_utf8_are_sent_unchanged() -> None:
    record = build({"Mã": "1", "Địa chỉ": b"x\xe0y".decode(errors="surrogateescape")})
    assert b'"address":"x\xe0y"' in record.value
    with pytest.raises(UnicodeDecodeError):
        record.value.decode()


@pytest.mark.parametrize("line", [b"[1]", b"null", b"{", b"\xff\xfe", b'"text"'])
def test_a_line_that_is_no_object_is_sent_unchanged(line: bytes) -> None:
    record = RecordBuilder("tq", None, {}).build(json_row(3, line))
    assert record.value == line
    assert record.key.startswith(b"tq:")
    assert record.line_no == 3


def test_a_huge_row_is_cut_to_what_the_topic_takes_and_still_too_large() -> None:
    record = build({"Mã": "1", "Địa chỉ": "x" * 3_000_000})
    assert len(record.value) == 1_000_000


def test_an_object_in_the_form_of_a_record_stays_what_it_is() -> None:
    value = {
        "source": "other",
        "source_record_id": "7",
        "address": "Thôn 5",
        "village": None,
        "position": {"easting": 418812.4, "northing": 2414120.9, "epsg": 9211},
        "householder": {"name": "Lò Văn Mẫu"},
        "extra": {"route": "TQ-03"},
    }
    record = RecordBuilder("tq", None, {}, "b").build(json_row(1, orjson.dumps(value)))
    sent = orjson.loads(record.value)
    assert fault(record) is None
    assert sent.pop("extra") == {"route": "TQ-03", "source": "other"}
    expected = value | {"source": "tq", "batch_id": "b", "line_no": 1}
    assert sent == {name: each for name, each in expected.items() if name not in ("extra", "village")}


def test_an_objects_own_keys_become_text() -> None:
    line = b'{"id": 7, "raw": "x", "n": 5, "yes": true, "list": [1], "none": null, "householder_phone": 900}'
    record = RecordBuilder("tq", None, {}).build(json_row(1, line))
    sent = orjson.loads(record.value)
    assert (sent["source_record_id"], sent["address"]) == ("7", "x")
    assert sent["extra"] == {"n": "5", "yes": "true", "list": "[1]"}
    assert sent["householder"] == {"phone": "900"}
    assert fault(record) is None


def test_without_an_id_the_address_and_its_occurrence_are_the_id() -> None:
    rows = [
        {"Địa chỉ": "a", "Chủ hộ": "A", "Tuyến": "1"},
        {"Địa chỉ": "a", "Chủ hộ": "B", "Tuyến": "2"},
        {"Địa chỉ": "a", "Vĩ độ": "21"},
        {"Địa chỉ": "a", "Mã": "  "},
    ]
    first, second = (
        [builder.build(Row(n, row)).id for n, row in enumerate(rows, start=1)]
        for builder in (RecordBuilder("tq", COLUMNS, {}), RecordBuilder("tq", COLUMNS, {}))
    )
    assert first == second
    assert len(set(first)) == 4
    stem, nth = first[0].split("-")
    assert (first[1], first[3], nth) == (f"{stem}-2", f"{stem}-3", "1")
    assert not first[2].startswith(stem)


@given(
    st.dictionaries(
        st.sampled_from(COLUMNS), st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), min_size=1
    )
)
def test_every_row_of_text_becomes_a_record_with_its_line_and_key(values: dict[str, str]) -> None:
    record = build(values)
    sent = orjson.loads(record.value)
    assert (sent["batch_id"], sent["line_no"]) == ("batch-1", 1)
    assert record.key.decode() == f"tq:{sent['source_record_id']}"
    assert sent["source_record_id"]


@pytest.mark.parametrize("source", ["", "a:b", "tên", "x" * 65, "-a"])
def test_a_source_that_the_contract_does_not_allow_is_refused_at_once(source: str) -> None:
    with pytest.raises(SourceNameError, match="letters, digits"):
        RecordBuilder(source, COLUMNS, {})
