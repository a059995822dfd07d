"""What the world sees of a registered address: the digitised record, the map feature and the national record."""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.address import AddressResult, Components, CoordinateLevel
from schemas.digitised import DigitisedAddress
from schemas.map_feature import MapFeature, MapProperties, PointGeometry
from schemas.matched import MatchedAddress
from schemas.national import NationalAddress
from schemas.registrar_state import RegisteredCode
from services.address.vpostcode import code_key, written_form

# No finer than the commune: such a point would put every address of a commune on one spot of the map.
_NO_GEOMETRY: Final = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)


class Publications(NamedTuple):
    """The three records of one registered address."""

    digitised: DigitisedAddress
    map_feature: MapFeature
    national: NationalAddress


def publications(entry: RegisteredCode, event: MatchedAddress, result: AddressResult, time: str) -> Publications:
    """All three; `time` is when the submission happened (RFC 3339)."""
    written, label = written_form(entry.code, entry.unit), _label(result.components)
    return Publications(
        _digitised(entry, event, result, time, written),
        _map_feature(entry, event, result, written, label),
        _national(entry, event, result, written, label),
    )


def _digitised(
    entry: RegisteredCode, event: MatchedAddress, result: AddressResult, time: str, written: str
) -> DigitisedAddress:
    """The full record."""
    return DigitisedAddress(
        code=entry.code,
        unit=entry.unit,
        written_code=written,
        aliases=entry.aliases,
        address_id=entry.address_id,
        record_key=event.record_key,
        version=event.version,
        batch_id=event.batch_id,
        line_no=event.line_no,
        digitised_at=time,
        result=result,
    )


def _map_feature(
    entry: RegisteredCode, event: MatchedAddress, result: AddressResult, written: str, label: str
) -> MapFeature:
    """The GeoJSON feature; its geometry is None where the position is no finer than the commune."""
    position = result.position
    geometry = None
    if position is not None and result.coordinate_level not in _NO_GEOMETRY:
        geometry = PointGeometry(coordinates=(position.lon, position.lat))
    return MapFeature(
        id=code_key(entry.code, entry.unit),
        geometry=geometry,
        properties=MapProperties(
            code=entry.code,
            unit=entry.unit,
            written_code=written,
            label=label or result.commune or "",
            postal_code=result.postal_code or event.registry_area,
            commune_code=result.commune_code or "",
            commune=result.commune or "",
            province=result.province or "",
            match_level=result.match_level,
            coordinate_level=result.coordinate_level,
            accuracy_m=position.accuracy_m if position else None,
            version=event.version,
        ),
    )


def _national(
    entry: RegisteredCode, event: MatchedAddress, result: AddressResult, written: str, label: str
) -> NationalAddress:
    """The record for the national address platform, with the address in the standard form since July 2025."""
    parts = (label, result.commune, result.province)
    return NationalAddress(
        code=entry.code,
        unit=entry.unit,
        written_code=written,
        aliases=entry.aliases,
        address_id=entry.address_id,
        dwelling_id=result.dwelling_id,
        postal_code=result.postal_code or event.registry_area,
        full_address=", ".join(part for part in parts if part),
        components=result.components,
        commune_code=result.commune_code or "",
        commune=result.commune or "",
        province_code=result.province_code or "",
        province=result.province or "",
        legacy=result.legacy,
        position=result.position,
        match_level=result.match_level,
        coordinate_level=result.coordinate_level,
        version=event.version,
        gazetteer_version=result.gazetteer_version,
        overlay_offset=result.overlay_offset,
    )


def _label(components: Components) -> str:
    """The part below the commune, finest first."""
    house = " ".join(part for part in (components.house_number, components.street) if part and not components.alley)
    if components.alley:
        house = ", ".join(part for part in (components.house_number, components.alley, components.street) if part)
    parts = (components.unit, components.building, house, components.village)
    return ", ".join(part for part in parts if part)
