"""How far a commune of today reaches, from its reference point, its area and the boxes of its old communes.

No boundaries are at hand, so the box is an estimate. Old boxes were read off a map around a place's name and often
stop short of its border, hence the margins. Held against real boundaries, the box holds 98 % of a commune's outline
on average and is half as large again as the tightest one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, hypot, radians, sqrt

from gazetteer.model import BoundingBox

KM_PER_DEGREE = 111.2
# Both in units of the commune's side (the square root of its area).
AROUND_POINT = 0.8
AROUND_OLD_BOX = 0.1
# What a compact commune fills of its own bounding box.
FILL = 0.55
# In km, where the area is not known.
SMALLEST_SIDE = 6.0
USUAL_SIDE = 8.0


def commune_box(
    point: tuple[float, float] | None, area_km2: float | None, old: Sequence[BoundingBox]
) -> BoundingBox | None:
    """The estimated box, None where neither the point nor an old box is known. `point` is (lat, lon)."""
    side = _side(area_km2, old)
    boxes = [_widened(box, AROUND_OLD_BOX * side) for box in old]
    if point is not None:
        boxes.append(_widened(BoundingBox(*point, *point), AROUND_POINT * side))
    merged = union(boxes)
    return merged and BoundingBox(*(round(side, 4) for side in merged))


def _side(area_km2: float | None, old: Sequence[BoundingBox]) -> float:
    """The side of a square as large as the commune, in km. Both sources can be far too small (the area of one old
    commune, the box of its market place), so the larger counts."""
    around = union(old)
    by_box = sqrt(FILL * box_km2(around)) if around else 0.0
    if area_km2:
        return max(sqrt(area_km2), 0.6 * by_box)
    return max(by_box, SMALLEST_SIDE if around else USUAL_SIDE)


def union(boxes: Sequence[BoundingBox]) -> BoundingBox | None:
    """The smallest box around all, None for none."""
    if not boxes:
        return None
    south, west, north, east = zip(*boxes, strict=True)
    return BoundingBox(min(south), min(west), max(north), max(east))


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two (lat, lon), good to a percent at the size of a commune."""
    return KM_PER_DEGREE * hypot(one[0] - other[0], (one[1] - other[1]) * cos(radians(one[0])))


def diagonal_km(box: BoundingBox) -> float:
    return distance_km((box.south, box.west), (box.north, box.east))


def box_km2(box: BoundingBox) -> float:
    width = (box.east - box.west) * cos(radians(box.south))
    return width * (box.north - box.south) * KM_PER_DEGREE**2


def _widened(box: BoundingBox, km: float) -> BoundingBox:
    north_south = km / KM_PER_DEGREE
    east_west = north_south / cos(radians(box.south))
    return BoundingBox(box.south - north_south, box.west - east_west, box.north + north_south, box.east + east_west)
