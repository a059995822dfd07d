"""Points and communes: whether a point can lie in one, and where an address lies that brought no point."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, hypot, pi, radians, sqrt

from gazetteer.model import BoundingBox, Commune, LegacyCommune, Village
from schemas.address import CoordinateLevel, Position

SOURCE_COMMUNE = "gazetteer.commune"
SOURCE_LEGACY_COMMUNE = "gazetteer.legacy_commune"
SOURCE_VILLAGE = "gazetteer.village"
VILLAGE_ACCURACY_M = 1_000.0

_METRES_PER_DEGREE = 111_320.0
_BOX_MARGIN_DEGREES = 0.005
# A commune is rarely a disc: its far corners lie up to about two and a half radii from the reference point.
_REACH = 2.5
_REACH_MARGIN_M = 1_000.0
_UNKNOWN_RADIUS_M = 8_000.0
# The nearest part of a split commune must be this much nearer, in radii, than the next one.
_CLEARLY_NEARER = 0.6

_POINT_ACCURACY_M = 100.0
_STREET_ACCURACY_M = 500.0
_VILLAGE_ACCURACY_M = 2_000.0


def radius_m(commune: Commune) -> float:
    """Radius of the disc with the commune's area, metres."""
    return sqrt(commune.area_km2 / pi) * 1_000.0 if commune.area_km2 else _UNKNOWN_RADIUS_M


def _metres(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between near points, on the plane."""
    return hypot(lat - other_lat, (lon - other_lon) * cos(radians(lat))) * _METRES_PER_DEGREE


def _in_box(position: Position, box: BoundingBox) -> bool:
    return (
        box.south - _BOX_MARGIN_DEGREES <= position.lat <= box.north + _BOX_MARGIN_DEGREES
        and box.west - _BOX_MARGIN_DEGREES <= position.lon <= box.east + _BOX_MARGIN_DEGREES
    )


def may_lie_in(position: Position, commune: Commune, legacy: LegacyCommune | None) -> bool:
    """Whether a point can lie in the commune, as far as boxes, reference point and area tell."""
    if legacy is not None and legacy.bbox is not None:
        return _in_box(position, legacy.bbox)
    if commune.bbox is not None and not _in_box(position, commune.bbox):
        return False
    if commune.lat is None or commune.lon is None:
        return commune.bbox is not None
    distance = _metres(position.lat, position.lon, commune.lat, commune.lon)
    return distance <= _REACH * radius_m(commune) + _REACH_MARGIN_M + position.accuracy_m


def nearest_part(position: Position, parts: Iterable[Commune]) -> Commune | None:
    """The part of a split commune that a point lies in: the nearest measured in radii, None if two are as near."""
    measured = sorted(
        (
            (_metres(position.lat, position.lon, part.lat, part.lon) / max(radius_m(part), 300.0), part)
            for part in parts
            if part.lat is not None and part.lon is not None
        ),
        key=lambda pair: pair[0],
    )
    if not measured or measured[0][0] > _REACH:
        return None
    if len(measured) > 1 and measured[0][0] > _CLEARLY_NEARER * measured[1][0]:
        return None
    return measured[0][1]


def level_of(position: Position) -> CoordinateLevel:
    """How fine a submitted point is, by its accuracy."""
    if position.accuracy_m <= _POINT_ACCURACY_M:
        return CoordinateLevel.POINT
    if position.accuracy_m <= _STREET_ACCURACY_M:
        return CoordinateLevel.STREET
    if position.accuracy_m <= _VILLAGE_ACCURACY_M:
        return CoordinateLevel.VILLAGE
    return CoordinateLevel.COMMUNE


def fallback_position(
    commune: Commune, legacy: LegacyCommune | None, village: Village | None
) -> tuple[Position | None, CoordinateLevel]:
    """Where an address lies that brought no usable point: its village, else its old commune, else its commune."""
    if village is not None and village.lat is not None and village.lon is not None:
        return Position(village.lat, village.lon, VILLAGE_ACCURACY_M, SOURCE_VILLAGE), CoordinateLevel.VILLAGE
    if legacy is not None and legacy.lat is not None and legacy.lon is not None and legacy.bbox is not None:
        box = legacy.bbox
        half_diagonal = _metres(box.south, box.west, box.north, box.east) / 2
        return Position(legacy.lat, legacy.lon, round(half_diagonal, 0), SOURCE_LEGACY_COMMUNE), CoordinateLevel.COMMUNE
    if commune.lat is None or commune.lon is None:
        return None, CoordinateLevel.NONE
    return Position(commune.lat, commune.lon, round(radius_m(commune), 0), SOURCE_COMMUNE), CoordinateLevel.COMMUNE
