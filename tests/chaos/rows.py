"""Batches with a known account: composed addresses of Tuyên Quang, good, doubtful and unreadable, and what their source
says of them later."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from services.stream.topics import MATCHED

Row = tuple[bytes | None, bytes | None, Headers]
PROVINCE = "08"
USUAL_BROKEN = 0.03
_TOO_LARGE = 70_000
_OTHER_RELEASE = "another release"


def compose(
    gazetteer: Gazetteer,
    count: int,
    batch_id: str,
    seed: int = 1,
    *,
    first_line: int = 1,
    broken: float = USUAL_BROKEN,
) -> list[Row]:
    """Key, value and headers of `count` rows; the same for the same arguments, but for the batch they belong to.

    Rows of one dwelling agree on its point: of two points the first to arrive would count, which no run repeats.

    Of a hundred rows about 55 have a point, 5 of them in one cell of their commune with others, 35 none, 4 are the
    dwelling of the row before, 3 cannot be placed, and 3 (the share `broken`) cannot be read.
    """
    draw = random.Random(f"{seed}/{first_line}")
    communes = _communes(gazetteer)
    rows: list[Row] = []
    last: dict[str, Any] = {}
    for line_no in range(first_line, first_line + count):
        headers = _headers(batch_id, line_no)
        if draw.random() < broken:
            key, value = draw.choice(_BROKEN)(line_no)
            rows.append((key, value, headers))
            continue
        raw = _raw(draw, draw.choice(communes), line_no, batch_id, last)
        last = raw
        rows.append((f"chaos:{line_no}".encode(), orjson.dumps(raw), headers))
    return rows


def alone(rows: Iterable[Row]) -> list[Row]:
    """The readable rows of a portion whose dwelling is that of no other.

    What becomes of a shared one depends on whose news comes first, which no run repeats.
    """
    readable = [(row, raw) for row in rows if (raw := _readable(row)) is not None]
    homes = Counter(raw["address"] for _, raw in readable)
    return [row for row, raw in readable if homes[raw["address"]] == 1]


def renewed(gazetteer: Gazetteer, row: Row, batch_id: str, line_no: int, draw: random.Random) -> Row:
    """The same record on a later line: with its first point, moved by 100 m or 20 m, without its point, in another
    commune after all, in doubt, the same again, or withdrawn.

    Its text changes only with its commune, or leads to no place: a code is of one dwelling.
    """
    key, _, _ = row
    raw = _readable(row)
    if raw is None:
        raise ValueError("a row that cannot be read is no record")
    raw |= {"batch_id": batch_id, "line_no": line_no}
    communes = _communes(gazetteer)
    home = next((one for one in communes if f", {one.kind} {one.name}, " in raw["address"]), None)
    what, point = draw.random(), raw.get("position")
    if what < 0.45 and point is not None:
        raw["position"] = {**point, "lat": round(point["lat"] + (0.0009 if what < 0.3 else 0.0002), 6)}
    elif what < 0.45 and home is not None:
        raw |= _position(draw, home)
    elif what < 0.55:
        raw.pop("position", None)
    elif what < 0.7:
        elsewhere = draw.choice([one for one in communes if one is not home])
        raw = _raw(draw, elsewhere, line_no, batch_id, {}) | {"source_record_id": raw["source_record_id"]}
    elif what < 0.8:
        raw["address"] = f"kho hàng số {line_no} ở đâu đó"
    value = None if what > 0.9 else orjson.dumps(raw)
    return key, value, _headers(batch_id, line_no)


def _readable(row: Row) -> dict[str, Any] | None:
    """What a good row says; None for one that cannot be read, or not under its key."""
    key, value, _ = row
    try:
        raw = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    sound = isinstance(raw, dict) and "address" in raw and key == f"chaos:{raw.get('source_record_id')}".encode()
    return raw if sound else None


def _headers(batch_id: str, line_no: int) -> Headers:
    return [(BATCH_ID, batch_id.encode()), (LINE_NO, str(line_no).encode())]


def _communes(gazetteer: Gazetteer) -> list[Commune]:
    return [commune for commune in gazetteer.communes.values() if commune.province_code == PROVINCE]


def _raw(draw: random.Random, commune: Commune, line_no: int, batch_id: str, last: dict[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "source": "chaos",
        "source_record_id": str(line_no),
        "batch_id": batch_id,
        "line_no": line_no,
        "address": f"Số nhà {line_no}, thôn {draw.randint(1, 12)}, {commune.kind} {commune.name}, tỉnh Tuyên Quang",
    }
    kind = draw.random()
    if kind < 0.03:
        raw["address"] = f"kho hàng số {line_no} ở đâu đó"
    elif kind < 0.58:
        raw |= _position(draw, commune, in_one_cell=kind < 0.08)
    elif kind > 0.96:
        raw |= {name: last[name] for name in ("address", "position") if name in last}
    return raw


def _position(draw: random.Random, commune: Commune, *, in_one_cell: bool = False) -> dict[str, Any]:
    if commune.lat is None or commune.lon is None:
        return {}
    apart = (0.001, 0.001) if in_one_cell else (draw.uniform(-0.004, 0.004), draw.uniform(-0.004, 0.004))
    return {"position": {"lat": round(commune.lat + apart[0], 6), "lon": round(commune.lon + apart[1], 6)}}


def _key(line_no: int) -> bytes:
    return f"chaos:{line_no}".encode()


_BROKEN: tuple[Callable[[int], tuple[bytes | None, bytes | None]], ...] = (
    lambda line: (_key(line), b'{"source": "chaos", "address": \xff'),
    lambda line: (_key(line), b'{"source": "chaos", "address": '),
    lambda line: (_key(line), b""),
    lambda line: (_key(line), b'{"source": "chaos", "source_record_id": "%d"}' % line),
    lambda line: (_key(line), b'{"source": "chaos", "address": "%s"}' % (b"x" * _TOO_LARGE if line % 20 == 0 else b"")),
    lambda line: (b"other", b'{"source": "chaos", "source_record_id": "%d", "address": "Minh Xuan"}' % line),
    lambda line: (None, b"[" * 2000),
)


def misdeployed(batch_id: str, first_line: int, count: int) -> list[Row]:
    """Rows for the registrar's input that no normaliser of this release would write; they name their own lines."""
    return [
        (b"22110", orjson.dumps({"batch_id": batch_id, "line_no": line, "of": _OTHER_RELEASE}), [])
        for line in range(first_line, first_line + count)
    ]


def is_misdeployed(topic: str, value: bytes | None) -> bool:
    """Whether a record is such a row, on the topic where it was put."""
    return topic == MATCHED and value is not None and orjson.loads(value).get("of") == _OTHER_RELEASE
