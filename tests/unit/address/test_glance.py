"""A text at a glance: nothing is missed, and what is said of a whole text by its parts is what the whole says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.names import fold, tidy
from services.address.glance import Text, known_text
from services.address.residue import LEAST_RESIDUE, hints_at_residue, most_residue
from services.address.segments import _parted
from services.address.tokens import MAX_CHARACTERS, clean

pieces = st.sampled_from(
    [
        "thôn 5",
        "xã Cao Bồ",
        "Tha1i",
        "So7n",
        "ddoong",
        " ",
        "  ",
        "\t",
        "\u00a0",
        ",",
        " - ",
        "\u200b",
        "a\u0301",
        "\u0301",
        "\\/",
        "０",
    ]
)
texts = st.text(max_size=40) | st.lists(pieces, max_size=8).map("".join)


@given(texts)
def test_a_text_says_what_its_words_say(text: str) -> None:
    seen = Text(text)
    assert seen.folded == fold(text)
    assert seen.letters == fold(text).replace(" ", "")
    assert seen.may_hold_residue == (hints_at_residue(text) and most_residue(text) >= LEAST_RESIDUE)
    assert seen.is_legible == any(char.isascii() and char.isalnum() for char in text)
    assert known_text(text).letters == seen.letters


@given(texts)
def test_nothing_is_missed(text: str) -> None:
    seen = Text(text)
    assert not seen.is_tidy or tidy(text) == text
    assert not seen.is_clean or clean(text) == (text, False)
    assert seen.may_hold_dashes or _parted(text)[0] == text.split(",")


@pytest.mark.parametrize("text", ["Thôn 5, xã Cao Bồ,,Hà Giang", "12-14 Lê Lợi, P. 3", "xom 5 , xa Cao Bo, ,Ha Giang"])
def test_a_text_as_it_should_be_is_known_for_one(text: str) -> None:
    seen = Text(text)
    assert seen.is_tidy
    assert seen.is_clean
    assert not seen.may_hold_dashes
    assert not seen.may_hold_phone


@pytest.mark.parametrize("text", [" Hà Giang", "Hà Giang ", "Hà  Giang", "Hà\tGiang", "Ha\u0300 Giang", "xã,  Hà"])
def test_an_untidy_text_is_seen(text: str) -> None:
    assert not Text(text).is_tidy


def test_a_text_that_is_too_long_is_not_clean() -> None:
    assert Text("a" * MAX_CHARACTERS).is_clean
    assert not Text("a" * MAX_CHARACTERS + "a").is_clean
