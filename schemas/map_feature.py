"""`address.map-feature.v1`, keyed by code with unit: a GeoJSON Feature (RFC 7946) for the map service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.address import CoordinateLevel, MatchLevel


@dataclass(frozen=True, slots=True)
class PointGeometry:
    """Longitude first, as GeoJSON demands."""

    coordinates: tuple[float, float]
    type: Literal["Point"] = "Point"


@dataclass(frozen=True, slots=True)
class MapProperties:
    code: str
    unit: str | None
    written_code: str
    label: str
    postal_code: str
    commune_code: str
    commune: str
    province: str
    match_level: MatchLevel
    coordinate_level: CoordinateLevel
    accuracy_m: float | None
    version: int


@dataclass(frozen=True, slots=True)
class MapFeature:
    """`geometry` is None where the position is no finer than the commune."""

    id: str
    geometry: PointGeometry | None
    properties: MapProperties
    type: Literal["Feature"] = "Feature"
