"""Vpostcode-style codes: 12 characters, the five digits of a registry area and seven that name a place or a serial.

A located code ends in digits 5 to 11 of the Open Location Code of its point, a cell of about 3 m. A provisional code
ends in `0` and a six-digit serial of its area; as Open Location Codes know neither 0 nor 1, the two never collide.
Dwellings that share a code are told apart by a unit, 02 to 9999; the first has none. The written form adds a check
character: `22110-R6F7CJX-9`, with unit `22110-R6F7CJX-02-7`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from openlocationcode import openlocationcode as olc

from gazetteer.model import BoundingBox

OLC_ALPHABET: Final = "23456789CFGHJMPQRVWX"
CHECK_ALPHABET: Final = "0123456789CFGHJMPQRVWXT"
CODE_LENGTH: Final = 12
MAX_SERIAL: Final = 999_999
FIRST_UNIT: Final = 2
MAX_UNIT: Final = 9999

AREA_PATTERN: Final = re.compile(r"[0-9]{5}")
CODE_PATTERN: Final = re.compile(rf"[0-9]{{5}}(0[0-9]{{6}}|[{OLC_ALPHABET}]{{7}})")
UNIT_PATTERN: Final = re.compile(r"0[2-9]|[1-9][0-9]{1,3}")

_OLC_DIGITS: Final = 11
_SHARED_DIGITS: Final = 4  # Digits 1 to 4 follow from the area's anchor.
_PLACE_DIGITS: Final = _OLC_DIGITS - _SHARED_DIGITS
_REACH_DEGREES: Final = 0.4999
_RADIX: Final = 5
_MODULUS: Final = 23
# By ASCII code.
_CHECK_VALUES: Final = [max(CHECK_ALPHABET.find(chr(code)), 0) for code in range(128)]


class CodeError(ValueError):
    """Something is wrong with a code. The subclasses say what."""


class CodeMalformedError(CodeError):
    """The text, area, unit or serial breaks the grammar of codes."""


class CheckCharacterError(CodeError):
    """The check character does not fit the rest: at least one character was misread. `expected` would fit."""

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(
            f"check character {given} is wrong: {expected} would fit what stands before it. "
            "Compare the code with its source, character by character."
        )
        self.given = given
        self.expected = expected


class NotDecodableError(CodeError):
    """The code does not name a place by itself: only the code registry knows where it lies."""


class CodesExhaustedError(CodeError):
    """The area has no serial left, or the cell no unit."""


class Anchor(Protocol):
    """What decoding needs to know of a registry area: the frozen point its codes lie around, in degrees WGS84."""

    @property
    def anchor_lat(self) -> float: ...
    @property
    def anchor_lon(self) -> float: ...
    @property
    def decodable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Cell:
    """The place of a located code. `full_code` is its Open Location Code, `lat` and `lon` are the cell's centre."""

    full_code: str
    bounds: BoundingBox
    lat: float
    lon: float


def encode_located(area: str, lat: float, lon: float) -> str:
    """The located code of a point (degrees WGS84) in a registry area.

    Raises CodeMalformedError if the area is not five digits, ValueError if the point is not on the globe.
    """
    _require_area(area)
    if not (-90 <= lat < 90 and -180 <= lon < 180):
        raise ValueError(f"no latitude and longitude in degrees: {lat}, {lon}")
    full_code: str = olc.encode(lat, lon, _OLC_DIGITS)
    return area + full_code.replace("+", "")[_SHARED_DIGITS:]


def encode_located_batch(areas: Sequence[str], lat: NDArray[np.float64], lon: NDArray[np.float64]) -> list[str]:
    """The located codes of n points: equal to `encode_located` of each, several times as fast.

    `areas` has n entries, `lat` and `lon` are of shape (n,). Raises as `encode_located` does.
    """
    for area in set(areas):
        _require_area(area)
    on_globe = (lat >= -90) & (lat < 90) & (lon >= -180) & (lon < 180)
    if not on_globe.all():
        row = int(np.argmin(on_globe))
        raise ValueError(f"row {row}: no latitude and longitude in degrees: {lat[row]}, {lon[row]}")
    letters = _place_digits(lat, lon).tobytes().decode("ascii")
    return [
        area + letters[start : start + _PLACE_DIGITS]
        for area, start in zip(areas, range(0, len(letters), _PLACE_DIGITS), strict=True)
    ]


