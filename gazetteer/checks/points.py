"""Points and boxes: reference points outside their commune or province, boxes of some other place, anchors out of
reach. Without boundaries the test is how far a point lies from the old communes of the same commune, measured by
the commune's size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt

from gazetteer.assemble import read_lineage
from gazetteer.checks.rows import parsed
from gazetteer.extent import commune_box, diagonal_km, distance_km, union
from gazetteer.findings import Finding, error
from gazetteer.lineage import Lineage
from gazetteer.model import BoundingBox
from gazetteer.tables import EDITIONS, Row, Tables

# How far, in sides of the commune and km on top, a point may lie from where it is expected. Anything beyond was
# found to be a namesake elsewhere.
SIDES, SLACK_KM = 1.8, 2.0
USUAL_KM2 = 100.0
# A box wider than this many sides of its commune is that of another place.
BOX_SIDES = 3.0
BOX_SLACK_KM = 10.0
PROVINCE_SLACK = 0.1
# Recovery finds the nearest 1° cell, so an anchor serves points up to half a degree away.
REACH = 0.5
WIDEST = 0.9


@dataclass(slots=True)
class _Surroundings:
    """What is known of a commune of today apart from its reference point."""

    row: Row
    points: list[tuple[float, float]] = field(default_factory=list)
    boxes: list[BoundingBox] = field(default_factory=list)

    @property
    def point(self) -> tuple[float, float] | None:
        return _point(self.row)

    @property
    def km2(self) -> float | None:
        return parsed(self.row["area_km2"])

    @property
    def side(self) -> float:
        """In km."""
        return sqrt(max(self.km2 or USUAL_KM2, 1.0))


def check_points(tables: Tables) -> Iterator[Finding]:
    """Positions that contradict each other."""
    lineage = read_lineage(tables)
    communes = {row["code"]: _Surroundings(row) for row in tables["communes"]}
    old = [row for row in tables["legacy_communes"] if row["edition"] == str(EDITIONS[0])]
    for row in old:
        for successor in lineage.successors_of_code(row["code"]):
            around = communes.get(successor.commune_code)
            point, box = _point(row), _box(row)
            if around is not None and point is not None:
                around.points.append(point)
            if around is not None and box is not None:
                around.boxes.append(box)
    yield from _reference_points(communes)
    yield from _old_points(old, communes, lineage)
    yield from _anchors(tables, communes)


def _reference_points(communes: dict[str, _Surroundings]) -> Iterator[Finding]:
    mend = "correct the point, or leave it empty (corrections.csv, with the reason)"
    provinces: dict[str, list[BoundingBox]] = defaultdict(list)
    for around in communes.values():
        provinces[around.row["province"]].extend(around.boxes)
    boxes = {code: union(found) for code, found in provinces.items()}
    for code, around in communes.items():
        point = around.point
        if point is None or not around.points:
            continue
        name = f"{around.row['kind']} {around.row['name']}"
        box = boxes[around.row["province"]]
        nearest = min(distance_km(point, one) for one in around.points)
        if nearest > SIDES * around.side + SLACK_KM and not _special(around.row):
            what = f"the reference point of {name} lies {nearest:.0f} km from the nearest of its old communes"
            yield error("point.outside_commune", "communes", around.row, code, what, mend)
        if box is not None and not _holds(box, point) and not _special(around.row):
            what = f"the reference point of {name} lies outside province {around.row['province']}"
            yield error("point.outside_province", "communes", around.row, code, what, mend)


def _old_points(old: list[Row], communes: dict[str, _Surroundings], lineage: Lineage) -> Iterator[Finding]:
    mend = "correct it, or leave it empty (corrections.csv, with the reason)"
    for row in old:
        codes = [one.commune_code for one in lineage.successors_of_code(row["code"])]
        around = [communes[code] for code in codes if code in communes]
        if not around or any(_special(one.row) for one in around):
            continue
        name, side = f"{row['kind']} {row['name']}", max(one.side for one in around)
        point, box = _point(row), _box(row)
        known = [(distance_km(point, one.point), one) for one in around if one.point] if point else []
        beyond = [km for km, one in known if km > SIDES * one.side + SLACK_KM]
        if known and len(beyond) == len(known):
            what = f"the point of {name} lies {min(beyond):.0f} km from the commune it became part of"
            yield error("point.far_from_successor", "legacy_communes", row, row["code"], what, mend)
        if box is not None and diagonal_km(box) > BOX_SIDES * side + BOX_SLACK_KM:
            what = f"the box of {name} is {diagonal_km(box):.0f} km across, too wide for a part of its commune"
            yield error("box.too_wide", "legacy_communes", row, row["code"], what, mend)


def _anchors(tables: Tables, communes: dict[str, _Surroundings]) -> Iterator[Finding]:
    anchors = {row["area"]: row for row in tables["anchors"]}
    for row in tables["postal_codes"]:
        anchor, around = anchors.get(row["postal_code"]), communes.get(row["commune"])
        if anchor is None or around is None or anchor["decodable"] != "1":
            continue
        point = _point(anchor)
        if point is None:
            what = f"area {row['postal_code']} has an anchor without a position"
            yield error("anchor.missing", "anchors", anchor, row["commune"], what, "give its latitude and longitude")
            continue
        box = commune_box(around.point, around.km2, around.boxes)
        if box is None:
            continue
        width = max(box.north - box.south, box.east - box.west)
        south_north = max(abs(side - point[0]) for side in (box.south, box.north))
        west_east = max(abs(side - point[1]) for side in (box.west, box.east))
        if width > WIDEST or max(south_north, west_east) >= REACH:
            what = f"area {row['postal_code']} reaches {max(south_north, west_east):.2f}° from its anchor"
            mend = "correct the points of the commune; if it is as wide as that, set decodable to 0"
            yield error("anchor.out_of_reach", "anchors", anchor, row["commune"], what, mend)


def _special(row: Row) -> bool:
    """Special zones are archipelagos, whose islands lie far apart."""
    return row["kind"] == "Đặc khu"


def _holds(box: BoundingBox, point: tuple[float, float]) -> bool:
    return (
        box.south - PROVINCE_SLACK <= point[0] <= box.north + PROVINCE_SLACK
        and box.west - PROVINCE_SLACK <= point[1] <= box.east + PROVINCE_SLACK
    )


def _point(row: Row) -> tuple[float, float] | None:
    lat, lon = parsed(row["lat"]), parsed(row["lon"])
    return None if lat is None or lon is None else (lat, lon)


def _box(row: Row) -> BoundingBox | None:
    sides = [number for number in (parsed(row[side]) for side in BoundingBox._fields) if number is not None]
    return BoundingBox(*sides) if len(sides) == len(BoundingBox._fields) else None
