"""The JSON of texts that come again and again, such as names and codes of communes."""

from __future__ import annotations

from typing import Final

from schemas.codec import encode

_MOST: Final = 8192
_LONGEST: Final = 200
_KNOWN: Final[dict[str, bytes]] = {}


def usual_text(text: str | None) -> bytes:
    """The same as `encode` makes of a text, remembered: for texts of which there are few at a time."""
    if text is None:
        return b"null"
    known = _KNOWN.get(text)
    if known is not None:
        return known
    made = encode(text)
    if len(text) <= _LONGEST:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        _KNOWN[text] = made
    return made
