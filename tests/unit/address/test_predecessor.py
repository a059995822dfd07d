"""The old commune behind one of today, where the text fits both ages."""

from __future__ import annotations

import pytest

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult
from schemas.raw import RawAddress
from services.address.core import AddressCore

CORE = AddressCore(Gazetteer.load())


def result(text: str) -> AddressResult:
    return CORE.digitise([RawAddress("test", "1", text)])[0]


def test_a_name_of_both_ages_gives_the_old_commune_as_assumed() -> None:
    legacy = result("xã Nà Tấu, tỉnh Điện Biên").legacy
    assert legacy is not None
    assert (legacy.commune, legacy.district) == ("Xã Nà Tấu", "Thành phố Điện Biên Phủ")
    assert legacy.assumed


def test_a_named_district_makes_it_certain() -> None:
    legacy = result("xã Nà Tấu, thành phố Điện Biên Phủ, tỉnh Điện Biên").legacy
    assert legacy is not None
    assert not legacy.assumed


@pytest.mark.parametrize(
    "text",
    [
        "xã Bằng Hành, tỉnh Tuyên Quang",  # its old commune was in Hà Giang
        "phường Nông Tiến, tỉnh Hà Nội",
        "phường Kẻ Sặt, tỉnh Hải Phòng",
    ],
)
def test_what_the_text_contradicts_is_not_assumed(text: str) -> None:
    legacy = result(text).legacy
    assert legacy is None or not legacy.assumed


def test_of_several_from_the_district_named_the_one_with_the_code_of_today_is_assumed() -> None:
    legacy = result("Tân Khánh, Tân Uyên, Bình Dương").legacy
    assert legacy is not None
    assert (legacy.commune, legacy.assumed) == ("Phường Tân Phước Khánh", True)


def test_a_dwelling_is_the_same_whether_its_old_commune_is_assumed_or_unknown() -> None:
    """An assumption must neither part nor join dwellings: `Thôn 5` of a merged commune may be any of several."""
    assumed = result("Số 7, thôn 5, xã Nà Tấu, tỉnh Điện Biên")
    named = result("Số 7, thôn 5, xã Nà Tấu, thành phố Điện Biên Phủ, tỉnh Điện Biên")
    assert assumed.dwelling_id is not None
    assert assumed.dwelling_id != named.dwelling_id
