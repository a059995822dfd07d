"""Batches with a known account: composed addresses of Tuyên Quang, good, doubtful and unreadable."""

from __future__ import annotations

import random
from collections.abc import Callable

import orjson

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune
from services.stream.envelope import BATCH_ID, LINE_NO, Headers

Row = tuple[bytes | None, bytes | None, Headers]
PROVINCE = "08"
USUAL_BROKEN = 0.03
_TOO_LARGE = 70_000


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
    communes = [commune for commune in gazetteer.communes.values() if commune.province_code == PROVINCE]
    rows: list[Row] = []
    last: dict[str, object] = {}
    for line_no in range(first_line, first_line + count):
        headers: Headers = [(BATCH_ID, batch_id.encode()), (LINE_NO, str(line_no).encode())]
        if draw.random() < broken:
            key, value = draw.choice(_BROKEN)(line_no)
            rows.append((key, value, headers))
            continue
        raw = _raw(draw, draw.choice(communes), line_no, batch_id, last)
        last = raw
        rows.append((f"chaos:{line_no}".encode(), orjson.dumps(raw), headers))
    return rows


def _raw(
    draw: random.Random, commune: Commune, line_no: int, batch_id: str, last: dict[str, object]
) -> dict[str, object]:
    raw: dict[str, object] = {
        "source": "chaos",
        "source_record_id": str(line_no),
        "batch_id": batch_id,
        "line_no": line_no,
        "address": f"Số nhà {line_no}, thôn {draw.randint(1, 12)}, {commune.kind} {commune.name}, tỉnh Tuyên Quang",
    }
    kind = draw.random()
    if kind < 0.03:
        raw["address"] = f"kho hàng số {line_no} ở đâu đó"
    elif kind < 0.58 and commune.lat is not None and commune.lon is not None:
        apart = (0.001, 0.001) if kind < 0.08 else (draw.uniform(-0.004, 0.004), draw.uniform(-0.004, 0.004))
        raw["position"] = {"lat": round(commune.lat + apart[0], 6), "lon": round(commune.lon + apart[1], 6)}
    elif kind > 0.96:
        raw |= {name: last[name] for name in ("address", "position") if name in last}
    return raw


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
        (b"22110", orjson.dumps({"batch_id": batch_id, "line_no": line, "of": "another release"}), [])
        for line in range(first_line, first_line + count)
    ]
