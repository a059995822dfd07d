"""What a fault says: enough to mend the record, and nothing that stood in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.catalogue import record_names
from schemas.validation import MAX_DEPTH, MAX_DEPTH_RULE, Validator, deeper_than, validator
from tests.contract.examples import valid_examples

RAW = {"source": "post", "source_record_id": "1", "address": "Tổ 7, phường Minh Xuân"}
SECRETS = ("Nguyễn Thị Kín", "0912 345 678", "ẩn@mật.vn")


def message(**changes: Any) -> str:
    fault = validator("address.raw.v1").check({**RAW, **changes})
    assert fault is not None
    return fault.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": None}, ["/address: must be string, not null", "Example: "]),
        ({"address": "x" * 1001}, ["/address: is longer than 1,000 characters"]),
        ({"address": " "}, ["/address: is not written as it should be", "not only spaces"]),
        ({"position": {"lat": "21,8"}}, ["/position/lat: must be number or null, not string", "21.823612"]),
        ({"position": {"lat": 1e9}}, ["/position/lat: is more than 10000000"]),
        ({"position": []}, ["/position: must be object or null, not array"]),
        ({"adress": "x"}, ["the record: has a property that is not known (perhaps address misspelt)", "into extra"]),
        ({"a": 1, "b": 2}, ["has 2 properties that are not known", "known are source, source_record_id, address"]),
        ({"batch_id": "b"}, ["/line_no: is missing", "A row of a batch needs one", "Example: 17"]),
        ({"extra": {"x": 1}}, ["/extra/*: must be string, not integer"]),
        ({"extra": {"x" * 101: "1"}}, ["/extra: has a member whose name is not allowed", "at most 100 characters"]),
        ({"line_no": 0, "source": "a:b"}, ["/line_no: is less than 1", "(1 more fault in this record.)"]),
    ],
)
def test_message_says_what_where_and_how_to_mend(changes: dict[str, Any], words: list[str]) -> None:
    said = message(**changes)
    assert [word for word in words if word not in said] == [], said


def test_form_is_told_by_its_kind() -> None:
    check = validator("batch.progress.v1").check
    closed = check({"kind": "closed", "batch_id": "b", "rows": 4})
    assert closed is not None
    assert closed.pointer == "/closed_at"
    unknown = check({"kind": "paused"})
    assert unknown is not None
    assert "has none of the known forms" in unknown.message


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in inner:
        yield from places(member, (*path, step))


def with_secret(value: Any, path: tuple[str | int, ...], secret: str, how: str) -> Any:
    """The value with `secret` at a place: as the value, inside it, as the name of a member, or of a new one."""
    value = copy.deepcopy(value)
    if not path:
        return {secret: value} if how == "rename" else [secret, value] if how == "wrap" else secret
    *way, last = path
    parent = value
    for step in way:
        parent = parent[step]
    if how == "replace":
        parent[last] = secret
    elif how == "wrap":
        parent[last] = {secret: [parent[last], secret]}
    elif isinstance(parent, dict) and how == "rename":
        parent[secret] = parent.pop(last)
    elif isinstance(parent, dict):
        parent[secret] = secret
    else:
        parent.append(secret)
    return value


@given(data=st.data())
def test_no_fault_repeats_what_stood_in_the_record(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from(record_names()))
    value = data.draw(st.sampled_from(valid_examples(record))).value
    secret = data.draw(st.sampled_from(SECRETS))
    broken = value
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(places(broken))))
        broken = with_secret(broken, path, secret, data.draw(st.sampled_from(["replace", "wrap", "rename", "add"])))
    fault = validator(record).check(broken)
    if fault is not None:
        assert secret not in f"{fault.pointer} {fault.rule} {fault.message} {fault!r}"


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(record=st.sampled_from(record_names()), value=ANY_JSON)
def test_any_json_gets_an_answer(record: str, value: Any) -> None:
    fault = validator(record).check(value)
    assert fault is not None
    assert fault.message.startswith(fault.pointer or "the record")


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 255, 256, 1000, 100_000])
def test_deep_records_are_refused_as_such(depth: int) -> None:
    for changes in ({"extra": nested(depth)}, {"unknown": nested(depth)}, {"address": nested(depth)}):
        fault = validator("address.raw.v1").check({**RAW, **changes})
        assert fault is not None
        assert fault.rule == MAX_DEPTH_RULE


def test_depth_is_counted_in_lists_and_objects() -> None:
    assert not deeper_than("x", 0)
    assert not deeper_than(nested(3), 3)
    assert deeper_than(nested(4), 3)
    assert not deeper_than([1, {"a": []}], 3)


def test_no_valid_example_nests_nearly_as_deep_as_allowed() -> None:
    assert not [example for example in valid_examples() if deeper_than(example.value, MAX_DEPTH // 4)]


def test_unknown_record_has_no_validator() -> None:
    with pytest.raises(KeyError):
        Validator("address.raw.v2")
