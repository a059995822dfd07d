"""Numbers as people and spreadsheets write them."""

from __future__ import annotations

import math
import re

_SPACES = re.compile(r"[\s\u00a0\u202f']+")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:([.,])[0-9]{3})+")
_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_EPSG = re.compile(r"(?:epsg\s*:?\s*)?([0-9]{4,6})(?:[.,]0*)?", re.IGNORECASE)

# No easting or northing in Vietnam is shorter than a kilometre: 418.812 and 418,812 group the digits of a long one.
_LEAST_METRES = 1000.0


def read_decimal(text: str) -> float | str:
    """The number in a text with decimal point or comma; the text itself, trimmed, if it is none."""
    if _PLAIN.fullmatch(text):
        return _finite(text, text)
    plain = _SPACES.sub("", text)
    if "," in plain and "." in plain:
        # The last one is the decimal mark, the others group digits.
        group, mark = (",", ".") if plain.rindex(".") > plain.rindex(",") else (".", ",")
        plain = plain.replace(group, "").replace(mark, ".")
    elif plain.count(",") == 1:
        plain = plain.replace(",", ".")
    elif _THOUSANDS.fullmatch(plain) and plain.count(".") != 1:
        plain = plain.replace(",", "").replace(".", "")
    return _finite(plain, text) if _PLAIN.fullmatch(plain) else text.strip()


def _finite(plain: str, text: str) -> float | str:
    """The number in a plain text; `text`, which it was made of, trimmed, where that is too large to be one."""
    number = float(plain)
    return number if math.isfinite(number) else text.strip()


def read_metres(text: str) -> float | str:
    """Like `read_decimal`, for an easting or northing, where groups of three digits are no decimals."""
    number = read_decimal(text)
    if isinstance(number, float) and abs(number) < _LEAST_METRES:
        plain = _SPACES.sub("", text)
        if _THOUSANDS.fullmatch(plain):
            return float(plain.replace(",", "").replace(".", ""))
    return number


def read_epsg(text: str) -> int | str:
    """The code in `9211` or `EPSG:9211`; the text itself, trimmed, if it is none."""
    match = _EPSG.fullmatch(text.strip())
    return int(match.group(1)) if match else text.strip()
