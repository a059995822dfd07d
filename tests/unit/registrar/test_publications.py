"""What the registrar hands on unread comes out as it came in."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import fields, replace

from schemas.address import AddressResult, Components, LegacyPlace, Position, Rival
from schemas.codec import decode, encode
from schemas.digitised import DigitisedAddress
from schemas.map_feature import MapFeature
from schemas.matched import MatchedEvent, MatchedResult
from schemas.national import NationalAddress
from schemas.outcome import Outcome
from schemas.registrar_state import RegisteredCode
from services.registrar.publications import publications
from services.registrar.registration import Registration
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL
from tests.unit.make import LAT, LON, event, result

AT = "2026-01-02T03:04:05Z"
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


def published(value: bytes, registered: RegisteredCode, other: MatchedResult | None = None) -> dict[str, bytes]:
    matched = decode(MatchedEvent, value)
    done = Registration(Outcome.DIGITISED, "22110R6F7CJX-02", registered, other or matched.result)
    return {topic: made for topic, _, made in publications(done, matched, AT) if made is not None}


@pytest.mark.parametrize("of", RESULTS)
@pytest.mark.parametrize("option", [None, orjson.OPT_INDENT_2, orjson.OPT_SORT_KEYS])
def test_what_is_published_is_of_the_result(of: AddressResult, option: int | None) -> None:
    value = encode(event(7, of))
    made = published(value if option is None else orjson.dumps(orjson.loads(value), option=option), entry(of))
    digitised, national = decode(DigitisedAddress, made[DIGITISED]), decode(NationalAddress, made[NATIONAL])
    feature = decode(MapFeature, made[MAP_FEATURE])
    assert digitised.result == of
    if option is None:
        assert (encode(digitised), encode(national)) == (made[DIGITISED], made[NATIONAL])
        assert encode(feature) == made[MAP_FEATURE]
    assert feature.properties.accuracy_m == (None if of.position is None else of.position.accuracy_m)
    assert national.components == of.components and national.legacy == of.legacy and national.position == of.position


def test_a_result_lies_where_it_is_registered() -> None:
    of = result()
    there = replace(of, position=Position(LAT + 0.1, LON, 3.0, "input.wgs84"))
    read = decode(MatchedResult, encode(there))
    made = published(encode(event(7, of)), entry(there), read)
    assert decode(DigitisedAddress, made[DIGITISED]).result == there
    assert decode(NationalAddress, made[NATIONAL]).position == there.position


def test_what_the_registrar_reads_is_what_the_normaliser_wrote() -> None:
    assert [one.name for one in fields(MatchedResult)] == [one.name for one in fields(AddressResult)]
    for of in RESULTS:
        value = encode(event(7, of))
        assert encode(decode(MatchedEvent, value)) == value
