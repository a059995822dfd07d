"""Submissions as nearly all are, read and checked in one step, at a third of what parsing and the schema take.

What this cannot vouch for may still be sound: the schema says so. What it returns keeps to the schema.
"""

from __future__ import annotations

import re
from typing import Final, cast

import msgspec

from schemas.raw import Householder, RawAddress, RawPosition, StrictRawAddress

# As schemas/json has them.
_MOST_TEXT: Final = 1000
_MOST_NAME: Final = 200
_MOST_PHONE: Final = 100
_MOST_EXTRA: Final = 50
_MOST_EXTRA_NAME: Final = 100
_MOST_LINES: Final = 100_000_000
_MOST_NUMBER: Final = 10_000_000.0
_MOST_EPSG: Final = 1_000_000
_MOST_ACCURACY: Final = 1_000_000.0
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")

# Sources and batches that were seen, of which there are few at a time.
_SEEN: Final[set[str]] = set()
_MOST_SEEN: Final = 1000


_Text = str | None
_Fields = tuple[
    str,
    str,
    str,
    _Text,
    _Text,
    _Text,
    _Text,
    RawPosition | None,
    Householder | None,
    dict[str, str] | None,
    _Text,
    int | None,
]

_DECODE: Final = msgspec.json.Decoder(StrictRawAddress).decode


def usual_submission(value: bytes) -> RawAddress | None:
    """The submission in the bytes of a record; None where only the schema can tell what they are."""
    try:
        raw = _DECODE(value)
    except ValueError:
        return None
    # One call for all fields: compiled code asks for each of a struct at the cost of a dozen comparisons.
    (
        source,
        record_id,
        address,
        village,
        commune,
        district,
        province,
        position,
        householder,
        extra,
        batch_id,
        line_no,
    ) = cast(_Fields, msgspec.structs.astuple(raw))
    if (
        _is_name(source)
        and 0 < len(record_id) <= _MOST_NAME
        and record_id.isprintable()
        and 0 < len(address) <= _MOST_TEXT
        and address[0].isalnum()
        and "\0" not in address
        and _is_short(village, _MOST_NAME)
        and _is_short(commune, _MOST_NAME)
        and _is_short(district, _MOST_NAME)
        and _is_short(province, _MOST_NAME)
        and (position is None or _is_position(position))
        and (householder is None or _is_householder(householder))
        and (extra is None or _is_extra(extra))
        and (batch_id is None or (_is_name(batch_id) and line_no is not None))
        and (line_no is None or 0 < line_no <= _MOST_LINES)
    ):
        return raw
    return None


def _is_name(text: str) -> bool:
    """Whether a text may name a source or a batch."""
    if text in _SEEN:
        return True
    if _NAME.fullmatch(text) is None:
        return False
    if len(_SEEN) >= _MOST_SEEN:
        _SEEN.clear()
    _SEEN.add(text)
    return True


def _is_short(text: str | None, most: int) -> bool:
    return text is None or (len(text) <= most and "\0" not in text)


def _is_position(point: RawPosition) -> bool:
    epsg, accuracy = point.epsg, point.accuracy_m
    return (
        _is_number(point.lat)
        and _is_number(point.lon)
        and _is_number(point.easting)
        and _is_number(point.northing)
        and (epsg is None or 0 <= epsg <= _MOST_EPSG)
        and (accuracy is None or 0 <= accuracy <= _MOST_ACCURACY)
    )


def _is_number(number: float | None) -> bool:
    return number is None or (-_MOST_NUMBER <= number <= _MOST_NUMBER)


def _is_householder(householder: Householder) -> bool:
    name, phone = householder.name, householder.phone
    return (name is None or len(name) <= _MOST_NAME) and (phone is None or len(phone) <= _MOST_PHONE)


def _is_extra(extra: dict[str, str]) -> bool:
    if len(extra) > _MOST_EXTRA:
        return False
    for name, text in extra.items():
        if not 0 < len(name) <= _MOST_EXTRA_NAME or not _is_short(text, _MOST_TEXT):
            return False
    return True
