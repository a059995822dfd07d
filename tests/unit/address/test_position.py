"""Submitted coordinates: what is used, what is mended, what is refused, and under which name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from schemas.raw import RawPosition
from services.address.faults import Fault
from services.address.position import (
    NO_POINT,
    SOURCE_VN2000,
    SOURCE_WGS84,
    VIETNAM,
    VN2000,
    VN2000_ZONES,
    distance_m,
    read_points,
)

LAT, LON = 21.823612, 105.214109  # Minh Xuân, Tuyên Quang.
TUYEN_QUANG, HA_GIANG = 9211, 9209


def metres(lat: float, lon: float, zone: int = TUYEN_QUANG) -> tuple[float, float]:
    """Easting and northing of a WGS84 point, by the library's own choice of operation."""
    easting, northing = Transformer.from_crs(4326, zone, always_xy=True).transform(lon, lat)
    return easting, northing


EASTING, NORTHING = metres(LAT, LON)


def read(**fields: float | int | None) -> tuple[tuple[float, float] | None, tuple[Fault, ...]]:
    position, faults = read_points([RawPosition(**fields)])[0]  # type: ignore[arg-type]
    return (None if position is None else (position.lat, position.lon)), faults


def test_degrees_are_taken_as_they_are() -> None:
    position, faults = read_points([RawPosition(lat=LAT, lon=LON, accuracy_m=4.0)])[0]
    assert position is not None
    assert (position.lat, position.lon, position.accuracy_m, position.source) == (LAT, LON, 4.0, SOURCE_WGS84)
    assert faults == ()


@pytest.mark.parametrize(("zone", "lat", "lon"), [(TUYEN_QUANG, LAT, LON), (HA_GIANG, 22.8233, 104.9836)])
def test_metres_are_transformed_by_their_zone(zone: int, lat: float, lon: float) -> None:
    easting, northing = metres(lat, lon, zone)
    position, faults = read_points([RawPosition(easting=easting, northing=northing, epsg=zone, accuracy_m=2.0)])[0]
    assert position is not None
    assert distance_m(position.lat, position.lon, lat, lon) < 0.05
    assert (position.accuracy_m, position.source, faults) == (3.0, SOURCE_VN2000, ())


def test_the_datum_shift_is_there() -> None:
    """Without a grid or a network, the two datums lie some 220 m apart; a library that left it out would say 0."""
    unshifted_lon, unshifted_lat = Transformer.from_crs(TUYEN_QUANG, VN2000, always_xy=True).transform(
        EASTING, NORTHING
    )
    assert 200 < distance_m(unshifted_lat, unshifted_lon, LAT, LON) < 250
    moved, faults = read(lat=unshifted_lat, lon=unshifted_lon, epsg=VN2000)
    assert moved is not None
    assert distance_m(*moved, LAT, LON) < 0.05
    assert faults == ()


def test_the_same_operation_serves_the_whole_country() -> None:
    """In parts of the Mekong delta the library would choose another one, a few decimetres away."""
    lat, lon = 10.05, 105.75
    easting, northing = metres(lat, lon, 9208)
    moved, _ = read(easting=easting, northing=northing, epsg=9208)
    assert moved is not None
    assert distance_m(*moved, lat, lon) < 1.5


def test_the_zones_are_those_that_epsg_knows() -> None:
    projected = query_crs_info(auth_name="EPSG", pj_types=PJType.PROJECTED_CRS)
    known = {int(info.code) for info in projected if info.name.startswith("VN-2000")}
    assert known == VN2000_ZONES
    assert all(CRS.from_epsg(zone).geodetic_crs == CRS.from_epsg(VN2000) for zone in VN2000_ZONES)


