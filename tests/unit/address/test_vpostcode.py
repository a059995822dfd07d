"""Codes: the examples of the design, and what must hold for every code of every area."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openlocationcode import openlocationcode as olc

from services.address.vpostcode import (
    CHECK_ALPHABET,
    CODE_PATTERN,
    OLC_ALPHABET,
    CodeMalformedError,
    CodesExhaustedError,
    NotDecodableError,
    area_of,
    check_character,
    code_key,
    decode,
    encode_located,
    encode_located_batch,
    is_located,
    is_within_reach,
    provisional_code,
    unit_text,
    written_form,
)

areas = st.from_regex(r"[0-9]{5}", fullmatch=True)
latitudes = st.floats(6.0, 24.0)
longitudes = st.floats(102.0, 118.0)
located_codes = st.builds(encode_located, areas, latitudes, longitudes)
provisional_codes = st.builds(provisional_code, areas, st.integers(1, 999_999))
codes = located_codes | provisional_codes
units = st.none() | st.integers(2, 9999).map(unit_text)


@dataclass(frozen=True)
class Anchored:
    anchor_lat: float
    anchor_lon: float
    decodable: bool = True


MINH_XUAN = Anchored(21.82, 105.21)


def test_the_design_s_located_code() -> None:
    assert encode_located("22110", 21.823612, 105.214109) == "22110R6F7CJX"
    cell = decode("22110R6F7CJX", MINH_XUAN)
    assert cell.full_code == "7PH7R6F7+CJX"
    assert cell.bounds.south <= 21.823612 < cell.bounds.north
    assert cell.bounds.west <= 105.214109 < cell.bounds.east


def test_the_design_s_provisional_code() -> None:
    assert provisional_code("22110", 117) == "221100000117"


@pytest.mark.parametrize(
    ("code", "unit", "check"),
    [("22110R6F7CJX", None, "9"), ("22110R6F7CJX", "02", "7"), ("221100000117", None, "M")],
)
def test_the_design_s_check_values(code: str, unit: str | None, check: str) -> None:
    assert check_character(code, unit) == check


def test_written_forms_and_keys() -> None:
    assert written_form("22110R6F7CJX") == "22110-R6F7CJX-9"
    assert written_form("22110R6F7CJX", "02") == "22110-R6F7CJX-02-7"
    assert code_key("22110R6F7CJX", None) == "22110R6F7CJX"
    assert code_key("22110R6F7CJX", "02") == "22110R6F7CJX-02"


@given(areas, latitudes, longitudes)
def test_a_decoded_cell_holds_the_point(area: str, lat: float, lon: float) -> None:
    code = encode_located(area, lat, lon)
    assert CODE_PATTERN.fullmatch(code)
    assert area_of(code) == area
    cell = decode(code, Anchored(lat, lon))
    # The library puts a point less than a millionth of a cell below an edge into the cell above it.
    assert cell.bounds.south - 1e-9 <= lat < cell.bounds.north
    assert cell.bounds.west - 1e-9 <= lon < cell.bounds.east
    assert encode_located(area, cell.lat, cell.lon) == code


@given(latitudes, longitudes, st.floats(-1, 1), st.floats(-1, 1))
@example(21.8, 105.2, 0.49989, -0.49989)
@example(21.8, 105.2, 0.5001, 0.0)
@example(21.8, 105.2, 0.0, -0.5001)
def test_decoding_works_within_reach_of_the_anchor_only(lat: float, lon: float, north: float, east: float) -> None:
    anchor = Anchored(lat + north, lon + east)
    cell = decode(encode_located("22110", lat, lon), anchor)
    if is_within_reach(anchor, lat, lon):
        assert cell.full_code == olc.encode(lat, lon, 11)
    elif max(abs(north), abs(east)) > 0.5001:
        assert cell.full_code != olc.encode(lat, lon, 11)


@given(located_codes, provisional_codes)
def test_located_and_provisional_codes_never_collide(located: str, provisional: str) -> None:
    assert is_located(located)
    assert not is_located(provisional)
    assert not set(located[5:]) & {"0", "1"}
    assert provisional[5] == "0"


def degree_edges() -> st.SearchStrategy[tuple[float, float]]:
    """Points on and next to the edges of cells, where rounding decides."""
    rows, columns, steps = st.integers(240_000, 960_000), st.integers(3_264_000, 3_776_000), st.integers(-3, 3)

    def nudged(value: float, step: int) -> float:
        for _ in range(abs(step)):
            value = math.nextafter(value, math.inf if step > 0 else -math.inf)
        return value

    def point(row: int, column: int, up: int, right: int) -> tuple[float, float]:
        return nudged(row / 40_000, up), nudged(column / 32_000, right)

    return st.builds(point, rows, columns, steps, steps)


@given(st.lists(st.tuples(latitudes, longitudes) | degree_edges(), min_size=1, max_size=50))
@example([(21.823612, 105.214109), (8.5, 104.75), (23.25, 105.3)])
def test_the_batch_encoder_equals_the_reference_library(points: list[tuple[float, float]]) -> None:
    lat, lon = (np.array(axis, dtype=np.float64) for axis in zip(*points, strict=True))
    expected = ["20000" + olc.encode(la, lo, 11).replace("+", "")[4:] for la, lo in points]
    assert encode_located_batch(["20000"] * len(points), lat, lon) == expected
    assert [encode_located("20000", la, lo) for la, lo in points] == expected


def test_the_batch_encoder_equals_the_reference_library_on_many_points() -> None:
    random = np.random.default_rng(9211)
    lat, lon = random.uniform(-90, 90, 20_000), random.uniform(-180, 180, 20_000)
    expected = ["20000" + olc.encode(la, lo, 11).replace("+", "")[4:] for la, lo in zip(lat, lon, strict=True)]
    assert encode_located_batch(["20000"] * 20_000, lat, lon) == expected


def test_the_batch_encoder_keeps_each_row_s_area() -> None:
    nothing = np.empty(0)
    assert encode_located_batch([], nothing, nothing) == []
    lat, lon = np.array([21.823612, 21.823612]), np.array([105.214109, 105.214109])
    assert encode_located_batch(["22110", "20111"], lat, lon) == ["22110R6F7CJX", "20111R6F7CJX"]


@pytest.mark.parametrize(("lat", "lon"), [(math.nan, 105.0), (105.0, 21.0), (21.0, math.inf), (21.0, 181.0)])
def test_a_point_off_the_globe_has_no_code(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="no latitude and longitude"):
        encode_located("22110", lat, lon)
    with pytest.raises(ValueError, match="row 1: no latitude"):
        encode_located_batch(["22110", "22110"], np.array([21.0, lat]), np.array([105.0, lon]))


@pytest.mark.parametrize("area", ["2211", "221100", "2211O", "", "٢٢١١٠"])
def test_an_area_is_five_digits(area: str) -> None:
    with pytest.raises(CodeMalformedError, match="five digits"):
        encode_located(area, 21.8, 105.2)
    with pytest.raises(CodeMalformedError, match="five digits"):
        encode_located_batch([area], np.array([21.8]), np.array([105.2]))
    with pytest.raises(CodeMalformedError, match="five digits"):
        provisional_code(area, 1)


def test_serials_end_at_999999() -> None:
    assert provisional_code("22110", 1) == "221100000001"
    assert provisional_code("22110", 999_999) == "221100999999"
    with pytest.raises(CodesExhaustedError, match="22110"):
        provisional_code("22110", 1_000_000)
    with pytest.raises(CodeMalformedError):
        provisional_code("22110", 0)


def test_units_run_from_none_to_9999() -> None:
    assert [unit_text(n) for n in (1, 2, 9, 10, 99, 100, 9999)] == [None, "02", "09", "10", "99", "100", "9999"]
    with pytest.raises(CodesExhaustedError):
        unit_text(10_000)
    with pytest.raises(CodeMalformedError):
        unit_text(0)


@pytest.mark.parametrize("unit", ["2", "00", "01", "002", "10000", "0x", ""])
def test_other_units_are_refused(unit: str) -> None:
    with pytest.raises(CodeMalformedError, match="unit"):
        check_character("22110R6F7CJX", unit)


@pytest.mark.parametrize("code", ["22110R6F7CJ", "22110R6F7CJXX", "22110R6F7CJ1", "22110r6f7cjx", "221101000117", ""])
def test_what_breaks_the_grammar_is_refused(code: str) -> None:
    for use in (is_located, area_of, check_character, written_form):
        with pytest.raises(CodeMalformedError):
            use(code)
    with pytest.raises(CodeMalformedError):
        decode(code, MINH_XUAN)


def test_what_names_no_place_is_not_decoded() -> None:
    with pytest.raises(NotDecodableError, match="provisional"):
        decode("221100000117", MINH_XUAN)
    with pytest.raises(NotDecodableError, match="too wide"):
        decode("22110R6F7CJX", Anchored(10.0, 114.0, decodable=False))


def remainder(text: str) -> int:
    """A second way to the sum: weights by powers of the radix, the check character's weight being one."""
    weights = range(len(text) - 1, -1, -1)
    return sum(CHECK_ALPHABET.index(c) * 5**w for c, w in zip(text, weights, strict=True)) % 23


@given(codes, units)
def test_the_check_character_makes_the_weighted_sum_one(code: str, unit: str | None) -> None:
    assert remainder(code + (unit or "") + check_character(code, unit)) == 1


def test_the_alphabets_agree() -> None:
    assert olc.CODE_ALPHABET_ == OLC_ALPHABET
    assert len(set(CHECK_ALPHABET)) == 23
    assert set(OLC_ALPHABET) | {"0", "1"} < set(CHECK_ALPHABET)
