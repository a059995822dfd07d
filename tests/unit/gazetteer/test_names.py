"""Folding: the properties that the matcher relies on, and the spellings that people use."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gazetteer.names import fold, fold_char, merge_i_y, tidy, tone_key

FOLDED = set(string.ascii_lowercase + string.digits + " ")


@given(st.text())
@example("ẩ\u0323")
@example("İ½ﬁ")
def test_fold_gives_plain_words_and_is_idempotent(text: str) -> None:
    folded = fold(text)
    assert set(folded) <= FOLDED
    assert folded == " ".join(folded.split())
    assert fold(folded) == folded


@given(st.text())
@example("a\u2028b\u0085c\x1cd")
def test_words_that_are_remembered_fold_as_in_a_long_text(text: str) -> None:
    long = "x" * 201
    assert fold(f"{text} {long}") == f"{fold(text)} {long}".strip()


@given(st.characters())
def test_one_character_folds_as_a_text_of_one(char: str) -> None:
    assert " ".join(fold_char(char).split()) == fold(char)


@given(st.text())
@example("İ½ﬁ")
@example("ÒUYY")
def test_tone_key_is_idempotent_and_in_step_with_fold(text: str) -> None:
    key = tone_key(text)
    assert tone_key(key) == key
    assert fold(key) == fold(text)
    assert len(key.split()) == len(fold(text).split())


@given(st.text())
def test_composed_and_decomposed_text_are_the_same(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert fold(composed) == fold(decomposed)
    assert tone_key(composed) == tone_key(decomposed)
    assert tidy(composed) == tidy(decomposed)


@given(st.text(alphabet="aeiouyăâêôơưàáạảãòóõỏọùúủũụèéẻẽẹýỳỷỹỵđqgnh tHcm"))
def test_case_does_not_matter(text: str) -> None:
    assert fold(text.upper()) == fold(text)
    assert tone_key(text.upper()) == tone_key(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hoà Bình", "Hòa Bình"),
        ("Thuỷ", "Thủy"),
        ("khoẻ", "khỏe"),
        ("Qúy Quân", "Quý Quân"),
        ("Hòan Kiếm", "Hoàn Kiếm"),
        ("gìa", "già"),
        ("Tuyên\u00a0 Quang ", "tuyên quang"),
        ("Ðức Ninh", "Đức Ninh"),
        ("Cư M’gar", "Cư M'Gar"),
        ("Cư Mgar", "Cư M'Gar"),
    ],
)
def test_spellings_that_are_one_name(one: str, other: str) -> None:
    assert tone_key(one) == tone_key(other)
    assert fold(one) == fold(other)


@pytest.mark.parametrize("name", ["hòa", "thúy", "quý", "giã", "giếng", "hoàn", "ngoài", "khuỷu", "mía", "của", "ưu"])
def test_canonical_names_are_left_alone(name: str) -> None:
    assert tone_key(name) == name


@pytest.mark.parametrize(("one", "other"), [("Phó Bảng", "Phố Bảng"), ("Tân Mỹ", "Tân Mý"), ("Sà Phìn", "Sả Phìn")])
def test_tones_tell_names_apart(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert tone_key(one) != tone_key(other)


def test_fold_turns_punctuation_into_spaces() -> None:
    assert fold("12/3, tổ 5 - P.Minh Xuân") == "12 3 to 5 p minh xuan"


@pytest.mark.parametrize(
    ("written", "merged"),
    [
        ("quy quan", "qui quan"),
        ("ly", "li"),
        ("y yen", "i yen"),
        ("thuy", "thuy"),
        ("tay", "tay"),
        ("nguyen", "nguyen"),
    ],
)
def test_merge_i_y(written: str, merged: str) -> None:
    assert merge_i_y(written) == merged
    assert merge_i_y(merged) == merged