@given(
    st.floats(8.5, 23.3),
    st.floats(-1.4, 1.4),
    st.sampled_from(sorted(VN2000_ZONES - {3405, 3406})),
)
def test_every_zone_gives_the_point_back(lat: float, off: float, zone: int) -> None:
    meridian = CRS.from_epsg(zone).coordinate_operation.params[1].value  # type: ignore[union-attr]
    lon = max(VIETNAM.west + 0.1, meridian + off)
    easting, northing = metres(lat, lon, zone)
    for first, second, expected in (
        (easting, northing, ()),
        (northing, easting, (Fault.POINT_SWAPPED_AXES,)),
    ):
        moved, faults = read(easting=first, northing=second, epsg=zone)
        assert moved is not None
        assert distance_m(*moved, lat, lon) < 2.0
        assert faults == expected


@given(st.floats(VIETNAM.south, VIETNAM.north), st.floats(VIETNAM.west, VIETNAM.east))
def test_swapped_degrees_are_put_right(lat: float, lon: float) -> None:
    straight, _ = read(lat=lat, lon=lon)
    swapped, faults = read(lat=lon, lon=lat)
    assert straight == swapped == (round(lat, 7), round(lon, 7))
    assert Fault.POINT_SWAPPED_AXES in faults


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"lat": 0.0, "lon": 0.0}, Fault.POINT_ZERO),
        ({"lat": 0, "lon": 0}, Fault.POINT_ZERO),
        ({"easting": 0.0, "northing": 0.0, "epsg": TUYEN_QUANG}, Fault.POINT_ZERO),
        ({"lat": LAT}, Fault.POINT_INCOMPLETE),
        ({"lon": LON}, Fault.POINT_INCOMPLETE),
        ({"northing": NORTHING, "epsg": TUYEN_QUANG}, Fault.POINT_INCOMPLETE),
        ({"lat": LAT, "northing": NORTHING}, Fault.POINT_INCOMPLETE),
        ({"lat": 48.85, "lon": 2.35}, Fault.POINT_OUTSIDE_VIETNAM),
        ({"lat": -LAT, "lon": LON}, Fault.POINT_OUTSIDE_VIETNAM),
        ({"lat": 13.75, "lon": 100.5}, Fault.POINT_OUTSIDE_VIETNAM),
        ({"lat": 21823612.0, "lon": 105214109.0}, Fault.POINT_UNREADABLE),
        ({"lat": math.inf, "lon": LON}, Fault.POINT_UNREADABLE),
        ({"lat": 1e300, "lon": -1e300}, Fault.POINT_UNREADABLE),
        ({"easting": 1e9, "northing": 5.0, "epsg": TUYEN_QUANG}, Fault.POINT_UNREADABLE),
        ({"easting": EASTING, "northing": NORTHING}, Fault.POINT_UNKNOWN_PROJECTION),
        ({"easting": EASTING, "northing": NORTHING, "epsg": 32648}, Fault.POINT_UNKNOWN_PROJECTION),
        ({"easting": EASTING, "northing": NORTHING, "epsg": 10**30}, Fault.POINT_UNKNOWN_PROJECTION),
        ({"lat": LAT, "lon": LON, "epsg": TUYEN_QUANG}, Fault.POINT_UNKNOWN_PROJECTION),
        ({"easting": LON, "northing": LAT, "epsg": TUYEN_QUANG}, Fault.POINT_DEGREES_AS_METRES),
        (
            {"lat": LAT, "lon": LON, "easting": EASTING + 500, "northing": NORTHING, "epsg": TUYEN_QUANG},
            Fault.POINT_CONTRADICTS,
        ),
    ],
)
def test_what_cannot_be_used_is_named(fields: dict[str, float], fault: Fault) -> None:
    assert read(**fields) == (None, (fault,))


def test_metres_in_the_columns_for_degrees() -> None:
    moved, faults = read(lat=NORTHING, lon=EASTING, epsg=TUYEN_QUANG)
    assert moved is not None
    assert distance_m(*moved, LAT, LON) < 0.05
    assert faults == (Fault.POINT_METRES_AS_DEGREES,)
    assert read(lat=NORTHING, lon=EASTING) == (
        None,
        (Fault.POINT_UNKNOWN_PROJECTION, Fault.POINT_METRES_AS_DEGREES),
    )


