"""What the world sees of a registered address: the digitised record, the map feature and the national record.

They are written here as JSON, byte by byte what `encode` makes of `DigitisedAddress`, `MapFeature` and
`NationalAddress`: they share most of their values, each of which is encoded once.
"""

from __future__ import annotations

from typing import Final

from schemas.address import Components, CoordinateLevel
from schemas.codec import encode
from schemas.matched import MatchedEvent, MatchedResult
from schemas.registrar_state import RegisteredCode
from schemas.usual_texts import usual_text
from services.address.vpostcode import code_key, written_form
from services.registrar.places import edition, levels, place_of
from services.registrar.points import point_of
from services.registrar.registration import Registration
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL

# No finer than the commune: such a point would put every address of a commune on one spot of the map.
_NO_GEOMETRY: Final = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)

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
        code, unit, aliases = entry.code, entry.unit, entry.aliases
        self.key: Final = code_key(code, unit)
        # Codes and units are of the registry, and hold nothing that JSON would escape.
        unit_json = "null" if unit is None else f'"{unit}"'
        self.code: Final = f'{{"code":"{code}","unit":{unit_json},"written_code":"{written_form(code, unit)}"'.encode(
            "ascii"
        )
        aliases_json = encode(aliases) if aliases else b"[]"
        self.address: Final = b"".join([b',"aliases":', aliases_json, b',"address_id":', encode(entry.address_id)])
        self.version: Final = b',"version":' + encode(event.version)
        self.label: Final = _label(result.components)
        self.commune: Final = result.commune or ""
        self.province: Final = result.province or ""
        self.place: Final = place_of(
            result.postal_code or event.registry_area,
            result.commune_code or "",
            self.commune,
            result.province_code or "",
            self.province,
        )
        self.levels: Final = levels(result.match_level, result.coordinate_level)
        self.point: Final = point_of(result.position)


def _digitised(shared: _Shared, event: MatchedEvent, time: str, result_json: bytes) -> bytes:
    """The full record."""
    return b"".join(
        [
            shared.code,
            shared.address,
            b',"record_key":',
            encode(event.record_key),
            shared.version,
            b',"batch_id":',
            usual_text(event.batch_id),
            b',"line_no":',
            encode(event.line_no),
            b',"digitised_at":',
            encode(time),
            b',"result":',
            result_json,
            b"}",
        ]
    )


def _map_feature(shared: _Shared, result: MatchedResult) -> bytes:
    """The GeoJSON feature; its geometry is None where the position is no finer than the commune."""
    geometry = b"null"
    if result.position is not None and result.coordinate_level not in _NO_GEOMETRY:
        # Longitude first.
        geometry = b"".join([b'{"coordinates":[', shared.point.lon, b",", shared.point.lat, b'],"type":"Point"}'])
    return b"".join(
        [
            f'{{"id":"{shared.key}","geometry":'.encode("ascii"),
            geometry,
            b',"properties":',
            shared.code,
            b',"label":',
            encode(shared.label or shared.commune),
            shared.place.on_map,
            shared.levels,
            b',"accuracy_m":',
            shared.point.accuracy_m,
            shared.version,
            b'},"type":"Feature"}',
        ]
    )


def _national(shared: _Shared, result: MatchedResult) -> bytes:
    """The record for the national address platform, with the address in the standard form since July 2025."""
    dwelling_id = result.dwelling_id
    return b"".join(
        [
            shared.code,
            shared.address,
            b',"dwelling_id":',
            b"null" if dwelling_id is None else encode(dwelling_id),
            b',"postal_code":',
            shared.place.postal_code,
            b',"full_address":',
            encode(_listed(_listed(shared.label, shared.commune), shared.province)),
            b',"components":',
            encode(result.components),
            shared.place.national,
            b',"legacy":',
            encode(result.legacy),
            b',"position":',
            shared.point.whole,
            shared.levels,
            shared.version,
            edition(result.gazetteer_version, result.overlay_offset),
            b"}",
        ]
    )


def _listed(first: str, second: str) -> str:
    """Both with a comma between them, or the one that is not empty."""
    return f"{first}, {second}" if first and second else first or second


def _label(components: Components) -> str:
    """The part below the commune, finest first."""
    number, alley, street = components.house_number or "", components.alley or "", components.street or ""
    if alley:
        house = _listed(_listed(number, alley), street)
    else:
        house = f"{number} {street}" if number and street else number or street
    building = _listed(components.unit or "", components.building or "")
    return _listed(_listed(building, house), components.village or "")
