"""The places of the gazetteer, as plain immutable records.

Statistical codes are the keys: 5 digits for a commune, 3 for a district, 2 for a province. A code is never
reused, but its name can change, so an old commune is keyed by code and by the list (2019, 2022, 2025) it
is read from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class BoundingBox(NamedTuple):
    """Degrees WGS84, south-west corner first."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Province:
    """A province or centrally run city. `current` tells the 34 of today from the 63 of before July 2025."""

    code: str
    name: str
    kind: str
    current: bool


@dataclass(frozen=True, slots=True)
class District:
    """A district that ended on 30 June 2025 (or earlier)."""

    code: str
    name: str
    kind: str
    province_code: str


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of today.

    `lat`, `lon` are its reference point, None where the source point is known to be wrong and no better one was
    found. `anchor_*` is frozen: a located code of `registry_area` decodes to the full Open Location Code nearest
    to it. `decodable` is False for areas wider than 0.9°, which decode only through the registry.
    """

    code: str
    name: str
    kind: str
    province_code: str
    postal_code: str
    registry_area: str
    lat: float | None
    lon: float | None
    anchor_lat: float
    anchor_lon: float
    decodable: bool
    bbox: BoundingBox | None
    area_km2: float | None


class Successor(NamedTuple):
    """One current commune that took over (part of) an old one; `usual` marks the usual choice of a split."""

    commune_code: str
    usual: bool


@dataclass(frozen=True, slots=True)
class LegacyCommune:
    """A commune as it stood in one of the old lists. `edition` is 2019, 2022 or 2025: the latest list that
    carries this combination of code, name and district."""

    code: str
    edition: int
    name: str
    kind: str
    district_code: str
    province_code: str
    lat: float | None
    lon: float | None
    bbox: BoundingBox | None
    aliases: tuple[str, ...]
    successors: tuple[Successor, ...]


@dataclass(frozen=True, slots=True)
class Village:
    """A village that a source attests. `commune_code` is None where its old commune was split and the source
    does not say which part it lies in."""

    name: str
    kind: str
    legacy_commune_code: str
    commune_code: str | None
    lat: float | None = None
    lon: float | None = None
