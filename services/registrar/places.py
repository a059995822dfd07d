"""The JSON of what many published records have alike: commune and province, levels, edition of the gazetteer."""

from __future__ import annotations

from typing import Final

from schemas.address import CoordinateLevel, MatchLevel
from schemas.codec import encode

_MOST_PLACES: Final = 4096
_MOST_EDITIONS: Final = 64


class Place:
    """Fields of a commune as they stand within the record of the national platform, and of the map service; each run
    of fields begins with a comma."""

    def __init__(self, postal_code: str, commune_code: str, commune: str, province_code: str, province: str) -> None:
        self.postal_code: Final = encode(postal_code)
        code, name, within = encode(commune_code), encode(commune), encode(province)
        self.national: Final = b"".join(
            [
                b',"commune_code":',
                code,
                b',"commune":',
                name,
                b',"province_code":',
                encode(province_code),
                b',"province":',
                within,
            ]
        )
        self.on_map: Final = b"".join(
            [
                b',"postal_code":',
                self.postal_code,
                b',"commune_code":',
                code,
                b',"commune":',
                name,
                b',"province":',
                within,
            ]
        )


_PLACES: Final[dict[tuple[str, str, str, str, str], Place]] = {}
_EDITIONS: Final[dict[tuple[str, int], bytes]] = {}
_LEVELS: Final = {
    (match, coordinate): b',"match_level":' + encode(match) + b',"coordinate_level":' + encode(coordinate)
    for match in MatchLevel
    for coordinate in CoordinateLevel
}


def place_of(postal_code: str, commune_code: str, commune: str, province_code: str, province: str) -> Place:
    """The place with these fields, made once; there are as many as communes."""
    key = (postal_code, commune_code, commune, province_code, province)
    known = _PLACES.get(key)
    if known is None:
        if len(_PLACES) >= _MOST_PLACES:
            _PLACES.clear()
        known = _PLACES[key] = Place(postal_code, commune_code, commune, province_code, province)
    return known


def levels(match: MatchLevel, coordinate: CoordinateLevel) -> bytes:
    """Both levels as a run of fields."""
    return _LEVELS[match, coordinate]


def edition(gazetteer_version: str, overlay_offset: int) -> bytes:
    """What says which gazetteer a result came from, as a run of fields."""
    known = _EDITIONS.get((gazetteer_version, overlay_offset))
    if known is None:
        if len(_EDITIONS) >= _MOST_EDITIONS:
            _EDITIONS.clear()
        known = b',"gazetteer_version":' + encode(gazetteer_version) + b',"overlay_offset":' + encode(overlay_offset)
        _EDITIONS[gazetteer_version, overlay_offset] = known
    return known
