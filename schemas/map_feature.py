"""`address.map-feature.v1`, keyed by code with unit: a GeoJSON Feature (RFC 7946) for the map service."""

from __future__ import annotations

from typing import Literal

from schemas.address import CoordinateLevel, MatchLevel
from schemas.record import Record


class PointGeometry(Record, frozen=True):
    """Longitude first, as GeoJSON demands."""

    coordinates: tuple[float, float]
    type: Literal["Point"] = "Point"


class MapProperties(Record, frozen=True):
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


class MapFeature(Record, frozen=True):
    """`geometry` is None where the position is no finer than the commune."""

    id: str
    geometry: PointGeometry | None
    properties: MapProperties
    type: Literal["Feature"] = "Feature"
