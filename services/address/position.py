"""Submitted coordinates to WGS84, in batches, with the usual mistakes named.

VN-2000 metres go back to VN-2000 degrees by their zone's projection (exact), then to WGS84 by EPSG operation 6960, the
seven-parameter transformation for all of onshore Vietnam (1 m). It is named here, and not left to the library's
choice, because the library would take another one in parts of the Mekong delta. Both work offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

from gazetteer.model import BoundingBox
from schemas.address import Position
from schemas.raw import RawPosition
from services.address.faults import Fault

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

VIETNAM: Final = BoundingBox(south=6.0, west=102.0, north=23.5, east=118.0)
WGS84: Final = 4326
VN2000: Final = 4756
VN2000_ZONES: Final = frozenset({3405, 3406, *range(5896, 5900), *range(9205, 9219)})

SOURCE_WGS84: Final = "input.wgs84"
SOURCE_VN2000: Final = "input.vn2000"

DEFAULT_ACCURACY_M: Final = 10.0  # A phone's receiver under open sky, where the source does not say.
VN2000_SHIFT_ACCURACY_M: Final = 1.0
SAME_PLACE_M: Final = 50.0
# Tuples of floats are not Final: compiled by mypyc, such a one counts as unset.
# What a source says of its accuracy is believed from a decimetre to a thousand kilometres.
_ACCURACY_M = (0.1, 1_000_000.0)

_EARTH_RADIUS_M: Final = 6_371_008.8
_METRES_PER_DEGREE: Final = 111_320.0
_FULL_DECIMALS: Final = 4
# Metres of any VN-2000 zone inside Vietnam. The ranges do not overlap, so swapped ones cannot be mistaken.
_EASTING = (50_000.0, 900_000.0)
_NORTHING = (900_000.0, 2_650_000.0)
_NO_EPSG: Final = 0
_OTHER_EPSG: Final = -1
_EPSG: Final = {None: _NO_EPSG} | {code: code for code in (WGS84, VN2000, *VN2000_ZONES)}
# A centimetre: finer digits say nothing.
_DECIMALS: Final = 7
_SCALE: Final = 10.0**_DECIMALS
# Of the unit of the fourth decimal.
_NEARLY_WHOLE: Final = 0.02
_NEARLY_HALF: Final = 0.499
_SOUTH: Final = VIETNAM.south
_NORTH: Final = VIETNAM.north
_WEST: Final = VIETNAM.west
_EAST: Final = VIETNAM.east
_MOST_ACCURACY_M: Final = 100_000.0


class PointReading(NamedTuple):
    """What a submitted point amounts to: its WGS84 position, None if it cannot be used or none was given."""

    position: Position | None
    faults: tuple[Fault, ...]


NO_POINT: Final = PointReading(None, ())


@dataclass(frozen=True, slots=True)
class _Pairs:
    """One kind of coordinates of n rows, in WGS84 degrees where `usable`, NaN or meaningless elsewhere."""

    lat: Floats
    lon: Floats
    usable: Mask
    faults: list[tuple[Fault, Mask]]


def read_points(points: Sequence[RawPosition | None]) -> list[PointReading]:
    """The WGS84 positions of a batch, in order, with their faults; a missing point has neither.

    `accuracy_m` is what the source says (10 m where it does not), but never finer than the decimals given.
    """
    readings = [NO_POINT] * len(points)
    rows: list[int] = []
    given: list[RawPosition] = []
    for row in range(len(points)):
        point = points[row]
        if point is None:
            continue
        plain = _read_plain(point)
        if plain is not None:
            readings[row] = plain
        else:
            rows.append(row)
            given.append(point)
    if rows:
        for row, reading in zip(rows, _read(given), strict=True):
            readings[row] = reading
    return readings


def _read_plain(point: RawPosition) -> PointReading | None:
    """A point as most give it, in degrees of Vietnam alone, with five to seven decimals; None for any other. By itself
    it takes less than its share of the arrays."""
    lat, lon, accuracy = point.lat, point.lon, point.accuracy_m
    if lat is None or lon is None or point.epsg is not None or point.easting is not None or point.northing is not None:
        return None
    if not (_SOUTH <= lat <= _NORTH and _WEST <= lon <= _EAST):
        return None
    tenths = 100.0
    if accuracy is not None:
        if not 1.0 <= accuracy <= _MOST_ACCURACY_M:
            return None
        tenths = accuracy * 10.0
        if floor(tenths) != tenths:
            return None
    # Nearly whole at the fourth decimal may be whole at a coarser one.
    beyond = abs(lat * 10_000.0 - floor(lat * 10_000.0 + 0.5))
    other = abs(lon * 10_000.0 - floor(lon * 10_000.0 + 0.5))
    if beyond < _NEARLY_WHOLE and other < _NEARLY_WHOLE:
        return None
    if floor(lat * _SCALE + 0.5) / _SCALE != lat or floor(lon * _SCALE + 0.5) / _SCALE != lon:
        return None
    return PointReading(Position(lat, lon, tenths / 10.0, SOURCE_WGS84), ())


def distance_m(lat: ArrayLike, lon: ArrayLike, other_lat: ArrayLike, other_lon: ArrayLike) -> Floats:
    """Metres between WGS84 points on the sphere (haversine); scalars or arrays that broadcast."""
    phi, other_phi = np.radians(lat), np.radians(other_lat)
    half_turn = np.radians(np.subtract(other_lon, lon)) / 2
    chord = np.sin((other_phi - phi) / 2) ** 2 + np.cos(phi) * np.cos(other_phi) * np.sin(half_turn) ** 2
    return np.asarray(2 * _EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0))), dtype=np.float64)


def _read(points: list[RawPosition]) -> list[PointReading]:
    lat, lon = _column([p.lat for p in points]), _column([p.lon for p in points])
    easting, northing = _column([p.easting for p in points]), _column([p.northing for p in points])
    epsg = np.array([_EPSG.get(p.epsg, _OTHER_EPSG) for p in points], dtype=np.int64)

    # Metres in the columns for degrees move to where they belong; northing is the coordinate beside latitude.
    misplaced = (_metres(lon, lat) | _metres(lat, lon)) & ~_given(easting, northing)
    easting, northing = np.where(misplaced, lon, easting), np.where(misplaced, lat, northing)
    lat, lon = np.where(misplaced, np.nan, lat), np.where(misplaced, np.nan, lon)

    beside_metres = _given(easting, northing)
    metres = _read_metres(easting, northing, epsg)
    degrees = _read_degrees(lat, lon, epsg, beside_metres)
    metres.faults.append((Fault.POINT_METRES_AS_DEGREES, misplaced))
    half = ~np.isnan(np.stack([lat, lon, easting, northing])).all(axis=0) & ~_given(lat, lon) & ~beside_metres
    degrees.faults.append((Fault.POINT_INCOMPLETE, half))

    by_degrees, by_metres = _choose(degrees, metres)
    coarse_m = np.where(by_degrees, _coarseness_m(lat, lon), 0.0)
    degrees.faults.append((Fault.POINT_COARSE, coarse_m > SAME_PLACE_M))
    shifted = by_metres | (epsg == VN2000)
    accuracy = _accuracy_m(_column([p.accuracy_m for p in points]), coarse_m, shifted)
    used_lat = _rounded(np.where(by_metres, metres.lat, degrees.lat))
    used_lon = _rounded(np.where(by_metres, metres.lon, degrees.lon))
    accuracies: list[float] = accuracy.tolist()
    used: list[bool] = (by_degrees | by_metres).tolist()
    sources = [SOURCE_VN2000 if row else SOURCE_WGS84 for row in shifted.tolist()]
    faults = _faults_by_row(degrees, metres, by_degrees, by_metres)
    readings: list[PointReading] = []
    for row in range(len(points)):
        named = faults.get(row)
        if used[row]:
            position = Position(used_lat[row], used_lon[row], accuracies[row], sources[row])
            readings.append(PointReading(position, () if named is None else tuple(named)))
        else:
            readings.append(NO_POINT if named is None else PointReading(None, tuple(named)))
    return readings


def _column(values: list[float | None]) -> Floats:
    """Missing values become NaN."""
    return np.array(values, dtype=np.float64)


def _rounded(degrees: Floats) -> list[float]:
    """Degrees to the last decimal that says something, as `round` has them."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = degrees * _SCALE
        whole = np.rint(scaled)
        unclear = np.abs(scaled - whole) > _NEARLY_HALF
    found: list[float] = (whole / _SCALE).tolist()
    # `round` works with the digits that are written, which is slow, and tells only where the last one is a five.
    for row in unclear.nonzero()[0].tolist():
        found[row] = round(float(degrees[row]), _DECIMALS)
    return found


