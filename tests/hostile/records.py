"""Raw records as a hostile or careless producer writes them: any bytes, any JSON, any headers."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any, NamedTuple

import orjson

from schemas.dead_letter import DeadLetterCode, DeadLetterHeader, ReplayHeader
from services.stream.envelope import BATCH_ID, LINE_NO
from tests.hostile.texts import SPOILS, hostile_text, plain_texts

SOURCES = ("post", "other-post")
# So few ids that records come again, changed, moved, decided and withdrawn.
_IDS = 4000
_EPOCH_MS = 1_780_000_000_000

Headers = tuple[tuple[str, bytes | None], ...]


class Sent(NamedTuple):
    """A raw record. A header can have no value, which Kafka allows and its types here do not show."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp: int = _EPOCH_MS


Make = Callable[[Random], Sent]

_TOWNS = ((21.823612, 105.214109), (22.82, 104.98), (21.0, 105.85), (10.77, 106.7))
_ODD_NUMBERS: tuple[Any, ...] = (
    *(0, -0.0, 1e308, -1e308, 5e-324, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 10**15, 91, 181, 0.1 + 0.2),
    *("21,8", "", None, True, [21.8], {"lat": 21.8}, "NaN", "٢١"),
)
_ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 2**63, "", " ", "\x00", "\ufeff", "null", [], {}, [None], {"": ""}),
    *([[[[[[1]]]]]], {"a": {"b": {"c": {"d": 1}}}}, ["x"] * 2000, {str(n): n for n in range(300)}, "x" * 70_000),
)
_LITERALS = (
    b"NaN",
    b"Infinity",
    b"1e999",
    b"-",
    b"01",
    b"'x'",
    b'"\\ud800"',
    b'"\\u0000"',
    b"// x",
    b"{}{}",
    b"\xef\xbb\xbf1",
)


def _point(random: Random) -> dict[str, Any]:
    lat, lon = random.choice(_TOWNS)
    lat, lon = lat + random.gauss(0, 0.01), lon + random.gauss(0, 0.01)
    kind = random.randint(0, 5)
    if kind == 0:
        return {"lat": lon, "lon": lat}
    if kind == 1:
        return {"easting": random.uniform(1e5, 9e5), "northing": random.uniform(1e5, 3e6), "epsg": 9211}
    if kind == 2:
        return {name: random.choice(_ODD_NUMBERS) for name in random.sample(["lat", "lon", "easting", "epsg"], 2)}
    if kind == 3:
        return {"lat": random.uniform(-90, 90), "lon": random.uniform(-180, 180), "accuracy_m": random.uniform(0, 1e6)}
    return {"lat": lat, "lon": lon, "accuracy_m": random.choice([0, 1, 30, 1e9])}


def _sound(random: Random, text: str) -> dict[str, Any]:
    """A record that keeps to the schema, as far as its text does."""
    record: dict[str, Any] = {
        "source": random.choice(SOURCES),
        "source_record_id": str(random.randint(1, _IDS)),
        "address": text,
    }
    if random.random() < 0.4:
        record["position"] = _point(random)
    if random.random() < 0.2:
        record["householder"] = {"name": hostile_text(random, "short"), "phone": random.choice(["0912345678", "x", ""])}
    for field in ("village", "commune", "district", "province"):
        if random.random() < 0.15:
            record[field] = hostile_text(random, random.choice(list(SPOILS)))[:200]
    return record


def _key(record: dict[str, Any]) -> bytes:
    return f"{record['source']}:{record['source_record_id']}".encode(errors="replace")


def addresses(random: Random) -> Sent:
    """A sound record with a hostile text; of a record that is too long, the first characters."""
    text = hostile_text(random, random.choice(list(SPOILS)))
    record = _sound(random, text if random.random() < 0.05 else text[: random.choice([120, 400, 1000])])
    return Sent(_key(record), orjson.dumps(record))


def any_bytes(random: Random) -> Sent:
    """Bytes without meaning, or those of a record with some of them changed."""
    record = _sound(random, random.choice(plain_texts()))
    data = bytearray(orjson.dumps(record))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        match random.randint(0, 6):
            case 0:
                data[at : at + 1] = random.randbytes(random.randint(1, 3))
            case 1:
                del data[at : at + random.randint(1, 40)]
            case 2:
                data[at:at] = data[: random.randint(0, 60)]
            case 3:
                data[at:at] = random.choice(_LITERALS)
            case 4:
                data = bytearray(random.randbytes(random.choice([0, 1, 16, 300, 3000])))
            case 5:
                data = bytearray(
                    bytes(data)
                    .decode(errors="replace")
                    .encode(random.choice(["utf-16", "cp1258", "utf-8-sig"]), "replace")
                )
            case _:
                data[at:at] = bytes([random.choice(b'"{}[]:,\\\x00\n\xff')]) * random.choice([1, 2, 200, 5000])
    key = random.choice([_key(record), None, b"", b"\xff\xfe", random.randbytes(20), b"x" * 3000])
    return Sent(_key(record) if random.random() < 0.5 else key, bytes(data))


