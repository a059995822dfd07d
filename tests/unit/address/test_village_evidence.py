"""Villages of a list as evidence for the commune that a text means."""

from __future__ import annotations

from functools import cache

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.address.villages import VillageIndex

# Made-up villages in real communes of old Tuyên Quang.
KHUON_HA, TAN_THANH, KHANG_NHAT = "02251", "02401", "02578"


@cache
def core(with_list: bool = True) -> AddressCore:
    gazetteer = Gazetteer.load()
    made = AddressCore(gazetteer)
    names = [("Gò Nhùng", KHUON_HA), ("Nà Luông", TAN_THANH), ("Gò Luông", KHANG_NHAT)]
    legacy = {one.code: one for one in gazetteer.legacy if one.edition == 2025}
    villages = [
        Village(name, "thôn", code, legacy[code].successors[0].commune_code, "test", lat=22.0, lon=105.2)
        for name, code in names
    ]
    made.villages = VillageIndex(villages if with_list else [])
    return made


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
