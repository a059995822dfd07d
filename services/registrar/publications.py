"""What the world sees of a registered address: the digitised record, the map feature and the national record."""

from __future__ import annotations

from typing import Final

from schemas.address import Components, CoordinateLevel
from schemas.codec import encode
from schemas.digitised import DigitisedAddress
from schemas.map_feature import MapFeature, MapProperties, PointGeometry
from schemas.matched import MatchedEvent, MatchedResult
from schemas.national import NationalAddress
from schemas.registrar_state import RegisteredCode
from services.address.vpostcode import code_key, written_form
from services.registrar.registration import Registration
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL

# No finer than the commune: such a point would put every address of a commune on one spot of the map.
_NO_GEOMETRY: Final = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)

# Topic, key and value.
Published = tuple[str, bytes, bytes | None]


def publications(registration: Registration, event: MatchedEvent, time: str) -> list[Published]:
    """What a registration publishes; tombstones first, so that no code stands twice. `time` is when the submission
    happened (RFC 3339)."""
    published: list[Published] = [
        (topic, retired.encode(), None)
        for retired in registration.retired
        for topic in (DIGITISED, MAP_FEATURE, NATIONAL)
    ]
    entry, result = registration.published, registration.result
    if entry is None or result is None:
        return published
    key = code_key(entry.code, entry.unit)
    written, label = written_form(entry.code, entry.unit), _label(result.components)
    subject = key.encode()
    published.append((DIGITISED, subject, encode(_digitised(entry, event, result, time, written))))
    published.append((MAP_FEATURE, subject, encode(_map_feature(entry, event, result, key, written, label))))
    published.append((NATIONAL, subject, encode(_national(entry, event, result, written, label))))
    return published


def _digitised(
    entry: RegisteredCode, event: MatchedEvent, result: MatchedResult, time: str, written: str
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
        result=result,  # type: ignore[arg-type]
    )


def _map_feature(
    entry: RegisteredCode, event: MatchedEvent, result: MatchedResult, key: str, written: str, label: str
) -> MapFeature:
    """The GeoJSON feature; its geometry is None where the position is no finer than the commune."""
    position = result.position
    geometry = None
    if position is not None and result.coordinate_level not in _NO_GEOMETRY:
        geometry = PointGeometry(coordinates=(position.lon, position.lat))
    return MapFeature(
        id=key,
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
    entry: RegisteredCode, event: MatchedEvent, result: MatchedResult, written: str, label: str
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
        full_address=", ".join([part for part in parts if part]),
        components=result.components,
        commune_code=result.commune_code or "",
        commune=result.commune or "",
        province_code=result.province_code or "",
        province=result.province or "",
        legacy=result.legacy,  # type: ignore[arg-type]
        position=result.position,
        match_level=result.match_level,
        coordinate_level=result.coordinate_level,
        version=event.version,
        gazetteer_version=result.gazetteer_version,
        overlay_offset=result.overlay_offset,
    )


def _label(components: Components) -> str:
    """The part below the commune, finest first."""
    number, alley, street = components.house_number, components.alley, components.street
    house = [number, alley, street] if alley else [f"{number} {street}" if number and street else number or street]
    parts = [components.unit, components.building, *house, components.village]
    return ", ".join([part for part in parts if part])
