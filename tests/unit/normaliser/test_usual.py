"""What is read in one step is what the schema lets through, and comes to the same."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from schemas.codec import encode, from_mapping
from schemas.raw import RawAddress
from schemas.validation import validator
from services.normaliser.usual import usual_submission
from tests.contract.examples import invalid_examples, valid_examples

PLAIN = {"source": "post", "source_record_id": "1", "address": "Số 5, Thôn 2"}
FULL = {
    **PLAIN,
    "village": "Thôn 2",
    "commune": None,
    "position": {"lat": 21.8, "lon": 105, "accuracy_m": 5, "epsg": None},
    "householder": {"name": "Nguyễn Văn Mẫu", "phone": None},
    "extra": {"route": "TQ-03"},
    "batch_id": "b-1",
    "line_no": 17,
}
TEXT = "ab" * 600
NAMES = st.sampled_from(["source", "source_record_id", "address", "village", "batch_id", "line_no", "extra", "what"])
WORDS = ["", " ", "a", "a" * 200, "a" * 201, "á\0", "\t", "\x7f", "\u0085x", "a:b", TEXT[:1000], TEXT[:1001]]
LEAVES = st.sampled_from([*WORDS, None, True, -0.0]) | st.integers(-2, 10**8 + 1)
PARTS = st.sampled_from(["lat", "epsg", "accuracy_m", "name", "phone", "", "x" * 101])
VALUES = LEAVES | st.dictionaries(PARTS, LEAVES)
CHANGES = st.dictionaries(NAMES | st.sampled_from(["position", "householder"]), VALUES, max_size=3)


def agrees(data: bytes) -> RawAddress | None:
    """The submission in `data`, if it is a usual one: then the schema must agree, and give the same."""
    read = usual_submission(data)
    if read is not None:
        value = orjson.loads(data)
        assert validator("address.raw.v1").check(value) is None
        # Not the same class: compared as what they hold.
        assert encode(read) == encode(from_mapping(RawAddress, value))
    return read


@pytest.mark.parametrize("value", [PLAIN, FULL])
def test_usual_submissions_are_read_in_one_step(value: dict[str, Any]) -> None:
    read = agrees(orjson.dumps(value))
    assert read is not None and isinstance(read, RawAddress)
    assert asdict(read)["address"] == value["address"]


def test_what_the_schema_refuses_is_not_usual() -> None:
    for example in [*invalid_examples("address.raw.v1"), *valid_examples("address.decision.v1")]:
        assert usual_submission(example.data) is None, example
    assert any(agrees(example.data) for example in valid_examples("address.raw.v1"))


@given(CHANGES)
def test_nothing_that_the_schema_refuses_is_read(changes: dict[str, Any]) -> None:
    agrees(orjson.dumps(FULL | changes))


@given(st.sampled_from(["village", "commune", "district", "province"]), st.integers(198, 202))
def test_the_limit_of_a_field(field: str, length: int) -> None:
    assert (agrees(orjson.dumps({**PLAIN, field: "ă" * length})) is not None) == (length <= 200)


@pytest.mark.parametrize(
    "data",
    [
        b'{"source":"a","source_record_id":"1","address":"x\\ud800"}',
        b'{"source":"a","source_record_id":"1","address":"x\xff"}',
        b'{"source":"a","source_record_id":"1","address":"x"} {}',
        b'{"source":"a","source_record_id":"1","address":"x","position":{"lat":1e400}}',
        b'{"source":"a","source_record_id":"1","address":"x","line_no":5.0}',
        b"[]",
        b"",
    ],
)
def test_other_bytes_are_left_to_the_schema(data: bytes) -> None:
    assert usual_submission(data) is None
