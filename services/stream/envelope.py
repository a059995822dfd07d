"""CloudEvents 1.0 binary headers, made so that a replay of the same input makes the same event."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from schemas.uuids import namespace, uuid5_text

# Kafka lets a header have no value; the compiled modules take that only where the type says so.
Header = tuple[str, bytes | None]
Headers = list[Header]

BATCH_ID: Final = "diachi-batch-id"
LINE_NO: Final = "diachi-line-no"

# The namespace of event ids (UUIDv5), chosen once at random and never changed.
EVENT_NAMESPACE: Final = UUID("c1f7a8de-2d0c-4f5f-9a53-6b1de0b1c6a4")

_NAMESPACE: Final = namespace(EVENT_NAMESPACE.bytes)

# `bytes.translate` puts a span together from an event's id and what follows it: each byte of `_SPAN` is a place there.
_AFTER_ID: Final = b"-01" + bytes(256 - 39)
_SPAN: Final = bytes([*range(8), *range(9, 13), *range(14, 18), 36, 37, 38])

# A sound traceparent, with all its digits written as 0 but for those of its version.
_DIGITS_ALIKE: Final = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_TRACE_FORM: Final = b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"
_RFC3339: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
# As schemas/json has them: what a producer puts into headers goes on to other topics.
_BATCH_ID: Final = re.compile(rb"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_LINE_NO: Final = re.compile(rb"[1-9][0-9]{0,7}")
# What is remembered of headers must not be of any size: these lengths are the longest that can be right.
_MOST_TIME_BYTES: Final = 40
_MOST_TIMES: Final = 1024
_TRACEPARENT_BYTES: Final = 55
_TIMES: Final[set[bytes]] = set()
# The years 1 to 9999, in milliseconds: a producer can put any number where a broker keeps its timestamps.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


def header(headers: Iterable[tuple[str, bytes | None]], name: str) -> bytes | None:
    """The first header of that name."""
    for key, value in headers:
        if key == name:
            return value
    return None


def event_id(topic_id: str, partition: int, offset: int, output_topic: str, index: int) -> str:
    """UUIDv5 that names the `index`-th event for `output_topic` caused by one input record."""
    return uuid5_text(_NAMESPACE, f"{topic_id}/{partition}/{offset}/{output_topic}/{index}")


class EventKind:
    """What the events on one topic from one source have in common. `topic` is the name without prefix."""

    def __init__(self, topic: str, source: str, data_schema: str | None = None) -> None:
        schema = data_schema or topic
        # `Any`: compiled code would take a typed pair apart here, and make a new one for each event.
        self.specversion: Final[Any] = ("ce_specversion", b"1.0")
        self.type: Final[Any] = ("ce_type", f"vn.{schema}".encode())
        self.source: Final[Any] = ("ce_source", source.encode())
        self.data_schema: Final[Any] = ("ce_dataschema", f"urn:diachi:schema:{schema}".encode())
        self.content_type: Final[Any] = ("content-type", b"application/json")
        self._topic: Final = topic
        self._first: Final = f"{topic}/0"

    def place(self, index: int) -> str:
        """What the name of an event's id ends with."""
        return self._first if index == 0 else f"{self._topic}/{index}"


@cache
def _kind(topic: str, source: str, data_schema: str | None) -> EventKind:
    return EventKind(topic, source, data_schema)


def event_headers(
    topic: str,
    source: str,
    *,
    event: str,
    subject: bytes,
    time: bytes,
    trace: bytes | None,
    data_schema: str | None = None,
) -> Headers:
    """The headers of one event.

    `topic` is the name without prefix; `event` the event's id; `source` a URI-reference such as
    `/diachi/normaliser`; `time` is RFC 3339; `trace` is the traceparent of the cause, whose trace goes on with a span
    of its own.
    """
    kind = _kind(topic, source, data_schema)
    return _headers(kind, event.encode(), subject, ("ce_time", time), _trace_start(trace))


