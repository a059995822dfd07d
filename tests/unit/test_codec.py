"""Records to bytes and back."""

from __future__ import annotations

import uuid

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import BatchStatus, Transition
from schemas.codec import decode, encode, from_mapping
from schemas.outcome import Outcome
from schemas.raw import RawAddress, RawPosition
from schemas.uuids import namespace, uuid5_text

text = st.text(st.characters(exclude_categories=["Cs"]))
positions = st.builds(
    RawPosition,
    lat=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lon=st.none() | st.integers(-180, 180).map(float),
    epsg=st.none() | st.integers(0, 2**53),
)
raws = st.builds(
    RawAddress,
    source=text,
    source_record_id=text,
    address=text,
    position=st.none() | positions,
    extra=st.none() | st.dictionaries(text, text),
    line_no=st.none() | st.integers(1, 2**53),
)


@given(raws)
def test_a_record_comes_back_as_it_was(raw: RawAddress) -> None:
    assert decode(RawAddress, encode(raw)) == raw
    assert from_mapping(RawAddress, orjson.loads(encode(raw))) == raw


@given(raws)
def test_the_bytes_are_compact_json_in_the_order_of_the_fields(raw: RawAddress) -> None:
    assert orjson.loads(encode(raw)) == msgspec.to_builtins(raw)
    names = [field.name for field in msgspec.structs.fields(raw)]
    assert list(orjson.loads(encode(raw))) == names
    assert b": " not in encode(RawAddress("s", "1", "Thôn 5"))


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    value = {
        "source": "s",
        "source_record_id": "1",
        "address": "a",
        "line_no": 5.0,
        "position": {"lat": 21.0, "lon": 5},
    }
    raw = from_mapping(RawAddress, value)
    assert (raw.line_no, type(raw.line_no)) == (5, int)
    assert raw.position == RawPosition(lat=21.0, lon=5.0)
    assert isinstance(raw.position.lat, float)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"null", b"[]", b"{}", b'{"line_no":1,"version":1,"previous":null,"outcome":"lost"}'],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(Transition, data)


def test_fields_that_a_later_release_adds_are_passed_over() -> None:
    step = Transition(1, 2, None, Outcome.REVIEW, reason="commune.missing")
    assert decode(Transition, encode(step)[:-1] + b',"later":{"x":[1]}}') == step


def test_lists_of_records_can_be_read() -> None:
    status = BatchStatus("b", None, None, "open", None, 0, outcomes={"digitised": 3})
    assert decode(list[BatchStatus], encode([status, status])) == [status, status]


@given(st.uuids(), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_has_the_uuid_of_the_standard_library(within: uuid.UUID, name: str) -> None:
    assert uuid5_text(namespace(within.bytes), name) == str(uuid.uuid5(within, name))