def _place_digits(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Digits 5 to 11 of the Open Location Codes, as ASCII of shape (n, 7)."""
    # One cell of 11 digits is 1/40,000 of a degree high and 1/32,000 wide.
    rows = _units(lat + 90.0, 25_000_000.0) // 625
    columns = _units(lon + 180.0, 8_192_000.0) // 256
    digits = np.empty((len(rows), _PLACE_DIGITS), dtype=np.intp)
    digits[:, 6] = rows % 5 * 4 + columns % 4
    rows //= 5
    columns //= 4
    for pair in (4, 2, 0):
        digits[:, pair] = rows % 20
        digits[:, pair + 1] = columns % 20
        rows //= 20
        columns //= 20
    return np.frombuffer(OLC_ALPHABET.encode("ascii"), dtype=np.uint8)[digits]


def _units(degrees: NDArray[np.float64], per_degree: float) -> NDArray[np.int64]:
    """Whole units of the finest cell. The reference library rounds to six decimals before it truncates, so that a
    degree value on a cell's edge falls in the cell it begins; so does this."""
    scaled = degrees * per_degree
    whole = np.floor(scaled)
    return (whole + (scaled - whole > 1 - 5e-7)).astype(np.int64)


def provisional_code(area: str, serial: int) -> str:
    """The code of an address without a point: area, `0` and the serial (1 to 999,999) that the area counts up.

    Raises CodesExhaustedError for a serial above the last, CodeMalformedError for a bad area or a serial below 1.
    """
    _require_area(area)
    if serial < 1:
        raise CodeMalformedError(f"serials begin with 1, not {serial}")
    if serial > MAX_SERIAL:
        raise CodesExhaustedError(f"area {area} has used its {MAX_SERIAL:,} provisional codes: open a second area")
    # The one before six digits gives way to the mark of a provisional code: cheaper than to format the serial.
    return area + str(MAX_SERIAL + 1 + serial).replace("1", "0", 1)


def unit_text(number: int) -> str | None:
    """The unit of the n-th dwelling in a cell: None for the first, then `02` to `9999`.

    Raises CodesExhaustedError beyond 9999.
    """
    if number < 1:
        raise CodeMalformedError(f"dwellings in a cell are counted from 1, not {number}")
    if number > MAX_UNIT:
        raise CodesExhaustedError(f"a cell holds {MAX_UNIT} dwellings, and all of its units are issued")
    return None if number < FIRST_UNIT else f"{number:02d}"


def is_located(code: str) -> bool:
    """Whether a well-formed code names a place (else it is provisional). Raises CodeMalformedError."""
    _require_code(code)
    return code[5] != "0"


def area_of(code: str) -> str:
    """The registry area of a well-formed code. Raises CodeMalformedError."""
    _require_code(code)
    return code[:5]


def code_key(code: str, unit: str | None) -> str:
    """Code with unit, as it keys a record: `22110R6F7CJX` or `22110R6F7CJX-02`."""
    return code if unit is None else f"{code}-{unit}"


def check_character(code: str, unit: str | None = None) -> str:
    """The check character over code and unit: a pure system, modulo 23 with radix 5.

    Raises CodeMalformedError if code or unit break the grammar.
    """
    _require_code(code)
    if unit is not None:
        _require_unit(unit)
    remainder = 0
    for character in (code + (unit or "")).encode("ascii"):
        remainder = (remainder + _CHECK_VALUES[character]) * _RADIX % _MODULUS
    return CHECK_ALPHABET[(1 - remainder) % _MODULUS]


def written_form(code: str, unit: str | None = None) -> str:
    """The form for people: `22110-R6F7CJX-9` or `22110-R6F7CJX-02-7`. Raises CodeMalformedError."""
    parts = [code[:5], code[5:], check_character(code, unit)]
    if unit is not None:
        parts.insert(2, unit)
    return "-".join(parts)


def decode(code: str, anchor: Anchor) -> Cell:
    """The cell of a located code: the full Open Location Code nearest to its area's anchor.

    Raises CodeMalformedError, or NotDecodableError for a provisional code or an area too wide to decode.
    """
    if not is_located(code):
        raise NotDecodableError(f"{code} is provisional: it names no place, look it up in the code registry")
    if not anchor.decodable:
        raise NotDecodableError(f"area {code[:5]} is too wide to decode: look {code} up in the code registry")
    short = f"{code[5:9]}+{code[9:]}"
    full_code: str = olc.recoverNearest(short, anchor.anchor_lat, anchor.anchor_lon)
    area = olc.decode(full_code)
    bounds = BoundingBox(area.latitudeLo, area.longitudeLo, area.latitudeHi, area.longitudeHi)
    return Cell(full_code, bounds, area.latitudeCenter, area.longitudeCenter)


def is_within_reach(anchor: Anchor, lat: float, lon: float) -> bool:
    """Whether a located code of the point decodes to it by the anchor: half a degree each way, less a cell."""
    return abs(lat - anchor.anchor_lat) < _REACH_DEGREES and abs(lon - anchor.anchor_lon) < _REACH_DEGREES


def _require_area(area: str) -> None:
    if not AREA_PATTERN.fullmatch(area):
        raise CodeMalformedError(f"a registry area is five digits, not {area!r}")


def _require_code(code: str) -> None:
    if not CODE_PATTERN.fullmatch(code):
        raise CodeMalformedError(f"not a code of {CODE_LENGTH} characters: {code!r}")


def _require_unit(unit: str) -> None:
    if not UNIT_PATTERN.fullmatch(unit):
        raise CodeMalformedError(f"a unit is a number from 02 to {MAX_UNIT}, not {unit!r}")
