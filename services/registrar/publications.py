"""What the world sees of a registered address: the digitised record, the map feature and the national record.

The first and the last hold parts of the matched event's result as they are. These are copied from its JSON, which costs
a fraction of making them anew.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from schemas.address import Components, CoordinateLevel
from schemas.codec import encode
from schemas.map_feature import MapFeature, MapProperties, PointGeometry
from schemas.matched import MatchedEvent, MatchedResult
from schemas.registrar_state import RegisteredCode
from services.address.vpostcode import code_key, written_form
from services.registrar.registration import DigitisedHead, NationalHead, Registration
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL

# No finer than the commune: such a point would put every address of a commune on one spot of the map.
_NO_GEOMETRY: Final = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)

# What bounds the parts that are copied. In the JSON of a result no text can hold these: their quotes would be escaped.
_RESULT: Final = b',"result":'
_AFTER_RESULT: Final = b',"moved_to":'
_PLACE: Final = b',"components":'
_AFTER_PLACE: Final = b',"registry_area":'
_POSITION: Final = b',"position":'
_AFTER_POSITION: Final = b',"score":'
_GAZETTEER: Final = b',"gazetteer_version":'

# Topic, key and value.
Published = tuple[str, bytes, bytes | None]


def publications(registration: Registration, event: MatchedEvent, value: bytes, time: str) -> list[Published]:
    """What a registration publishes; tombstones first, so that no code stands twice.

    `value` is the event as it came, `time` when the submission happened (RFC 3339).
    """
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
    encoded = _in_event(value, result) if result is event.result else encode(result)
    subject = key.encode()
    published.append((DIGITISED, subject, _digitised(entry, event, encoded, time, written)))
    published.append((MAP_FEATURE, subject, encode(_map_feature(entry, event, result, key, written, label))))
    published.append((NATIONAL, subject, _national(entry, event, result, encoded, written, label)))
    return published


def _in_event(value: bytes, result: MatchedResult) -> bytes:
    """The JSON of an event's result, as it stands in the event if our own encoder wrote that, which adds no spaces and
    keeps the order of the fields."""
    found = value[value.find(_RESULT) + len(_RESULT) : value.rfind(_AFTER_RESULT)]
    if found.startswith(b'{"address_text":"') and found.endswith(b',"overlay_offset":%d}' % result.overlay_offset):
        return found
    return encode(result)


def _digitised(entry: RegisteredCode, event: MatchedEvent, result: bytes, time: str, written: str) -> bytes:
    """The full record, as `DigitisedAddress` has it."""
    head = DigitisedHead(
        entry.code,
        entry.unit,
        written,
        entry.aliases,
        entry.address_id,
        event.record_key,
        event.version,
        event.batch_id,
        event.line_no,
        time,
    )
    return encode(head)[:-1] + _RESULT + result + b"}"


def _national(
    entry: RegisteredCode, event: MatchedEvent, result: MatchedResult, encoded: bytes, written: str, label: str
) -> bytes:
    """The record for the national address platform, as `NationalAddress` has it, with the address in the standard form
    since July 2025."""
    commune, province = result.commune or "", result.province or ""
    head = NationalHead(
        entry.code,
        entry.unit,
        written,
        entry.aliases,
        entry.address_id,
        result.dwelling_id,
        result.postal_code or event.registry_area,
        ", ".join([part for part in (label, commune, province) if part]),
    )
    if result.commune is None or result.province is None or result.commune_code is None or result.province_code is None:
        names = {"commune": commune, "province": province}
        codes = {"commune_code": result.commune_code or "", "province_code": result.province_code or ""}
        encoded = encode(replace(result, **names, **codes))
    try:
        place, position = _parts(encoded)
    except ValueError:  # not in our own encoder's order after all
        place, position = _parts(encode(result))
    version = b',"version":%d' % event.version
    return encode(head)[:-1] + place + position + version + encoded[encoded.rindex(_GAZETTEER) :]


def _parts(result: bytes) -> tuple[bytes, bytes]:
    """From the components to the legacy commune, and from the position to the levels. Raises ValueError."""
    # Each mark is looked for behind the one before: that costs least.
    place = result.index(_PLACE)
    after_place = result.index(_AFTER_PLACE, place)
    position = result.index(_POSITION, after_place)
    return result[place:after_place], result[position : result.index(_AFTER_POSITION, position)]


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


def _label(components: Components) -> str:
    """The part below the commune, finest first."""
    number, alley, street = components.house_number, components.alley, components.street
    house = [number, alley, street] if alley else [f"{number} {street}" if number and street else number or street]
    parts = [components.unit, components.building, *house, components.village]
    return ", ".join([part for part in parts if part])
