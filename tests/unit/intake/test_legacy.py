"""Text from before Unicode: it round-trips, it is recognised, and nothing else is taken for it."""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.legacy import Legacy, decode, encode, reads_better, recognise
from services.intake.syllables import is_syllable

TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
SMALL = [unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in TONES] + ["đ"]
CAPITALS = [letter.upper() for letter in SMALL]
ASCII = [chr(code) for code in range(0x20, 0x7F)]
# Names of communes and provinces as they are written today.
COMMUNES = Path(__file__).parents[3] / "gazetteer" / "data" / "communes.csv"

# The encodings' own tables, as their fonts show them: what a file holds, and what people see.
WRITTEN = [
    (Legacy.TCVN3, "X· Th¸i S¬n, huyÖn Hµm Yªn, tØnh Tuyªn Quang", "Xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang"),
    (Legacy.TCVN3, "Ph\xadêng Minh Xu©n, ®\xadêng B×nh ThuËn", "Phường Minh Xuân, đường Bình Thuận"),
    (Legacy.TCVN3, "§Þa chØ: sè 5, ngâ 12, §ång V¨n", "Địa chỉ: số 5, ngõ 12, Đồng Văn"),
    (Legacy.TCVN3, "TØNH TUY£N QUANG", "TỈNH TUYÊN QUANG"),
    (Legacy.VNI, "Xaõ Thaùi Sôn, huyeän Haøm Yeân, tænh Tuyeân Quang", "Xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang"),
    (Legacy.VNI, "Phöôøng Minh Xuaân, ñöôøng Bình Thuaän", "Phường Minh Xuân, đường Bình Thuận"),
    (Legacy.VNI, "TÆNH TUYEÂN QUANG, ÑOÀNG VAÊN", "TỈNH TUYÊN QUANG, ĐỒNG VĂN"),
]


@cache
def communes() -> list[str]:
    with COMMUNES.open(encoding="utf-8", newline="") as file:
        return [unicodedata.normalize("NFC", row["name"]) for row in csv.DictReader(file)]


@settings(deadline=None)
@given(st.text(st.sampled_from(ASCII + SMALL + CAPITALS)))
def test_vni_round_trips(text: str) -> None:
    assert decode(encode(text, Legacy.VNI), Legacy.VNI) == text


@settings(deadline=None)
@given(st.text(st.sampled_from([char for char in ASCII if not "A" <= char <= "Z"] + SMALL)))
def test_tcvn3_round_trips_in_small_letters(text: str) -> None:
    assert decode(encode(text, Legacy.TCVN3), Legacy.TCVN3) == text


@settings(deadline=None)
@given(st.text(st.sampled_from(ASCII + SMALL + CAPITALS)))
def test_tcvn3_loses_no_more_than_the_case(text: str) -> None:
    assert decode(encode(text, Legacy.TCVN3), Legacy.TCVN3).casefold() == text.casefold()


@pytest.mark.parametrize("which", Legacy)
def test_every_letter_has_bytes_of_its_own(which: Legacy) -> None:
    written = [encode(letter, which) for letter in SMALL]
    assert len(set(written)) == len(SMALL)
    assert all(char <= "\u00ff" for text in written for char in text)


@pytest.mark.parametrize(("which", "written", "meant"), WRITTEN)
def test_what_the_fonts_show_is_what_is_read(which: Legacy, written: str, meant: str) -> None:
    assert decode(written, which) == meant


def test_the_encoding_of_a_sample_is_recognised() -> None:
    for which in Legacy:
        assert recognise(written for own, written, _ in WRITTEN if own is which) is which
        assert all(reads_better(written, which) for own, written, _ in WRITTEN if own is which)


@pytest.mark.parametrize("which", Legacy)
def test_names_of_all_communes_are_recognised_a_few_at_a_time(which: Legacy) -> None:
    names = communes()
    judged = [
        recognise(encode(name, which) for name in names[start : start + 25]) for start in range(0, len(names), 25)
    ]
    wrong = [found for found in judged if found not in (which, None)]
    assert wrong == []
    assert judged.count(which) >= 0.95 * len(judged)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(max_codepoint=0x7F))))
def test_ascii_is_never_taken_for_legacy(texts: list[str]) -> None:
    assert recognise(texts) is None


@settings(deadline=None)
@given(st.data())
def test_vietnamese_in_unicode_is_never_taken_for_legacy(data: st.DataObject) -> None:
    names = communes()
    assert recognise(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=30))) is None


@settings(deadline=None)
@given(st.lists(st.builds(str.__add__, st.text(), st.characters(min_codepoint=0x2200)), max_size=20))
def test_text_with_characters_that_no_byte_stands_for_is_never_taken_for_legacy(texts: list[str]) -> None:
    assert recognise(texts) is None
    assert not any(reads_better(text, which) for text in texts for which in Legacy)


@pytest.mark.parametrize(
    "texts",
    [
        ["Café Hôtel Gérard", "Saint-Étienne, forêt, naïveté, château"],
        ["Größe, Straße, Köln, München, Übung, Bär"],
        ["Málaga, Señor, León, Córdoba, Ibáñez, Núñez"],
        ["São Paulo, Brasília, Goiânia, coração, região"],
        ["21°49'25\" 105°12'51\"", "m², µg, ±5, ½, ©, ®, «x»"],
        ["Thôn Hà, xóm Bò, bản Là, làng Sô, khu Tân, tổ Ý"],
        ["Hoà Bình, Thuý Sơn, khoẻ, quý, giếng, quốc lộ, nghiêng"],
    ],
)
def test_other_languages_are_never_taken_for_legacy(texts: list[str]) -> None:
    assert recognise(texts) is None


def test_vietnamese_syllables_are_told_from_what_is_none() -> None:
    good = "Xã phường đường nghiêng khuỷu giếng gì quốc quỳnh thuở hòa hoà thuý thúy yến Ỷ ĐỒNG"
    assert [word for word in good.split() if not is_syllable(word)] == []
    bad = "Thaùi Phöôøng Xuaân Gérard Köln xãã hàt sạt\u0301 hoaò bcd quq"
    assert [word for word in bad.split() if is_syllable(word)] == []
