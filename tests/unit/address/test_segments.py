"""Where a text is cut: at commas, and at dashes that stand between words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.address.glance import Text
from services.address.segments import _parted

pieces = st.sampled_from(["12", "14", "Lê Lợi", "TT", ",", " - ", "-", " – ", " — ", " ", "\u00a0"])


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
    segments, between = _parted(text)
    assert segments == cut
    assert len(between) == len(cut) - 1


@given(st.lists(pieces).map("".join))
def test_a_text_is_cut_at_commas_alone_where_no_dash_parts_it(text: str) -> None:
    segments, between = _parted(text)
    assert "".join([*map("".join, zip(segments, between, strict=False)), segments[-1]]) == text
    if not Text(text).may_hold_dashes:
        assert segments == Text(text).segments
        assert set(between) <= {","}