class Origin:
    """What the events that one input record causes have in common: the start of their ids' names, time and trace."""

    def __init__(
        self, topic_id: str, partition: int, offset: int, headers: Sequence[tuple[str, bytes | None]], timestamp_ms: int
    ) -> None:
        given: bytes | None = None
        trace: bytes | None = None
        # One walk for both, from the end: the first header of a name counts.
        for name, value in reversed(headers):
            if name == "ce_time":
                given = value
            elif name == "traceparent":
                trace = value
        self.offset: Final = offset
        self.timestamp_ms: Final = timestamp_ms
        self.time: Final = _time(given, timestamp_ms)
        self._start: Final = f"{topic_id}/{partition}/{offset}/"
        self._time: Final[Any] = ("ce_time", self.time)
        self._trace: Final = _trace_start(trace)

    def headers(self, kind: EventKind, index: int, subject: bytes) -> Headers:
        """As `event_headers` with `event_id` makes them, for the `index`-th event of a kind."""
        event = uuid5_text(_NAMESPACE, self._start + kind.place(index))
        return _headers(kind, event.encode("ascii"), subject, self._time, self._trace)


def _headers(kind: EventKind, event: bytes, subject: bytes, time: Any, trace: bytes | None) -> Headers:
    # Written out: a list that grows, or is put together of two, costs twice as much.
    headers: Headers = [
        kind.specversion,
        kind.type,
        kind.source,
        kind.data_schema,
        kind.content_type,
        ("ce_id", event),
        ("ce_subject", subject),
        time,
    ]
    if trace is not None:
        headers.append(("traceparent", trace + _SPAN.translate(event + _AFTER_ID)))
    return headers


def _trace_start(trace: bytes | None) -> bytes | None:
    """A traceparent as far as its span, `00-` and 32 digits; None without one that is sound, with 16 and 2 more."""
    if trace is None or len(trace) != _TRACEPARENT_BYTES or not trace.startswith(b"00-"):
        return None
    # One look at all digits; `translate` without characters to delete makes no table of its own.
    if trace.translate(_DIGITS_ALIKE) != _TRACE_FORM:
        return None
    return trace[:36]


def rfc3339(timestamp_ms: int) -> bytes:
    """A Kafka timestamp as `2026-01-02T03:04:05.678Z`; one beyond the years 1 to 9999 as their first or last moment."""
    timestamp_ms = min(max(timestamp_ms, _FIRST_MS), _LAST_MS)
    moment = datetime.fromtimestamp(timestamp_ms // 1000, UTC)
    return moment.isoformat()[:19].encode() + b".%03dZ" % (timestamp_ms % 1000)


def event_time(headers: Sequence[tuple[str, bytes | None]], timestamp_ms: int) -> bytes:
    """When the fact happened: the cause's own `ce_time` if that is a time, else the time its record was produced."""
    return _time(header(headers, "ce_time"), timestamp_ms)


def _time(given: bytes | None, timestamp_ms: int) -> bytes:
    if given is not None and (given in _TIMES or _is_time(given)):
        return given
    return rfc3339(timestamp_ms)


def _is_time(given: bytes) -> bool:
    """Whether bytes are RFC 3339 with its offset from UTC; those that are, are remembered."""
    if len(given) > _MOST_TIME_BYTES:
        return False
    try:
        text = given.decode("ascii")
        datetime.fromisoformat(text)
    except ValueError:
        return False
    if _RFC3339.fullmatch(text) is None:
        return False
    if len(_TIMES) >= _MOST_TIMES:
        _TIMES.clear()
    _TIMES.add(given)
    return True


def claimed_row(value: object) -> tuple[str, int] | None:
    """The batch and line that a parsed JSON record names itself, if they are sound."""
    if not isinstance(value, dict):
        return None
    batch_id, line_no = value.get("batch_id"), value.get("line_no")
    if not isinstance(batch_id, str) or type(line_no) is not int:
        return None
    return batch_row(((BATCH_ID, batch_id.encode(errors="replace")), (LINE_NO, str(line_no).encode())))


def batch_row(headers: Sequence[tuple[str, bytes | None]]) -> tuple[str, int] | None:
    """The batch and line that a raw record's headers name, so that an unreadable record still belongs to its batch."""
    batch_id, line_no = header(headers, BATCH_ID), header(headers, LINE_NO)
    if batch_id is None or line_no is None or not _BATCH_ID.fullmatch(batch_id) or not _LINE_NO.fullmatch(line_no):
        return None
    return batch_id.decode(), int(line_no)
