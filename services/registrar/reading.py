"""Reads what the normaliser published."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.codec import decode
from schemas.matched import MatchedEvent, StrictMatchedEvent

_DECODE: Final = msgspec.json.Decoder(StrictMatchedEvent).decode
_BEFORE: Final = b'"result":'
_AFTER: Final = b',"moved_to":'


def read_matched(value: bytes) -> tuple[MatchedEvent, bytes | None]:
    """The event in the bytes of a record, and its result as it stands there; None where that is not told so easily.

    Raises ValueError if they are no event.
    """
    try:
        event = _DECODE(value)
    except ValueError:
        # Of another release, with a field that is not to be handed on, or no event at all.
        return decode(MatchedEvent, value), None
    # A quotation mark within a text has a backslash before it, so that these are the names of fields; and there are no
    # fields but those known, of which none but the result is an object.
    start, end = value.find(b"{", len(_BEFORE)), value.rfind(b"}", 0, -1)
    if value[start - len(_BEFORE) : start] == _BEFORE and value[end + 1 : end + 1 + len(_AFTER)] == _AFTER:
        return event, value[start : end + 1]
    return event, None