def _given(first: Floats, second: Floats) -> Mask:
    return ~(np.isnan(first) | np.isnan(second))


def _inside_vietnam(lat: Floats, lon: Floats) -> Mask:
    return (lat >= VIETNAM.south) & (lat <= VIETNAM.north) & (lon >= VIETNAM.west) & (lon <= VIETNAM.east)


def _metres(easting: Floats, northing: Floats) -> Mask:
    """Whether two numbers can be metres of a VN-2000 zone."""
    plausible = (easting > _EASTING[0]) & (easting < _EASTING[1])
    return plausible & (northing > _NORTHING[0]) & (northing < _NORTHING[1])


def _degree_like(first: Floats, second: Floats) -> Mask:
    return (np.abs(first) <= 180) & (np.abs(second) <= 180)


def _read_degrees(lat: Floats, lon: Floats, epsg: NDArray[np.int64], beside_metres: Mask) -> _Pairs:
    """Latitude and longitude are WGS84, or VN-2000 if the EPSG code says so. The code of a zone belongs to metres: with
    degrees alone it leaves the datum open."""
    given = _given(lat, lon)
    zero = (lat == 0) & (lon == 0)
    swapped = ~_inside_vietnam(lat, lon) & _inside_vietnam(lon, lat)
    lat, lon = np.where(swapped, lon, lat), np.where(swapped, lat, lon)
    inside = _inside_vietnam(lat, lon)
    known = (epsg == _NO_EPSG) | (epsg == WGS84) | (epsg == VN2000) | beside_metres
    geographic = inside & (epsg == VN2000)
    if geographic.any():
        lat[geographic], lon[geographic] = _to_wgs84().transform(lat[geographic], lon[geographic])
        inside = _inside_vietnam(lat, lon)
    degrees = _degree_like(lat, lon)
    faults = [
        (Fault.POINT_UNREADABLE, given & ~degrees),
        (Fault.POINT_ZERO, zero),
        (Fault.POINT_SWAPPED_AXES, swapped),
        (Fault.POINT_OUTSIDE_VIETNAM, given & degrees & ~inside & ~zero),
        (Fault.POINT_UNKNOWN_PROJECTION, inside & ~known),
    ]
    return _Pairs(lat, lon, inside & known, faults)


