"""Event ids and headers: a replay makes the same event, another cause another one."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stream.envelope import (
    BATCH_ID,
    EVENT_NAMESPACE,
    LINE_NO,
    batch_row,
    event_headers,
    event_id,
    event_time,
    header,
    rfc3339,
)

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@given(st.uuids(), st.integers(0, 99), st.integers(0, 2**40), st.text(max_size=20), st.integers(0, 9))
def test_an_event_id_is_the_uuid5_of_its_cause(topic: uuid.UUID, part: int, offset: int, to: str, index: int) -> None:
    name = f"{topic}/{part}/{offset}/{to}/{index}"
    assert event_id(str(topic), part, offset, to, index) == str(uuid.uuid5(EVENT_NAMESPACE, name))


def test_the_trace_goes_on_with_a_span_of_its_own() -> None:
    made = event_headers("t.v1", "/diachi/x", event="0" * 36, subject=b"k", time=b"t", trace=TRACE)
    trace = header(made, "traceparent")
    assert trace is not None
    assert trace.split(b"-")[1] == TRACE.split(b"-")[1]
    assert trace.split(b"-")[2] != TRACE.split(b"-")[2]


# Of the same length as a sound one: another version, a dash elsewhere, one too many, a letter that is no digit.
LIKE_TRACES = [
    b"01" + TRACE[2:],
    TRACE[:34] + b"-6" + TRACE[36:],
    TRACE[:10] + b"-" + TRACE[11:],
    TRACE[:-1] + b"g",
    TRACE.upper(),
]


@pytest.mark.parametrize("trace", [None, b"", b"00-xyz", b"\xff" * 55, *LIKE_TRACES])
def test_a_trace_that_is_none_is_left_out(trace: bytes | None) -> None:
    made = event_headers("t.v1", "/diachi/x", event="0" * 36, subject=b"k", time=b"t", trace=trace)
    assert header(made, "traceparent") is None


def test_a_kafka_timestamp_is_written_to_the_millisecond() -> None:
    assert rfc3339(1_767_000_000_007) == b"2025-12-29T09:20:00.007Z"


@pytest.mark.parametrize("given", [b"2025-11-23T07:12:05Z", b"2025-11-23T14:12:05.120+07:00"])
def test_the_time_of_an_event_is_its_cause_s_own(given: bytes) -> None:
    assert event_time([("ce_time", given)], 1_767_000_000_007) == given


@pytest.mark.parametrize(
    "given",
    [b"", b"\xff", b"today", b"2025-11-23", b"2025-11-23T07:12:05", b"2025-02-30T07:12:05Z", b"2025-11-23T7:1:5Z"],
)
def test_a_time_that_is_none_gives_way_to_that_of_the_record(given: bytes) -> None:
    assert event_time([("ce_time", given)], 1_767_000_000_007) == b"2025-12-29T09:20:00.007Z"


@pytest.mark.parametrize(
    ("batch", "line", "row"),
    [
        (b"b1", b"7", ("b1", 7)),
        (b"b1", b"-7", None),
        (b"b1", b"9" * 30, None),
        (b"b1", b"", None),
        (b"b1", b"0", None),
        (b"\xff", b"7", None),
        (b"Anh Ba, 0900 000 000", b"7", None),
        (b"b" * 65, b"7", None),
        (b"b1\n", b"7", None),
        (None, b"7", None),
        (b"b1", None, None),
    ],
)
def test_a_row_is_named_by_headers_or_not_at_all(
    batch: bytes | None, line: bytes | None, row: tuple[str, int] | None
) -> None:
    headers = [(name, value) for name, value in ((BATCH_ID, batch), (LINE_NO, line)) if value is not None]
    assert batch_row(headers) == row
