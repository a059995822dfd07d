"""`address.national.v1`, keyed by code with unit: the full address record for the national address platform."""

from __future__ import annotations

from schemas.address import Components, CoordinateLevel, LegacyPlace, MatchLevel, Position
from schemas.record import Record


class NationalAddress(Record, frozen=True):
    """`full_address` is the standard form since July 2025: components, commune, province. No personal data."""

    code: str
    unit: str | None
    written_code: str
    aliases: tuple[str, ...]
    address_id: str
    dwelling_id: str | None
    postal_code: str
    full_address: str
    components: Components
    commune_code: str
    commune: str
    province_code: str
    province: str
    legacy: LegacyPlace | None
    position: Position | None
    match_level: MatchLevel
    coordinate_level: CoordinateLevel
    version: int
    gazetteer_version: str
    overlay_offset: int
