"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.numbers import read_decimal, read_epsg, read_metres


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("21.823612", 21.823612),
        ("21,823612", 21.823612),
        (" 105,21 ", 105.21),
        ("-0,5", -0.5),
        ("+21", 21.0),
        ("2.413.881,5", 2413881.5),
        ("2,413,881.5", 2413881.5),
        ("2 413 881,5", 2413881.5),
        ("2.413.881", 2413881.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("418,812", 418.812),
    ],
)
def test_points_and_commas(text: str, number: float) -> None:
    assert read_decimal(text) == number


@pytest.mark.parametrize(
    "text", ["21°49'25\"N", "abc", "21,8,2", "1.2.3", "nan", "inf", "", "--1", "1e999", "0x10", "٢١"]
)
def test_what_is_no_number_stays_text(text: str) -> None:
    assert read_decimal(text) == text
    assert read_metres(text) == text


@pytest.mark.parametrize(
    ("text", "number"),
    [("418.812", 418812.0), ("418,812", 418812.0), ("418812.4", 418812.4), ("418812,4", 418812.4), ("999", 999.0)],
)
def test_metres_are_never_short(text: str, number: float) -> None:
    assert read_metres(text) == number


@given(st.floats(-1e7, 1e7, allow_nan=False))
def test_any_number_is_read_back_with_point_and_with_comma(number: float) -> None:
    text = format(number, ".7f")
    assert read_decimal(text) == float(text)
    assert read_decimal(text.replace(".", ",")) == float(text)


@given(st.text(max_size=12))
def test_nothing_raises_and_numbers_are_finite(text: str) -> None:
    for read in (read_decimal, read_metres, read_epsg):
        found = read(text)
        assert isinstance(found, str) or math.isfinite(found)


def test_epsg_codes() -> None:
    assert [read_epsg(text) for text in ("9211", " EPSG:9211", "epsg 9209", "9211.0", "VN-2000")] == [
        *(9211, 9211, 9209, 9211),
        "VN-2000",
    ]
