"""What the world sees of a registered address: the digitised record, the map feature and the national record."""

from __future__ import annotations

from typing import Final

from schemas.address import Components, CoordinateLevel, MatchLevel, Position
from schemas.codec import encode
from schemas.digitised import DigitisedAddress
from schemas.layout import Layout
from schemas.map_feature import MapFeature, MapProperties, PointGeometry
from schemas.matched import MatchedEvent, MatchedResult
from schemas.national import NationalAddress
from schemas.registrar_state import RegisteredCode
from schemas.usual_texts import usual_text
from services.address.vpostcode import code_key, written_form
from services.registrar.registration import Registration
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL

# No finer than the commune: such a point would put every address of a commune on one spot of the map.
_NO_GEOMETRY: Final = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)

_DIGITISED: Final = Layout(DigitisedAddress)
_MAP_FEATURE: Final = Layout(MapFeature)
_PROPERTIES: Final = Layout(MapProperties)
_GEOMETRY: Final = Layout(PointGeometry)
_NATIONAL: Final = Layout(NationalAddress)
_POSITION: Final = Layout(Position)
_LEVELS: Final[dict[str, bytes]] = {level: encode(level) for level in (*MatchLevel, *CoordinateLevel)}

# Topic, key and value.
Published = tuple[str, bytes, bytes | None]


def publications(
    registration: Registration, event: MatchedEvent, time: str, result_json: bytes | None = None
) -> list[Published]:
    """What a registration publishes; tombstones first, so that no code stands twice. `time` is when the submission
    happened (RFC 3339), `result_json` the JSON of the event's result, where it is at hand."""
    published: list[Published] = [
        (topic, retired.encode(), None)
        for retired in registration.retired
        for topic in (DIGITISED, MAP_FEATURE, NATIONAL)
    ]
    entry, result = registration.published, registration.result
    if entry is None or result is None:
        return published
    if result_json is None or result is not event.result:
        result_json = encode(result)
    shared = _Shared(entry, event, result)
    subject = shared.key.encode()
    published.append((DIGITISED, subject, _digitised(shared, event, time, result_json)))
    published.append((MAP_FEATURE, subject, _map_feature(shared, result)))
    published.append((NATIONAL, subject, _national(shared, result)))
    return published


class _Shared:
    """What stands in more than one record of a registration; as JSON, but for `key`, `label` and the names."""

    def __init__(self, entry: RegisteredCode, event: MatchedEvent, result: MatchedResult) -> None:
        code, unit, aliases, position = entry.code, entry.unit, entry.aliases, result.position
        self.key: Final = code_key(code, unit)
        self.code: Final = encode(code)
        self.unit: Final = usual_text(unit)
        self.written_code: Final = encode(written_form(code, unit))
        self.aliases: Final = encode(aliases) if aliases else b"[]"
        self.address_id: Final = encode(entry.address_id)
        self.version: Final = encode(event.version)
        self.label: Final = _label(result.components)
        self.commune: Final = result.commune or ""
        self.province: Final = result.province or ""
        self.postal_code: Final = usual_text(result.postal_code or event.registry_area)
        self.commune_code: Final = usual_text(result.commune_code or "")
        self.match_level: Final = _LEVELS[result.match_level]
        self.coordinate_level: Final = _LEVELS[result.coordinate_level]
        self.lat = self.lon = self.accuracy_m = self.position = b"null"
        if position is not None:
            self.lat, self.lon, self.accuracy_m = (
                encode(position.lat),
                encode(position.lon),
                encode(position.accuracy_m),
            )
            self.position = _POSITION.fill([self.lat, self.lon, self.accuracy_m, usual_text(position.source)])


def _digitised(shared: _Shared, event: MatchedEvent, time: str, result_json: bytes) -> bytes:
    """The full record."""
    return _DIGITISED.fill(
        [
            shared.code,
            shared.unit,
            shared.written_code,
            shared.aliases,
            shared.address_id,
            encode(event.record_key),
            shared.version,
            usual_text(event.batch_id),
            encode(event.line_no),
            encode(time),
            result_json,
        ]
    )


def _map_feature(shared: _Shared, result: MatchedResult) -> bytes:
    """The GeoJSON feature; its geometry is None where the position is no finer than the commune."""
    geometry = b"null"
    if result.position is not None and result.coordinate_level not in _NO_GEOMETRY:
        # Longitude first.
        geometry = _GEOMETRY.fill([b"[" + shared.lon + b"," + shared.lat + b"]", b'"Point"'])
    properties = _PROPERTIES.fill(
        [
            shared.code,
            shared.unit,
            shared.written_code,
            encode(shared.label or shared.commune),
            shared.postal_code,
            shared.commune_code,
            usual_text(shared.commune),
            usual_text(shared.province),
            shared.match_level,
            shared.coordinate_level,
            shared.accuracy_m,
            shared.version,
        ]
    )
    return _MAP_FEATURE.fill([encode(shared.key), geometry, properties, b'"Feature"'])


def _national(shared: _Shared, result: MatchedResult) -> bytes:
    """The record for the national address platform, with the address in the standard form since July 2025."""
    parts = (shared.label, shared.commune, shared.province)
    dwelling_id = result.dwelling_id
    return _NATIONAL.fill(
        [
            shared.code,
            shared.unit,
            shared.written_code,
            shared.aliases,
            shared.address_id,
            b"null" if dwelling_id is None else encode(dwelling_id),
            shared.postal_code,
            encode(", ".join([part for part in parts if part])),
            encode(result.components),
            shared.commune_code,
            usual_text(shared.commune),
            usual_text(result.province_code or ""),
            usual_text(shared.province),
            encode(result.legacy),
            shared.position,
            shared.match_level,
            shared.coordinate_level,
            shared.version,
            usual_text(result.gazetteer_version),
            encode(result.overlay_offset),
        ]
    )


def _label(components: Components) -> str:
    """The part below the commune, finest first."""
    number, alley, street = components.house_number, components.alley, components.street
    house = [number, alley, street] if alley else [f"{number} {street}" if number and street else number or street]
    parts = [components.unit, components.building, *house, components.village]
    return ", ".join([part for part in parts if part])
