"""What tells whether a source or a result says something new."""

from __future__ import annotations

import pytest
from msgspec.structs import fields, replace

from schemas.address import AddressResult, Components, NextAction, Position
from schemas.raw import Householder, RawAddress, RawPosition
from services.normaliser.fingerprints import result_hash, source_hash
from tests.unit.make import LAT, LON, result

RAW = RawAddress(
    source="vnpost-tq",
    source_record_id="17",
    address="Số 5, đường Trần Phú",
    village="Tổ 5",
    commune="Phan Thiết",
    district="TP Tuyên Quang",
    province="Tuyên Quang",
    position=RawPosition(lat=21.8, lon=105.2, easting=1.0, northing=2.0, epsg=9211, accuracy_m=5.0),
    householder=Householder(name="Nguyễn Văn Mẫu", phone="0900000001"),
    batch_id="b1",
    line_no=3,
)


def test_the_source_hash_is_fixed() -> None:
    assert source_hash(RAW) == "6b3a96d5c6450e69"


def test_a_hash_of_an_earlier_release_is_met_by_one_of_its_kind() -> None:
    """So that what was sent to that release is not taken for new."""
    assert source_hash(RAW, "0" * 32) == "3a5c0168ca59aa06e246dfe9fc64b2c7"
    assert source_hash(RAW, "0" * 16) == source_hash(RAW, None) == source_hash(RAW)
    assert len(result_hash(result())) == 16 and len(result_hash(result(), "0" * 32)) == 32


@pytest.mark.parametrize("field", ["address", "village", "commune", "district", "province"])
def test_the_source_hash_depends_on_each_text_field(field: str) -> None:
    assert source_hash(replace(RAW, **{field: "other"})) != source_hash(RAW)


@pytest.mark.parametrize("field", [f.name for f in fields(RawPosition)])
def test_the_source_hash_depends_on_the_point(field: str) -> None:
    assert RAW.position is not None
    changed = replace(RAW, position=replace(RAW.position, **{field: 7}))
    assert source_hash(changed) != source_hash(RAW)
    assert source_hash(replace(RAW, position=None)) != source_hash(RAW)


def test_the_source_hash_depends_on_nothing_else() -> None:
    other = replace(RAW, source="x", source_record_id="y", householder=None, batch_id=None, line_no=None)
    assert source_hash(other) == source_hash(RAW)
    assert source_hash(replace(RAW, village="")) == source_hash(replace(RAW, village=None))
    assert source_hash(replace(RAW, position=RawPosition())) == source_hash(replace(RAW, position=None))
    whole = replace(RAW, position=RawPosition(lat=21, lon=105))
    assert source_hash(whole) == source_hash(replace(RAW, position=RawPosition(lat=21.0, lon=105.0)))


def test_fields_do_not_run_into_each_other() -> None:
    one = replace(RAW, village="a", commune=None)
    other = replace(RAW, village=None, commune="a")
    assert source_hash(one) != source_hash(other)


def test_a_hash_is_of_the_result_and_not_of_the_gazetteer() -> None:
    one = result()
    assert result_hash(replace(one, gazetteer_version="another", overlay_offset=7)) == result_hash(one)
    others = [
        replace(one, address_text="…"),
        replace(one, components=Components(house_number="6")),
        replace(one, commune_code="02216"),
        replace(one, position=Position(LAT, LON, 6.0, "input.wgs84")),
        replace(one, next_action=NextAction.CONFIRM),
        replace(one, proposed_code=None),
    ]
    assert len({result_hash(other) for other in (one, *others)}) == 1 + len(others)
    # It leaves out the last two fields, and those must be these.
    assert [field.name for field in fields(AddressResult)][-2:] == ["gazetteer_version", "overlay_offset"]
