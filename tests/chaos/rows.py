"""A batch with a known account: composed addresses of Tuyên Quang, good, doubtful and unreadable."""

from __future__ import annotations

import random

import orjson

from gazetteer.gazetteer import Gazetteer
from services.stream.envelope import BATCH_ID, LINE_NO, Headers

Row = tuple[bytes | None, bytes | None, Headers]
PROVINCE = "08"


def compose(gazetteer: Gazetteer, count: int, batch_id: str, seed: int = 1) -> list[Row]:
    """Key, value and headers of `count` rows; the same for the same arguments, but for the batch they belong to.

    Rows of one dwelling agree on its point: of two points the first to arrive would count, which no run repeats.

    Of a hundred rows about 55 have a point, 35 none, 4 are the dwelling of the row before, 3 cannot be placed, 3 cannot
    be read.
    """
    draw = random.Random(seed)
    communes = [commune for commune in gazetteer.communes.values() if commune.province_code == PROVINCE]
    rows: list[Row] = []
    last: dict[str, object] = {}
    for line_no in range(1, count + 1):
        commune = draw.choice(communes)
        kind = draw.random()
        key = f"chaos:{line_no}".encode()
        headers: Headers = [(BATCH_ID, batch_id.encode()), (LINE_NO, str(line_no).encode())]
        if kind < 0.03:
            rows.append((key, b'{"source": "chaos", "address": \xff', headers))
            continue
        raw: dict[str, object] = {
            "source": "chaos",
            "source_record_id": str(line_no),
            "batch_id": batch_id,
            "line_no": line_no,
            "address": f"Số nhà {line_no}, thôn {draw.randint(1, 12)}, {commune.kind} {commune.name}, tỉnh Tuyên Quang",
        }
        if kind < 0.06:
            raw["address"] = f"kho hàng số {line_no} ở đâu đó"
        elif kind < 0.61 and commune.lat is not None and commune.lon is not None:
            raw["position"] = {
                "lat": round(commune.lat + draw.uniform(-0.004, 0.004), 6),
                "lon": round(commune.lon + draw.uniform(-0.004, 0.004), 6),
            }
        elif kind > 0.96:
            raw |= {name: last[name] for name in ("address", "position") if name in last}
        last = raw
        rows.append((key, orjson.dumps(raw), headers))
    return rows
