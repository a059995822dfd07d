"""Whether the ids that an operator gives its records look like something that says who lives there.

Ids travel in keys, to every topic; the contract wants none that is a phone or a national id number. What looks like one
may be a number of the operator's own, so that people are told and nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gazetteer.names import fold

SAMPLE_ROWS = 500
_LEAST_IDS = 3
_SHARE = 0.5
_SCATTERED = 0.1

_BETWEEN = re.compile(r"[ .()+\-]")
# Mobile numbers, of which spreadsheets drop the zero, and fixed lines.
_PHONE = re.compile(r"(?:0|84|0084)?[35789][0-9]{8}|(?:0|84|0084)2[0-9]{9}")
# Three digits of the province of birth, one of sex and century, two of the year, six of chance.
_NATIONAL_ID = re.compile(r"0(?:0[1-9]|[1-8][0-9]|9[0-6])[0-9]{9}")
_HEADINGS = {
    "phone numbers": ("dien thoai", "sdt", "so dt", "di dong", "phone", "mobile"),
    "national id numbers": ("cccd", "cmnd", "can cuoc", "chung minh", "dinh danh ca nhan"),
}


def resemblance(column: str | None, ids: Iterable[str]) -> str | None:
    """What the ids of some records look like, "phone numbers" or "national id numbers"; None for neither.

    `column` is the heading that they stand under, if there is one.
    """
    words = f" {fold(column or '')} "
    for what, headings in _HEADINGS.items():
        if any(f" {heading} " in words for heading in headings):
            return what
    digits = [_BETWEEN.sub("", each) for each in ids]
    for what, form in (("phone numbers", _PHONE), ("national id numbers", _NATIONAL_ID)):
        alike = [each for each in digits if form.fullmatch(each)]
        if len(alike) >= max(_LEAST_IDS, _SHARE * len(digits)) and _scattered(alike):
            return what
    return None


def _scattered(numbers: list[str]) -> bool:
    """Whether numbers differ from their beginning on, as no series of an operator's own does."""
    return len({number[: len(number) // 2] for number in numbers}) > max(1, _SCATTERED * len(numbers))
