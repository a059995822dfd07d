"""What is made once a record gives the same headers as making all of them for every event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.stream.envelope import EventKind, Origin, event_headers, event_id

TRACES = (None, b"", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", b"00-" + b"x" * 52)


@given(st.integers(0, 99), st.integers(0, 2**63), st.integers(0, 3), st.binary(), st.sampled_from(TRACES))
def test_headers_are_those_of_the_single_event(
    partition: int, offset: int, index: int, key: bytes, trace: bytes | None
) -> None:
    time = b"2026-01-02T03:04:05.678Z"
    headers = [("ce_time", time), *([] if trace is None else [("traceparent", trace)])]
    event = event_id("topic", partition, offset, "address.national.v1", index)
    made = event_headers("address.national.v1", "/diachi/registrar", event=event, subject=key, time=time, trace=trace)
    origin = Origin("topic", partition, offset, headers, 0)
    assert origin.headers(EventKind("address.national.v1", "/diachi/registrar"), index, key) == made
