"""Finding Vietnamese phone numbers in address text, without taking house numbers, codes or distances for one.

A text is first reduced to its shape, character by character, so that offsets stay: any digit (full-width, superscript,
Arabic…) is an ASCII digit, a letter is `a`, what may stand inside a phone number stays, the rest is a comma.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from gazetteer.names import LONGEST_REMEMBERED

_MAX_TABLE: Final = 4096
_CACHED_WORDS: Final = 4_096
_KEPT: Final = frozenset(" .-()+")
_DASHES: Final = "Pd"
_INVISIBLE: Final = ("Mn", "Me", "Cf")

# Six digits or more with at most three separators between two of them; `_` is an invisible character.
_RUN: Final = re.compile(r"[0-9](?:[ .\-()+_]{0,3}[0-9]){5,}")
_GROUP: Final = re.compile(r"[0-9]+")
_MAX_DIGITS: Final = 14

# `ĐT` alone also names provincial roads (ĐT 185).
_LABEL: Final = re.compile(
    r"(?<!\w)(?:(?P<road>[đd]t)|s[đd]t|[đd]td[đd]|tel|phone|mobile|di động|dđ|điện thoại|hotline|fax|zalo|liên hệ|lh)"
    r"[\s.:(+]*$",
    re.IGNORECASE,
)
_LABEL_REACH: Final = 16


class Span(NamedTuple):
    """Offsets of a part of the text, the end excluded."""

    start: int
    end: int


class _ShapeTable(dict[int, str]):
    """A table for `str.translate` that fills itself, within bounds."""

    def __missing__(self, code: int) -> str:
        shape = _shape_of(chr(code))
        if len(self) < _MAX_TABLE:
            self[code] = shape
        return shape


def _shape_of(char: str) -> str:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if char in _KEPT:
        return char
    category = unicodedata.category(char)
    if category == _DASHES or char == "\u2212":
        return "-"
    if category in _INVISIBLE:
        return "_"
    if char.isspace() or char in "·•":
        return " "
    return "a" if char.isalpha() else ","


_SHAPES: Final = _ShapeTable()


def shape(text: str) -> str:
    """The shape of a text, of the same length."""
    if len(text) > LONGEST_REMEMBERED:
        return _shaped(text)
    # Character by character: each word has its own.
    return " ".join(map(_shaped_word, text.split(" ")))


def _shaped(text: str) -> str:
    return text.translate(_SHAPES)


_shaped_word: Final = lru_cache(maxsize=_CACHED_WORDS)(_shaped)


def find_phones(text: str, shaped: str) -> list[Span]:
    """The phone numbers of a text, with the label (`ĐT:`) before them, in order and apart from each other.

    Found are national numbers of ten and eleven digits, old ones too, `+84`, `0084` and `84` forms, 1900 and 1800
    numbers, mobile numbers that lost their zero, and any number of six to eleven digits after a label.
    """
    return [span for run in _RUN.finditer(shaped) for span in _phones_of_run(text, shaped, run)]


def _phones_of_run(text: str, shaped: str, run: re.Match[str]) -> Iterator[Span]:
    groups = [Span(*match.span()) for match in _GROUP.finditer(shaped, run.start(), run.end())]
    first = 0
    while first < len(groups):
        label = _LABEL.search(text[max(0, groups[first].start - _LABEL_REACH) : groups[first].start])
        last = _last_group(shaped, groups, first, label)
        if last is None:
            first += 1
            continue
        yield with_brackets(shaped, Span(groups[first].start - (len(label[0]) if label else 0), groups[last].end))
        first = last + 1


def _last_group(shaped: str, groups: list[Span], first: int, label: re.Match[str] | None) -> int | None:
    """The last group of the longest phone number that begins with group `first`."""
    found, digits = None, ""
    for last in range(first, len(groups)):
        digits += shaped[groups[last].start : groups[last].end]
        if len(digits) > _MAX_DIGITS:
            break
        number = groups[first : last + 1]
        if _is_phone(shaped, number, digits) or (label is not None and _is_labelled(number, digits, label)):
            found = last
    return found


def _is_labelled(groups: list[Span], digits: str, label: re.Match[str]) -> bool:
    if label["road"] and digits[0] != "0" and _length(groups[0]) < 4:
        return False
    return 6 <= len(digits) <= 11


def _is_phone(shaped: str, groups: list[Span], digits: str) -> bool:
    lengths = [_length(group) for group in groups]
    start = groups[0].start
    if len(groups) > 1 and lengths[-1] < 2:
        return False
    if (start > 0 and shaped[start - 1] == "+") or digits.startswith("0084"):
        number = digits.removeprefix("00").removeprefix("84").removeprefix("0")
        return "84" in digits[:4] and len(number) in (9, 10) and number[0] != "0"
    gaps = [shaped[left.end : right.start] for left, right in pairwise(groups)]
    if digits.startswith("84") and not (lengths[0] == 2 and " " in "".join(gaps[:1])):
        return len(digits) == (12 if digits[2:3] == "2" else 11) and digits[2] in "235789"
    if digits.startswith(("1900", "1800")) and lengths[0] in (4, len(digits)):
        return len(digits) in (8, 10) and not (gaps and "-" in gaps[0] and digits[4:6] in ("18", "19"))
    if digits[0] != "0":
        return len(digits) == 9 and digits[0] in "35789" and lengths in ([9], [3, 3, 3]) and "-" not in "".join(gaps)
    ten = len(digits) == 10 and digits[1] in "23456789"
    eleven = len(digits) == 11 and digits[1] in "12345678"
    return (ten or eleven) and _is_grouped_like_a_phone(lengths) and not _is_list_of_houses(digits, lengths)


def _is_grouped_like_a_phone(lengths: list[int]) -> bool:
    """A trunk zero alone, an area code or operator, or pairs throughout; `Tổ 05 22110` is none of these."""
    return lengths[0] >= 3 or lengths[0] == 1 or all(length % 2 == 0 for length in lengths)


def _is_list_of_houses(digits: str, lengths: list[int]) -> bool:
    """Several house numbers joined, as in `02-04-06-08-10`: short, and rising by small steps."""
    if len(lengths) < 3 or max(lengths) > 3:
        return False
    numbers, at = [], 0
    for length in lengths:
        numbers.append(int(digits[at : at + length]))
        at += length
    return all(0 < right - left <= 10 for left, right in pairwise(numbers))


def _length(span: Span) -> int:
    return span.end - span.start


def with_brackets(shaped: str, span: Span) -> Span:
    """The span with a plus sign or an opening bracket before it, and then the closing one after it."""
    start, end = span
    while start > 0 and shaped[start - 1] in "+(":
        start -= 1
    if "(" in shaped[start : span.start] and shaped[end : end + 1] == ")":
        end += 1
    return Span(start, end)