def json_shapes(random: Random) -> Sent:
    """JSON that is no record of ours, or one with odd values in some of its fields; decisions and withdrawals too."""
    record = _sound(random, random.choice(plain_texts()))
    key = _key(record)
    kind = random.randint(0, 9)
    if kind == 0:
        return Sent(key, None)
    if kind == 1:
        return Sent(key, orjson.dumps(random.choice(_ODD_VALUES)) if random.random() < 0.7 else _nested(random))
    if kind <= 4:
        record = _decision(random, record)
    for _ in range(random.randint(0, 2)):
        field = random.choice([*record, "position", "householder", "extra", "batch_id", "line_no", "x", "decided_by"])
        inner = record.get(field)
        if isinstance(inner, dict) and random.random() < 0.7:
            inner[random.choice([*inner, "x"])] = _odd(random)
        else:
            record[field] = _odd(random)
    try:
        data = orjson.dumps(record)
    except orjson.JSONEncodeError:
        data = b"{}"
    if random.random() < 0.1:  # a field twice
        data = b'{"address":' + orjson.dumps(random.choice(_ODD_VALUES[:17])) + b"," + data[1:]
    return Sent(key, data)


def _odd(random: Random) -> Any:
    return deepcopy(random.choice(_ODD_VALUES))


def _nested(random: Random) -> bytes:
    depth, (left, right) = random.choice([5, 33, 200, 1025, 9000]), random.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return left * depth + b"1" + right * depth


def _decision(random: Random, record: dict[str, Any]) -> dict[str, Any]:
    decision = {
        "source": record["source"],
        "source_record_id": record["source_record_id"],
        "decided_by": random.choice(["group-7", "ông Năm", "x"]),
        "decided_at": random.choice(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+07:00", "yesterday"]),
        "based_on_version": random.choice([0, 10, 10**9, 2**53, -1]),
        "commune_code": random.choice(["02215", "02374", "99999", "2215", ""]),
        "address_text": hostile_text(random, random.choice(list(SPOILS)))[:1000] or "x",
    }
    if random.random() < 0.5:
        decision["position"] = _point(random)
    if random.random() < 0.5:
        decision["village"] = hostile_text(random, random.choice(list(SPOILS)))[:200]
    if random.random() < 0.3:
        decision["components"] = {"house_number": hostile_text(random, "numbers")[:100], "street": "đường Bình Thuận"}
    return decision


_REPLAY = tuple(name.value for name in ReplayHeader)
_NAMES = (
    *("ce_id", "ce_time", "ce_subject", "ce_specversion", "content-type", "traceparent", "", "note", "ghi chú"),
    *(BATCH_ID, LINE_NO, *_REPLAY, *(name.value for name in DeadLetterHeader)),
)
_VALUES: tuple[bytes | None, ...] = (
    *(None, b"", b"\xff\xfe", b"\x00", b"1", b"-1", b"0", b"99999999999999999999", b"b1", b"a b", b"\xd9\xa1"),
    *(b"2026-01-02T03:04:05Z", b"0000-01-01T00:00:00Z", b"2026-13-40T99:99:99Z", b"9999-12-31T23:59:59-23:59"),
    *(b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00", b"0-0", b"999999-9223372036854775807", b"3-1207"),
    *(code.value.encode() for code in DeadLetterCode),
)


def headers(random: Random) -> Sent:
    """A record with headers that are absent, doubled, no UTF-8, huge, null, or those that only the services write."""
    record = _sound(random, random.choice(plain_texts()))
    count = random.choice([0, 1, 2, 5, 40])
    chosen = [(random.choice(_NAMES), random.choice(_VALUES)) for _ in range(count)]
    kind = random.randint(0, 5)
    if kind == 0 and chosen:
        chosen += chosen
    if kind == 1:
        name = random.choice(_NAMES)
        chosen.append((name, random.randbytes(random.choice([10_000, 200_000]))))
    if kind >= 2:  # what a replay says of itself, sound or nearly so
        chosen += [(name, random.choice(_VALUES)) for name in _REPLAY]
    if kind == 5:
        reason = random.choice(list(DeadLetterCode)).value.encode()
        origin = b"%d-%d" % (random.randint(0, 12), random.randint(0, 10**6))
        chosen[-3:] = zip(_REPLAY, (b"1", origin, reason), strict=True)
    value = None if random.random() < 0.1 else orjson.dumps(record)
    if random.random() < 0.2:
        value = b"broken"
    stamp = random.choice([_EPOCH_MS, _EPOCH_MS, -1, 0, 2**62, -(2**62), 253_402_300_800_000])
    return Sent(_key(record), value, tuple(chosen), stamp)


RECORD_KINDS: dict[str, Make] = {
    "bytes": any_bytes,
    "JSON shapes": json_shapes,
    "addresses": addresses,
    "Kafka headers": headers,
}


def with_row(sent: Sent, batch_id: str, line_no: int) -> Sent:
    """The record as a row of a batch, named by headers that come before its own."""
    row = ((BATCH_ID, batch_id.encode()), (LINE_NO, str(line_no).encode()))
    return sent._replace(headers=(*row, *sent.headers))
