"""Points, boxes and anchors against real boundaries, which are not part of the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gazetteer.gazetteer import Gazetteer

BOUNDARIES = Path(__file__).parents[3].parent / "shared" / "boundaries"
# Islands whose simplified outline leaves out the one the point is on, and one town whose point is 1 km off.
OFF_SHORE = {"06757", "06967", "06994", "20333", "22736", "30781", "30811"}
NEARBY = {"04033"}
# The boundaries use the later code of Ba Chẽ.
RECODED = {"06978": "06970"}

Ring = list[list[float]]


def polygons() -> Iterator[tuple[str, list[list[Ring]]]]:
    for path in sorted(BOUNDARIES.glob("*.geojson")):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            code, geometry = feature["properties"]["code"], feature["geometry"]
            parts = geometry["coordinates"]
            yield RECODED.get(code, code), [parts] if geometry["type"] == "Polygon" else parts


@pytest.fixture(scope="module")
def outlines() -> dict[str, Any]:
    found = dict(polygons())
    if not found:
        pytest.skip("no boundaries in ../shared")
    return found


def crosses(ring: Ring, lat: float, lon: float) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def holds(parts: list[list[Ring]], lat: float, lon: float) -> bool:
    """Whether a point is in the outer ring of a part and in none of its holes."""
    return any(crosses(part[0], lat, lon) and not any(crosses(hole, lat, lon) for hole in part[1:]) for part in parts)


def test_reference_points_lie_in_their_communes(gazetteer: Gazetteer, outlines: dict[str, Any]) -> None:
    outside = {
        code
        for code, one in gazetteer.communes.items()
        if one.lat is not None and one.lon is not None and not holds(outlines[code], one.lat, one.lon)
    }
    assert outside == OFF_SHORE | NEARBY


def test_anchors_reach_every_corner(gazetteer: Gazetteer, outlines: dict[str, Any]) -> None:
    """Recovery takes the nearest cell of one degree: right for points less than half a degree away."""
    for code, one in gazetteer.communes.items():
        if not one.decodable:
            continue
        corners = [corner for part in outlines[code] for corner in part[0]]
        assert max(abs(lat - one.anchor_lat) for _, lat in corners) < 0.5
        assert max(abs(lon - one.anchor_lon) for lon, _ in corners) < 0.5


def test_boxes_hold_nearly_all_of_their_communes(gazetteer: Gazetteer, outlines: dict[str, Any]) -> None:
    shares = []
    for code, one in gazetteer.communes.items():
        if one.bbox is None or not one.decodable:
            continue
        box, corners = one.bbox, [corner for part in outlines[code] for corner in part[0]]
        held = sum(box.south <= lat <= box.north and box.west <= lon <= box.east for lon, lat in corners)
        shares.append(held / len(corners))
    assert len(shares) == 3318
    assert sum(shares) / len(shares) > 0.98
