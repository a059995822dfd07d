"""Where a text is cut: at commas, and at dashes that stand between words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.address.segments import _separators

pieces = st.sampled_from(["12", "14", "Lê Lợi", "TT", ",", " - ", "-", " – ", " — ", " ", "\u00a0"])


def parts(text: str) -> list[str]:
    """The text between its separators."""
    spans = _separators(text)
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("", [""]),
        ("Lê Lợi", ["Lê Lợi"]),
        ("12 Lê Lợi,P. 3,, Hà Giang", ["12 Lê Lợi", "P. 3", "", " Hà Giang"]),
        ("12 Lê Lợi - P. Tân Quang – Hà Giang", ["12 Lê Lợi", "P. Tân Quang", "Hà Giang"]),
        ("12 - 14 Lê Lợi, P. 3", ["12 - 14 Lê Lợi", " P. 3"]),
        ("số 12 - TT. Vị Xuyên", ["số 12", "TT. Vị Xuyên"]),
        ("TT. Mỹ-Lâm", ["TT. Mỹ-Lâm"]),
    ],
)
def test_a_text_is_cut_at_commas_and_at_dashes_between_words(text: str, cut: list[str]) -> None:
    assert parts(text) == cut


@given(st.lists(pieces).map("".join))
def test_commas_cut_alike_whether_or_not_there_are_dashes(text: str) -> None:
    commas = [(at, at + 1) for at, char in enumerate(text) if char == ","]
    assert [span for span in _separators(text) if text[slice(*span)] == ","] == commas
    assert _separators(text + "/-")[: len(commas)] == _separators(text)[: len(commas)]
