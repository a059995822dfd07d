"""What the sample is composed of: real communes and villages, points near them, streets and roads that run there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, pi, radians, sin, sqrt
from random import Random

from pyproj import Transformer
from pyproj.enums import TransformDirection

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, District, LegacyCommune, Village

OLD_TUYEN_QUANG, OLD_HA_GIANG = "08", "02"
LAST_EDITION = 2025
ZONES = {OLD_TUYEN_QUANG: 9211, OLD_HA_GIANG: 9209}

# Cao Mã Pờ's reference point: half of what lies around it belongs to the next commune.
_ON_A_BORDER = frozenset({"00886"})
_METRES_PER_DEGREE = 111_320.0
_SHARE_OF_BOX = 0.1
_LARGEST_RADIUS_M = 600.0

# Streets of the two towns, by the code of their old district.
STREETS = {
    "070": ["Trần Phú", "Quang Trung", "Bình Thuận", "Tân Trào", "17/8", "Phan Thiết", "Lý Thái Tổ", "Nguyễn Trãi"],
    "024": ["Trần Phú", "Nguyễn Trãi", "Nguyễn Thái Học", "Lý Thường Kiệt", "Minh Khai", "20/8", "Trần Hưng Đạo"],
}
# The wards in the middle of the two towns, where these streets run.
TOWN_WARDS = frozenset({"00691", "00692", "00694", "00697", "02200", "02203", "02206", "02215", "02216", "02218"})
# National roads, by the codes of old districts that they cross.
ROADS = {
    "070": ["Quốc lộ 2"],
    "074": ["QL2", "Quốc lộ 2"],
    "075": ["QL2", "QL2C"],
    "076": ["QL37", "QL2C"],
    "073": ["QL279"],
    "072": ["QL279"],
    "030": ["QL2", "Quốc lộ 2"],
    "034": ["QL2", "QL279"],
    "035": ["QL279"],
    "031": ["Quốc lộ 34"],
    "029": ["QL4C"],
    "026": ["QL4C"],
}


@dataclass(frozen=True, slots=True)
class Place:
    """An old commune with its district and province, and the commune of today it belongs to."""

    legacy: LegacyCommune
    district: District
    old_province: str
    commune: Commune
    province: str
    villages: tuple[Village, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`places` went into one commune of today each, `split` into several."""

    places: tuple[Place, ...]
    split: tuple[Place, ...]


def surroundings(gazetteer: Gazetteer) -> Surroundings:
    """The old communes of Tuyên Quang and Hà Giang as they stood until June 2025."""
    places: list[Place] = []
    split: list[Place] = []
    for legacy in gazetteer.legacy:
        if legacy.province_code not in ZONES or legacy.edition != LAST_EDITION:
            continue
        if legacy.lat is None or legacy.code in _ON_A_BORDER:
            continue
        commune = gazetteer.communes[legacy.successors[0].commune_code]
        place = Place(
            legacy=legacy,
            district=gazetteer.district_of(legacy),
            old_province=gazetteer.old_provinces[legacy.province_code].name,
            commune=commune,
            province=gazetteer.provinces[commune.province_code].name,
            villages=tuple(one for one in gazetteer.villages if one.legacy_commune_code == legacy.code),
        )
        (places if len(legacy.successors) == 1 else split).append(place)
    return Surroundings(tuple(places), tuple(split))


def point_near(random: Random, place: Place) -> tuple[float, float]:
    """A WGS84 point (degrees, six decimals) not far from the old commune's reference point."""
    legacy = place.legacy
    assert legacy.lat is not None
    assert legacy.lon is not None
    radius = _LARGEST_RADIUS_M
    if (box := legacy.bbox) is not None:
        height = (box.north - box.south) * _METRES_PER_DEGREE
        width = (box.east - box.west) * _METRES_PER_DEGREE * cos(radians(legacy.lat))
        radius = min(radius, _SHARE_OF_BOX * min(height, width))
    distance, bearing = radius * sqrt(random.random()), 2 * pi * random.random()
    lat = legacy.lat + distance * cos(bearing) / _METRES_PER_DEGREE
    lon = legacy.lon + distance * sin(bearing) / (_METRES_PER_DEGREE * cos(radians(legacy.lat)))
    return round(lat, 6), round(lon, 6)


def to_vn2000(lat: float, lon: float, zone: int) -> tuple[float, float]:
    """Easting and northing (metres, two decimals) of a WGS84 point in a VN-2000 zone."""
    vn_lat, vn_lon = _datum_shift().transform(lat, lon, direction=TransformDirection.INVERSE)
    easting, northing = _projection(zone).transform(vn_lon, vn_lat)
    return round(easting, 2), round(northing, 2)


@cache
def _datum_shift() -> Transformer:
    return Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::6960")


@cache
def _projection(zone: int) -> Transformer:
    return Transformer.from_crs(4756, zone, always_xy=True)
