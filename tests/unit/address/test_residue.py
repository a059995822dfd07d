"""Words typed for an input method that was off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.gazetteer import Gazetteer
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.address.glance import Text
from services.address.residue import without_residue

GAZETTEER = Gazetteer.load()
CORE = AddressCore(GAZETTEER)
SYLLABLES = CORE.matcher.lexicon.syllables


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("xax Thais Sown, huyeenj Hamf Yeen, tinhr Tuyeen Quang", "xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang"),
        ("xa4 Tha1i So7n, huye65n Ha2m Ye6n, ti3nh Tuye6n Quang", "xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang"),
        ("quaanj Ddoongs DDa, Haf Nooij", "quận Đống Đa, Hà Nội"),
        ("THIJ TRAANS VIXNH LOOCJ", "THỊ TRẤN VĨNH LỘC"),
        ("to 5, phuowngf Minh Xuaan, TP Tuyeen Quang", "to 5, phường Minh Xuân, TP Tuyên Quang"),
    ],
)
def test_residue_is_read_as_what_was_meant(typed: str, meant: str) -> None:
    assert without_residue(typed, SYLLABLES) == meant


@pytest.mark.parametrize(
    "text",
    [
        "12 Boss Street, Moon tower, Ward 5",
        "P5, Q3, B12, Khu D2D, TPHCM",
        "Phuong5 Tan Quang",
        "Thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang",
        "xa Thai Son, huyen Ham Yen, tinh Tuyen Quang",
        "",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert without_residue(text, SYLLABLES) == text


typed_words = st.sampled_from(
    ["Thais", "Sown", "huyeenj", "Ha2m", "Ye6n", "xã", "Kw\u212a", "số 5", "so7n,", "a\u2028s"]
)


@given(st.lists(typed_words | st.text(max_size=8), max_size=12).map(" ".join))
def test_a_long_text_is_read_like_a_short_one(text: str) -> None:
    spaces = " " * 200
    assert without_residue(text + spaces, SYLLABLES) == without_residue(text, SYLLABLES) + spaces
    assert Text(text + spaces).may_hold_residue == Text(text).may_hold_residue


@given(st.lists(typed_words | st.text(max_size=8), max_size=12).map(" ".join))
def test_no_residue_escapes_the_quick_look(text: str) -> None:
    assert Text(text).may_hold_residue or without_residue(text, SYLLABLES) == text


@given(st.text(max_size=80))
def test_what_was_put_right_stays_so(text: str) -> None:
    once = without_residue(text, SYLLABLES)
    assert without_residue(once, SYLLABLES) == once


@pytest.mark.parametrize("commune", list(GAZETTEER.communes.values())[::40], ids=lambda commune: commune.code)
def test_names_of_today_are_left_alone_with_and_without_accents(commune: object) -> None:
    name = f"{commune.full_name}, {GAZETTEER.provinces[commune.province_code].full_name}"  # type: ignore[attr-defined]
    assert without_residue(name, SYLLABLES) == name


def test_an_address_typed_so_is_accepted() -> None:
    result = CORE.digitise([RawAddress("test", "1", "thoon 5, xax Thais Sown, huyeenj Hamf Yeen, Tuyeen Quang")])[0]
    assert result.legacy is not None
    assert (result.legacy.commune, result.next_action.value) == ("Xã Thái Sơn", "ACCEPT")
