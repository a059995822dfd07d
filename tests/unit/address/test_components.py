"""The part below the commune: the addresses of components.yaml, one test each, and what holds for every text."""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gazetteer.gazetteer import Gazetteer
from schemas.address import Components
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.address.details import parse_details
from services.address.lexicon import Lexicon
from services.address.mentions import Reading, read
from services.address.pieces import components_of, settled
from services.address.tokens import tokenise

_CASES: list[dict[str, str]] = yaml.safe_load((Path(__file__).parent / "components.yaml").read_text(encoding="utf-8"))
_GAZETTEER = Gazetteer.load()
_CORE = AddressCore(_GAZETTEER)
_LEXICON = Lexicon(_GAZETTEER)
_LABELS = frozenset(
    {"house_number", "alley", "street", "kilometre", "village", "group", "building", "unit", "name", "landmark",
     "plus_code", "remark", "noise"}
)  # fmt: skip

# What addresses are made of, and what breaks them.
_WORDS = st.sampled_from(
    ["số", "nhà", "Số nhà", "sn", "ngõ", "ngách", "hẻm", "kiệt", "K12/5", "đường", "Đ.", "d5", "P.", "p12", "QL2", "km",
     "8+500", "tổ", "TDP", "thôn", "ấp", "lô", "block", "tầng", "căn hộ", "chung cư", "KDC", "gần", "đối diện", "MST",
     "12", "12A", "3/4/5", "12 - 14", "bis", "0912345678", "47V5+Q9V", "21°49'", "200m", "(", ")", "[", "]", ",", "-",
     "/", ".", "+", "…", "Lê", "Lợi", "Nguyễn", "Trãi", "City", "Street", "Ward", "xã", "Thái Sơn", "Hàm Yên", "đ",
     "\u0323", "１２", "º", "@"]
)  # fmt: skip
_ADDRESSES = st.one_of(
    st.text(max_size=120), st.lists(_WORDS, max_size=25).map(" ".join), st.lists(_WORDS).map("".join)
)
_PIECES_OF_TEXT = st.one_of(
    st.text(min_size=1, max_size=6), st.lists(_WORDS, min_size=1, max_size=6).map(" ".join), st.sampled_from("1(,a/+-.")
)


def _reading(text: str) -> Reading:
    return read(tokenise(text, _LEXICON.syllables, _LEXICON.slips), _LEXICON)


@pytest.mark.parametrize("case", _CASES, ids=[case["raw"] for case in _CASES])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_address_is_read_to_its_components(case: dict[str, str], form: Any) -> None:
    expected = Components(**{name: value for name, value in case.items() if name != "raw"})
    result = _CORE.digitise([RawAddress("test", "1", unicodedata.normalize(form, case["raw"]))])[0]
    assert result.components == expected


def test_there_are_cases_enough_and_none_twice() -> None:
    texts = [case["raw"] for case in _CASES]
    assert len(texts) == len(set(texts)) >= 80


@pytest.mark.parametrize("case", _CASES, ids=[case["raw"] for case in _CASES])
def test_what_is_explained_is_what_is_published(case: dict[str, str]) -> None:
    """Components come of cached segments, the explanation of the whole text: they agree."""
    raw = RawAddress("test", "1", case["raw"])
    explained = _CORE.explain(raw)
    shown = " ".join(span.value for span in explained.spans)
    components = explained.result.components
    for value in (components.house_number, components.alley, components.building, components.unit):
        for part in (value or "").split(", "):
            assert part in shown


@pytest.mark.parametrize(
    "local",
    [
        "thôn 5",
        "số 5 Trần Phú",
        "tổ 7, ngõ 12 đường Quang Trung",
        "số nhà 3, tầng 2, tòa A1",
        "QL2 km 8+500",
        "KDC Hoa Sen",
    ],
)
@pytest.mark.parametrize("rest", ["phường Minh Xuân, TP Tuyên Quang", "xã Thái Sơn, tỉnh Tuyên Quang, Việt Nam"])
def test_it_is_the_same_before_and_after_the_administrative_part(local: str, rest: str) -> None:
    before, after = (RawAddress("test", "1", text) for text in (f"{local}, {rest}", f"{rest}, {local}"))
    results = _CORE.digitise([before, after])
    assert results[0].components == results[1].components != Components()
    assert results[0].commune_code == results[1].commune_code