def _read_metres(easting: Floats, northing: Floats, epsg: NDArray[np.int64]) -> _Pairs:
    """Easting and northing count from the zone that the EPSG code names."""
    given = _given(easting, northing)
    zero = (easting == 0) & (northing == 0)
    swapped = ~_metres(easting, northing) & _metres(northing, easting)
    easting, northing = np.where(swapped, northing, easting), np.where(swapped, easting, northing)
    metres = _metres(easting, northing)
    usable = metres & (epsg > _NO_EPSG) & (epsg != WGS84) & (epsg != VN2000)
    lat, lon = np.full(len(easting), np.nan), np.full(len(easting), np.nan)
    for zone in sorted(set(epsg[usable].tolist())):
        rows = usable & (epsg == zone)
        lon[rows], lat[rows] = _to_vn2000(zone).transform(easting[rows], northing[rows])
    if usable.any():
        lat[usable], lon[usable] = _to_wgs84().transform(lat[usable], lon[usable])
    inside = _inside_vietnam(lat, lon)
    degrees = _degree_like(easting, northing)
    faults = [
        (Fault.POINT_UNREADABLE, given & ~metres & ~degrees),
        (Fault.POINT_ZERO, zero),
        (Fault.POINT_DEGREES_AS_METRES, given & degrees & ~zero),
        (Fault.POINT_SWAPPED_AXES, swapped),
        (Fault.POINT_UNKNOWN_PROJECTION, metres & ~usable),
        (Fault.POINT_OUTSIDE_VIETNAM, usable & ~inside),
    ]
    return _Pairs(lat, lon, usable & inside, faults)


