"""No cell of an outcome file runs, and none is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.formulas import with_formula, without_formula

CELLS = st.text() | st.text(st.sampled_from("'=+-@\t\r019., ()%aA"))


@settings(deadline=None)
@given(CELLS)
def test_the_apostrophe_can_be_taken_away_again(cell: str) -> None:
    assert with_formula(without_formula(cell)) == cell


@settings(deadline=None)
@given(CELLS)
def test_what_begins_like_a_formula_is_marked_as_text_unless_it_is_a_number(cell: str) -> None:
    safe = without_formula(cell)
    if safe[:1] in tuple("=+-@\t\r"):
        assert safe[0] in "+-"
        assert set(safe[1:]) <= set("0123456789 .,()%\t\n\r\x0b\x0c") | {char for char in safe if char.isspace()}


@pytest.mark.parametrize(
    "cell", ["-5", "+84 912 345 678", "-21,5", "+84 (240) 3822.115", "-5%", "Số 5", "", "a=b", "'"]
)
def test_numbers_phones_and_plain_text_stay_as_they_are(cell: str) -> None:
    assert without_formula(cell) == cell


@pytest.mark.parametrize("cell", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "- Thôn 5", "'=1", "-"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(cell: str) -> None:
    assert without_formula(cell) == f"'{cell}"