@pytest.mark.parametrize("number", ["2024", "22110", "11", "300.000", "1/2"])
def test_a_bare_number_after_the_administrative_part_is_no_house(number: str) -> None:
    raw = RawAddress("test", "1", f"Tổ 5, phường Minh Xuân, TP Tuyên Quang, {number}")
    assert _CORE.digitise([raw])[0].components == Components(village="Tổ 5")


@given(_ADDRESSES)
def test_pieces_lie_in_the_text_in_order_and_apart(text: str) -> None:
    reading = _reading(text)
    pieces = settled(tuple(parse_details(reading, len(reading.tokens))))
    assert all(0 <= piece.start < piece.end <= len(reading.tokens.text) for piece in pieces)
    assert all(left.end <= right.start for left, right in pairwise(pieces))
    assert {piece.label for piece in pieces} <= _LABELS


@given(_ADDRESSES)
def test_a_house_number_has_a_digit_and_no_space(text: str) -> None:
    components = _CORE.digitise([RawAddress("test", "1", text)])[0].components
    number = components.house_number
    assert number is None or (any(char.isdigit() for char in number) and " " not in number)
    for value in (components.alley, components.street, components.village, components.building, components.unit):
        assert value is None or value.strip()


@given(
    st.sampled_from(["0912345678", "0912 345 678", "MST 0101234567", "47V5+Q9V", "22110", "21°49'25.0\"N", "700000"])
)
def test_noise_is_never_a_house_number(noise: str) -> None:
    for text in (f"{noise}, tổ 5", f"tổ 5, {noise}", f"tổ 5 ({noise})"):
        address = f"{text}, phường Minh Xuân, TP Tuyên Quang"
        assert _CORE.digitise([RawAddress("test", "1", address)])[0].components == Components(village="Tổ 5")


def _calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, a piece of work calls."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def _parse(reading: Reading) -> Components:
    return components_of(tuple(parse_details(reading, len(reading.tokens))))


@settings(deadline=None)
@given(_PIECES_OF_TEXT, st.sampled_from(["", " ", ", ", "/", "-", ") "]))
def test_the_work_grows_no_faster_than_the_text(unit: str, between: str) -> None:
    short, long = (_reading((unit + between) * count) for count in (20, 40))
    assert _calls(lambda: _parse(long)) <= 2.2 * _calls(lambda: _parse(short)) + 200


def _seconds(text: str) -> float:
    """The least time of three that parsing a text takes."""
    reading = _reading(text)
    times = []
    for _ in range(3):
        started = time.process_time()
        _parse(reading)
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "a",
        "1a",
        "a1",
        "1/",
        "1-",
        "1 - ",
        "1 a ",
        "1.",
        "(",
        "),",
        "p1 ",
        "số 1 ",
        "lê lợi ",
        "22+",
        "1'",
        "1 và ",
    ],
)
def test_no_pattern_backtracks_without_end(unit: str) -> None:
    """What takes twice as long for each further character shows between 20 and 24, before it can hang the test."""
    for tail in ("", "+ x", "! x", "zz", "/ x", ") x"):
        before = _seconds(unit * 16 + tail)
        for count in (20, 24, 28, 32, 64, 256, 1_024):
            now = _seconds(unit * count + tail)
            assert now <= 10 * before + 0.05, (tail, count, now, before)
            before = now


@pytest.mark.parametrize("text", ["1" * 40 + "+ x", "1" * 1_900, "1a" * 40 + "zz", "(" * 1_900, ",)" * 900])
def test_what_is_no_number_is_given_up(text: str) -> None:
    assert _parse(_reading(text)).house_number is None


@pytest.mark.parametrize("text", ["số nhà 12abcd", "sn 5xyz9 q", "P123 " * 380, "p123 c1 " * 240, "phòng 1 " * 240])
def test_odd_numbers_are_read_to_the_end(text: str) -> None:
    reading = _reading(text)
    assert all(piece.end <= len(reading.tokens.text) for piece in parse_details(reading, len(reading.tokens)))