@lru_cache(maxsize=len(VN2000_ZONES))
def _to_vn2000(zone: int) -> Transformer:
    """Easting, northing of a zone to VN-2000 longitude, latitude."""
    return Transformer.from_crs(zone, VN2000, always_xy=True)


@lru_cache(maxsize=1)
def _to_wgs84() -> Transformer:
    """VN-2000 latitude, longitude to WGS84 latitude, longitude."""
    return Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::6960")


def _choose(degrees: _Pairs, metres: _Pairs) -> tuple[Mask, Mask]:
    """Which rows take their degrees, and which their metres; names the faults of rows where the two disagree."""
    both = degrees.usable & metres.usable
    apart, unshifted = np.zeros_like(both), np.zeros_like(both)
    if both.any():
        lat, lon = metres.lat[both], metres.lon[both]
        apart[both] = distance_m(degrees.lat[both], degrees.lon[both], lat, lon) > SAME_PLACE_M
        shifted_lat, shifted_lon = _to_wgs84().transform(degrees.lat[both], degrees.lon[both])
        unshifted[both] = distance_m(shifted_lat, shifted_lon, lat, lon) <= SAME_PLACE_M
        unshifted &= apart
    metres.faults.append((Fault.POINT_VN2000_AS_WGS84, unshifted))
    metres.faults.append((Fault.POINT_CONTRADICTS, apart & ~unshifted))
    return degrees.usable & ~apart, metres.usable & (unshifted | ~degrees.usable)


def _faults_by_row(degrees: _Pairs, metres: _Pairs, by_degrees: Mask, by_metres: Mask) -> dict[int, list[Fault]]:
    """The faults of the coordinates that were chosen; where none were, those of both."""
    faults: dict[int, list[Fault]] = {}
    for pairs, relevant in ((degrees, ~by_metres), (metres, ~by_degrees)):
        for fault, mask in pairs.faults:
            for row in (mask & relevant).nonzero()[0].tolist():
                named = faults.setdefault(row, [])
                if fault not in named:
                    named.append(fault)
    return faults


def _coarseness_m(lat: Floats, lon: Floats) -> Floats:
    """Half the last decimal of the degrees, in metres; 0 where there are more than four decimals."""
    coarse = np.zeros(len(lat))
    with np.errstate(over="ignore", invalid="ignore"):
        fine = 10.0**_FULL_DECIMALS
        if not (np.abs(lat * fine - np.rint(lat * fine)) < _NEARLY_WHOLE).any():
            return coarse
        for decimals in range(_FULL_DECIMALS, -1, -1):
            scale = 10.0**decimals
            whole = [np.abs(axis * scale - np.rint(axis * scale)) < 1e-6 for axis in (lat, lon)]
            coarse[whole[0] & whole[1]] = 0.5 / scale * _METRES_PER_DEGREE
    return coarse


def _accuracy_m(said: Floats, coarse_m: Floats, shifted: Mask) -> Floats:
    accuracy = np.where(np.isfinite(said) & (said > 0), np.clip(said, *_ACCURACY_M), DEFAULT_ACCURACY_M)
    return np.round(np.maximum(accuracy, coarse_m) + np.where(shifted, VN2000_SHIFT_ACCURACY_M, 0.0), 1)
