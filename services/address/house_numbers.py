"""Numbers in an address: which one is a house's or a flat's, which a kilometre mark, and which is none of the address.

All patterns read text whose letters are folded to ASCII lower case. Their repetitions are possessive or parted by marks
that they cannot match themselves: the time they take grows with the length of the text, no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# `12`, `k241a`, `10a19`; `12 b`, `12bis`; several parted by a slash, a dot or a dash, or joined by `và`.
_CODE: Final = r"(?:[a-z]{0,3}+[0-9]++)++(?: ?(?:bis|ter)\b|[a-z]\b| [abcdgklmnrsvwz]\b(?!\.)| [a-z][0-9]{1,2}+\b)?"
NUMBER: Final = re.compile(
    r"(?:(?:so nha|nha so|so|sn|nha|no)(?![a-z])[ .:']*)?"
    rf"(?P<number>{_CODE}(?:(?:[/.]| ?[-–] ?)(?:{_CODE}|[a-z]\b))*+)(?![a-z0-9+])(?! (?:tang|lau) *$)"
    rf"(?: (?:va|&) {_CODE}\b)?"
)
# A house number that other words come before.
NAMED_NUMBER: Final = re.compile(r"\b(?:so nha|nha so|sn|(?P<only>so))[ .:]*(?=[a-z]{0,3}[0-9])")
# A number within a name that goes on after it.
STREET_NUMBER: Final = re.compile(r"(?<= )(?:so )?[0-9]++[a-z]?(?:/[0-9]++[a-z]?)*+ ")
CODE: Final = re.compile(
    r"(?:so |no\.? ?)?(?P<code>[a-z]{0,3} ?[0-9][a-z0-9]*+(?:[./-][a-z0-9]++)*+|[a-z])(?![a-z0-9])"
)
ROAD_NUMBER: Final = re.compile(r"[ .]*(?:so )?(?P<number>[0-9]++(?:[a-z]{1,2}| [a-z]\b)?)(?![a-z0-9])")
VILLAGE_NUMBER: Final = re.compile(
    r"[ .:]*(?:so |no\.? ?)?0*+(?P<number>[0-9]++[a-z]?(?:[/-][0-9]++[a-z]?)*+)(?![a-z0-9])"
)
KILOMETRE: Final = re.compile(r"\b(?:km|cay so)[ .]*(?:so )?(?P<km>[0-9]++)(?: ?\+ ?(?P<m>[0-9]++)m?\b)?")
ROOM: Final = re.compile(
    r"p[ .:]*(?:so )?(?P<room>[a-z]?[0-9]{3,4}+[a-z]?|[0-9]{1,2}+[./-][0-9]++|[a-z][0-9][0-9.]*+)(?![a-z0-9/])"
)
# A street written twice, with its number.
DOUBLED: Final = re.compile(r"(?P<name>[^0-9]{2,40}?) [0-9][0-9a-z/.-]*+ (?P=name)")
ENGLISH_END: Final = re.compile(r" (?:st|str|rd|ave)\.?$")

_PLUS_CODE: Final = re.compile(
    r"(?<![a-z0-9])(?:[23456789cfghjmpqrvwx]{2}){2,4}\+[23456789cfghjmpqrvwx]{2,3}(?![a-z0-9])"
)
_REMARK: Final = re.compile(r"[(\[{][^()\[\]{}]*+[)\]}]|[(\[{][^,()\[\]{}]*+|(?<![^,])[^,()\[\]{}]*+[)\]}]")
_DECIMAL_DEGREES: Final = re.compile(r"[0-9]{1,3}+\.[0-9]{3,}+(?![0-9a-z])")
_DATE: Final = re.compile(r"[0-3]?[0-9][/.-][01]?[0-9][/.-](?:19|20)[0-9]{2}(?![0-9])")
_DISTANCE: Final = re.compile(r"(?:[1-9][0-9]*0 ?m|[0-9]++(?:[.,][0-9]++)? ?(?:km|met|m2|ha))(?![a-z0-9])")
_LEAST_POSTAL: Final = 5
_MARKS: Final = frozenset("([{)]}")

_DMS: Final = re.compile(
    r"(?<![a-z0-9])(?:[nsew] ?)?[0-9]{1,3}+ ?(?:[°˚]|[do](?= ?[0-9]{1,2} ?'))[0-9 .'\"”″]*+(?:[nsew](?![a-z0-9]))?"
)
_EMAIL: Final = re.compile(r"[a-z0-9._-]{1,64}@[a-z0-9._-]{1,64}")


def aside(lower: str, stop: int) -> Iterator[tuple[int, int, str]]:
    """Parts [start, end) before `stop` that are no part of the address, with their label.

    They are plus codes, degrees, mail addresses, and remarks in brackets. A bracket that is not closed counts to the
    next comma, one that is not opened from the last.
    """
    if "+" in lower:
        for match in _PLUS_CODE.finditer(lower, 0, stop):
            yield match.start(), match.end(), "plus_code"
    if "@" in lower:
        for match in _EMAIL.finditer(lower, 0, stop):
            yield match.start(), match.end(), "noise"
    if "'" in lower or "°" in lower or "˚" in lower:
        for match in _DMS.finditer(lower, 0, stop):
            yield match.start(), match.end(), "noise"
    if not _MARKS.isdisjoint(lower):
        for match in _REMARK.finditer(lower, 0, stop):
            yield match.start(), match.end(), "remark"


def is_noise(lower: str, start: int, stop: int) -> bool:
    """Whether a part begins as a coordinate, a date, a distance, or a number as long as a postal code or phone."""
    if not lower[start : start + 1].isdigit():
        return False
    if any(pattern.match(lower, start, stop) for pattern in (_DECIMAL_DEGREES, _DATE, _DISTANCE)):
        return True
    number = NUMBER.match(lower, start, stop)
    digits = (lower[start:stop] if number is None else number["number"]).replace(" ", "").replace(".", "")
    return digits.isdigit() and len(digits) >= _LEAST_POSTAL
