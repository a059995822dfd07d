"""Keys and hashes: what they depend on, and what they must not depend on."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.address import Components
from schemas.raw import Householder, RawAddress, RawPosition
from services.address.identity import address_id, dwelling_id, record_key

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
COMMUNE = "02212"


def test_the_key_and_the_address_id_are_fixed() -> None:
    """A changed namespace or recipe would give every published address another id."""
    assert record_key("vnpost-tq", "17") == "vnpost-tq:17"
    assert address_id("vnpost-tq:17") == "e042aa17-84c0-5fb1-9c17-2863d6d5fc39"


def test_a_source_with_a_colon_could_share_a_key_with_another() -> None:
    with pytest.raises(ValueError, match="colon"):
        record_key("a:b", "c")
    assert record_key("a", "b:c") == "a:b:c"


HOUSE = Components(house_number="5", street="Trần Phú")


def test_the_dwelling_id_is_fixed() -> None:
    assert dwelling_id(HOUSE, COMMUNE) == "cbd03fb5f1ff5795c0c7cc7900d27d8f"


@pytest.mark.parametrize(
    "components",
    [
        Components(house_number="05", street="Trần Phú"),
        Components(house_number="Số 5", street="Đường Trần Phú"),
        Components(house_number="số nhà 5", street="đường  TRẦN PHÚ"),
        Components(house_number="SN 5", street=unicodedata.normalize("NFD", "Trần Phú")),
        Components(house_number="5", street="Trần Phú", village="Tổ 5", building="Nhà khách"),
    ],
)
def test_one_dwelling_written_in_several_ways(components: Components) -> None:
    assert dwelling_id(components, COMMUNE) == dwelling_id(HOUSE, COMMUNE)


@pytest.mark.parametrize(
    "components",
    [
        Components(house_number="5A", street="Trần Phú"),
        Components(house_number="5/1", street="Trần Phú"),
        Components(house_number="5-1", street="Trần Phú"),
        Components(house_number="51", street="Trần Phú"),
        Components(house_number="5", street="Trần Phù"),
        Components(house_number="5", street="Trần Phú", alley="Ngõ 2"),
        Components(house_number="5", street="Trần Phú", unit="Căn hộ 12"),
        Components(house_number="5", street="Trần Phú", unit="Căn hộ 12", building="Tòa A"),
        Components(house_number="5", village="Trần Phú"),
        Components(building="Trần Phú", unit="5"),
    ],
)
def test_other_dwellings(components: Components) -> None:
    other = dwelling_id(components, COMMUNE)
    assert other is not None
    assert other != dwelling_id(HOUSE, COMMUNE)
    assert dwelling_id(components, "02215") != other


@pytest.mark.parametrize(
    "components",
    [
        Components(),
        Components(street="Trần Phú"),
        Components(village="Thôn 5"),
        Components(house_number="5"),
        Components(house_number="5", alley="Ngõ 2"),
        Components(building="Chung cư A"),
        Components(unit="Căn hộ 12"),
        Components(building="Tòa A1", unit="Tầng 2"),
        Components(house_number="Km 12", street="Quốc lộ 2"),
        Components(house_number="Km12+300", street="Quốc lộ 2"),
        Components(house_number="0", street="Trần Phú"),
        Components(house_number="không số", street="Trần Phú"),
        Components(house_number=" ", street="Trần Phú"),
        Components(house_number="5", street=" , "),
    ],
)
def test_what_many_share_is_no_dwelling(components: Components) -> None:
    assert dwelling_id(components, COMMUNE) is None


def test_without_a_commune_there_is_no_dwelling() -> None:
    assert dwelling_id(HOUSE, None) is None


def test_villages_of_the_same_name_are_told_apart_by_their_old_commune() -> None:
    house = Components(house_number="5", village="Thôn 5")
    ids = [dwelling_id(house, COMMUNE, legacy) for legacy in (None, "02212", "02215")]
    assert len(set(ids)) == 3
    assert dwelling_id(house, COMMUNE, "02215") == dwelling_id(replace(house, village="thôn 05"), COMMUNE, "02215")
    assert dwelling_id(HOUSE, COMMUNE, "02215") == dwelling_id(HOUSE, COMMUNE)


texts = st.none() | st.text(max_size=20)


@given(st.builds(Components, *[texts] * 6))
def test_no_text_breaks_the_dwelling_id(components: Components) -> None:
    found = dwelling_id(components, COMMUNE)
    assert found is None or len(found) == 32
    assert found == dwelling_id(components, COMMUNE)
