"""Villages of a list as evidence for the commune that a text means."""

from __future__ import annotations

from functools import cache

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore

# Made-up villages in real communes of old Tuyên Quang.
KHUON_HA, TAN_THANH, KHANG_NHAT = "02251", "02401", "02578"
# An old commune that was divided, and its parts.
KIM_PHU, MY_LAM, MINH_XUAN = "02497", "02509", "02215"


@cache
def core(with_list: bool = True) -> AddressCore:
    gazetteer = Gazetteer.load()
    names = [("Gò Nhùng", KHUON_HA), ("Nà Luông", TAN_THANH), ("Gò Luông", KHANG_NHAT)]
    legacy = {one.code: one for one in gazetteer.legacy if one.edition == 2025}
    villages = [
        Village(name, "thôn", code, legacy[code].successors[0].commune_code, "test", lat=22.0, lon=105.2)
        for name, code in names
    ]
    return AddressCore(gazetteer, villages if with_list else [])


def digitise(text: str, with_list: bool = True) -> AddressResult:
    return core(with_list).digitise([RawAddress("test", "1", text)])[0]


@pytest.mark.parametrize("text", ["thon go nhung khuon ha tuyen quang", "Thôn Gò Nhùng Khuôn Hà Tuyên Quang"])
def test_a_commune_that_runs_on_from_its_own_village_is_accepted(text: str) -> None:
    result = digitise(text)
    assert (result.commune, result.next_action) == ("Xã Thượng Lâm", NextAction.ACCEPT)
    assert "commune.reads_as_other" not in result.faults
    assert "commune.reads_as_other" in digitise(text, with_list=False).faults


def test_a_misspelt_commune_after_its_own_village_is_the_guess() -> None:
    text = "thon go nhung khuon haq tuyen quang"
    result = digitise(text)
    assert (result.commune, result.next_action) == ("Xã Thượng Lâm", NextAction.CONFIRM)
    assert result.score > digitise(text, with_list=False).score + 10


def test_of_two_communes_of_one_name_the_one_whose_village_is_spelt_right_is_meant() -> None:
    result = digitise("thôn nà luông, xã tânn thành, tuyên quang")
    assert result.legacy is not None
    assert result.legacy.commune_code == TAN_THANH
    assert "village.misspelt" not in result.faults


def in_kim_phu(streets: dict[str, str], text: str) -> AddressResult:
    made = AddressCore(Gazetteer.load())
    for (name, kind), part in zip((one.rsplit("/", 1) for one in streets), streets.values(), strict=True):
        made.villages.confirm(name + part, Village(name, kind, None, part, "test"))
    return made.digitise([RawAddress("test", "1", text)])[0]


TEXT = "Số 12 đường Phú Hưng, xã Kim Phú, thành phố Tuyên Quang, tỉnh Tuyên Quang"


def test_a_listed_street_tells_the_part_of_a_divided_commune() -> None:
    asked = in_kim_phu({}, TEXT)
    assert asked.next_action is NextAction.CONFIRM
    assert {asked.commune_code, *(one.commune_code for one in asked.rivals)} >= {MY_LAM, MINH_XUAN}
    for part in (MY_LAM, MINH_XUAN):
        told = in_kim_phu({"Phú Hưng/đường": part}, TEXT)
        assert (told.commune_code, told.next_action) == (part, NextAction.ACCEPT)
        assert "commune.split" not in told.faults
        assert told.components.street == "Đường Phú Hưng"


@pytest.mark.parametrize(
    ("streets", "text"),
    [
        ({"Phú Hưng/đường": "02212"}, TEXT),  # a street of another commune
        ({"Phú Hưng/thôn": MINH_XUAN}, TEXT),  # a village of the street's name
        ({"Phú Hưng/đường": MINH_XUAN}, TEXT.replace("Phú Hưng", "Lê Lợi")),
        ({"Phú Hưng/đường": MINH_XUAN}, TEXT.replace("đường Phú Hưng", "thôn Phú Hưng")),
    ],
)
def test_another_street_leaves_it_to_a_person(streets: dict[str, str], text: str) -> None:
    result = in_kim_phu(streets, text)
    assert "commune.split" in result.faults
    assert result.next_action is NextAction.CONFIRM


def test_a_street_in_two_parts_leaves_it_to_a_person() -> None:
    made = AddressCore(Gazetteer.load())
    both = {part: Village("Phú Hưng", "đường", None, part, "test") for part in (MY_LAM, MINH_XUAN)}
    made.confirm_villages(both, 1)
    assert made.digitise([RawAddress("test", "1", TEXT)])[0].next_action is NextAction.CONFIRM
    made.confirm_villages({MY_LAM: None}, 2)
    told = made.digitise([RawAddress("test", "2", TEXT)])[0]
    assert (told.commune_code, told.next_action) == (MINH_XUAN, NextAction.ACCEPT)
