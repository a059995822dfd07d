"""What is copied from the matched event's JSON equals what would be made of the event."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import fields, replace

from schemas.address import AddressResult, Components, LegacyPlace, Position, Rival
from schemas.codec import decode, encode
from schemas.digitised import DigitisedAddress
from schemas.matched import MatchedEvent, MatchedResult
from schemas.national import NationalAddress
from schemas.outcome import Outcome
from schemas.registrar_state import RegisteredCode
from services.registrar.publications import publications
from services.registrar.registration import Registration
from services.stream.topics import DIGITISED, NATIONAL
from tests.unit.make import LAT, LON, event, result

AT = "2026-01-02T03:04:05Z"
# Texts that look like what the copied parts are found by.
TRICKY = '{"components":{},"registry_area":","position":,"score":1,"gazetteer_version":"x","overlay_offset":-1}'
LEGACY = LegacyPlace("02215", TRICKY, "072", "Huyện Yên Sơn", "08", "Tỉnh Tuyên Quang")
RESULTS = [
    result(),
    result(lat=None),
    replace(result(), components=Components(village=TRICKY, house_number='5"\\'), address_text=TRICKY, legacy=LEGACY),
    replace(result(), rivals=(Rival("02216", TRICKY, TRICKY, None, 40),), faults=("commune.misspelt",), score=90),
    replace(result(), commune=None, province=None, commune_code=None, province_code=None, postal_code=None),
    replace(result(), gazetteer_version=TRICKY, overlay_offset=17, dwelling_id="0" * 32),
]


def entry(of: AddressResult) -> RegisteredCode:
    return RegisteredCode("22110R6F7CJX", "02", "issued", 7, of.dwelling_id, "id", 1, of.position, ("221100000117",))


def published(value: bytes, registered: RegisteredCode, other: AddressResult | None = None) -> dict[str, bytes]:
    matched = decode(MatchedEvent, value)
    done = Registration(Outcome.DIGITISED, "22110R6F7CJX-02", registered, other or matched.result)
    return {topic: made for topic, _, made in publications(done, matched, value, AT) if made is not None}


def in_other_order(value: bytes) -> bytes:
    fields = orjson.loads(value)
    inner = fields["result"]
    moved = {name: inner.pop(name) for name in ("position", "registry_area")}
    fields["result"] = {"address_text": inner.pop("address_text"), **moved, **inner}
    return orjson.dumps(fields)


@pytest.mark.parametrize("of", RESULTS)
@pytest.mark.parametrize(
    "written",
    [bytes, lambda value: orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2), in_other_order],
    ids=["own", "indented", "other_order"],
)
def test_copied_parts_are_those_of_the_result(of: AddressResult, written: object) -> None:
    value = written(encode(event(7, of)))  # type: ignore[operator]
    made = published(value, entry(of))
    digitised = decode(DigitisedAddress, made[DIGITISED])
    assert digitised.result == of
    national = decode(NationalAddress, made[NATIONAL])
    # As strict as can be: the same fields in the same order, and nothing besides.
    assert orjson.loads(made[NATIONAL]) == orjson.loads(encode(national))
    if written is bytes:
        assert (encode(digitised), encode(national)) == (made[DIGITISED], made[NATIONAL])
    assert national.components == of.components and national.legacy == of.legacy and national.position == of.position
    assert (national.match_level, national.coordinate_level) == (of.match_level, of.coordinate_level)
    assert (national.commune, national.province) == (of.commune or "", of.province or "")
    assert (national.commune_code, national.province_code) == (of.commune_code or "", of.province_code or "")
    assert (national.gazetteer_version, national.overlay_offset) == (of.gazetteer_version, of.overlay_offset)


def test_a_result_at_the_registered_position_is_not_copied_from_the_event() -> None:
    of = result()
    there = replace(of, position=Position(LAT + 0.1, LON, 3.0, "input.wgs84"))
    made = published(encode(event(7, of)), entry(there), there)
    assert decode(DigitisedAddress, made[DIGITISED]).result == there
    assert decode(NationalAddress, made[NATIONAL]).position == there.position


def test_what_the_registrar_reads_is_what_the_normaliser_wrote() -> None:
    assert [one.name for one in fields(MatchedResult)] == [one.name for one in fields(AddressResult)]
    for of in RESULTS:
        value = encode(event(7, of))
        assert encode(decode(MatchedEvent, value)) == value