def test_degrees_and_metres_that_agree() -> None:
    moved, faults = read(lat=LAT, lon=LON, easting=EASTING, northing=NORTHING, epsg=TUYEN_QUANG)
    assert (moved, faults) == ((LAT, LON), ())


def test_vn2000_degrees_beside_metres_are_found_out() -> None:
    lon, lat = Transformer.from_crs(TUYEN_QUANG, VN2000, always_xy=True).transform(EASTING, NORTHING)
    moved, faults = read(lat=lat, lon=lon, easting=EASTING, northing=NORTHING, epsg=TUYEN_QUANG)
    assert moved is not None
    assert distance_m(*moved, LAT, LON) < 0.05
    assert faults == (Fault.POINT_VN2000_AS_WGS84,)


def test_one_good_pair_is_enough() -> None:
    """The faults of the other pair do not matter then."""
    assert read(lat=LAT, lon=LON, easting=EASTING, northing=NORTHING) == ((LAT, LON), ())
    assert read(lat=LAT, lon=LON, easting=EASTING) == ((LAT, LON), ())
    moved, faults = read(lat=0.0, lon=0.0, easting=EASTING, northing=NORTHING, epsg=TUYEN_QUANG)
    assert moved is not None
    assert faults == ()


@pytest.mark.parametrize(
    ("lat", "lon", "accuracy_m", "coarse"),
    [(21.8236, 105.2141, 10.0, False), (21.824, 105.214, 55.7, True), (21.8, 105.2, 5566.0, True)],
)
def test_few_decimals_are_said_to_be_coarse(lat: float, lon: float, accuracy_m: float, coarse: bool) -> None:
    position, faults = read_points([RawPosition(lat=lat, lon=lon)])[0]
    assert position is not None
    assert position.accuracy_m == pytest.approx(accuracy_m)
    assert faults == ((Fault.POINT_COARSE,) if coarse else ())


@pytest.mark.parametrize("said", [None, 0.0, -3.0, math.nan, math.inf])
def test_an_accuracy_that_says_nothing_becomes_ten_metres(said: float | None) -> None:
    position, _ = read_points([RawPosition(lat=LAT, lon=LON, accuracy_m=said)])[0]
    assert position is not None
    assert position.accuracy_m == 10.0


def test_a_missing_point_is_no_fault() -> None:
    nan = RawPosition(lat=math.nan, lon=math.nan)
    assert read_points([None, RawPosition(), RawPosition(epsg=TUYEN_QUANG, accuracy_m=3.0), nan]) == [NO_POINT] * 4
    assert read_points([]) == []


numbers = st.none() | st.floats() | st.sampled_from([0.0, LAT, LON, EASTING, NORTHING])
raw_positions = st.none() | st.builds(
    RawPosition,
    lat=numbers,
    lon=numbers,
    easting=numbers,
    northing=numbers,
    epsg=st.none() | st.sampled_from([4326, VN2000, TUYEN_QUANG, HA_GIANG, 3405, 32648]) | st.integers(),
    accuracy_m=numbers,
)


@given(st.lists(raw_positions, max_size=20))
def test_a_batch_gives_what_its_rows_give_alone(points: list[RawPosition | None]) -> None:
    together = read_points(points)
    assert together == [read_points([point])[0] for point in points]
    for position, faults in together:
        assert len(set(faults)) == len(faults)
        if position is not None:
            assert VIETNAM.south <= position.lat <= VIETNAM.north
            assert VIETNAM.west <= position.lon <= VIETNAM.east
            assert 0 < position.accuracy_m < math.inf


def test_distances() -> None:
    assert distance_m(LAT, LON, LAT, LON) == 0
    assert distance_m(0, 0, 0, 180) == pytest.approx(math.pi * 6_371_008.8)
    one_minute = distance_m(LAT, LON, LAT + 1 / 60, LON)
    assert one_minute == pytest.approx(1853, abs=1)
    many = distance_m(np.array([LAT, LAT]), np.array([LON, LON]), np.array([LAT, LAT + 1 / 60]), np.array([LON, LON]))
    assert many.tolist() == [0.0, one_minute]
