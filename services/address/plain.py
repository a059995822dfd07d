"""Parts of an address that are a number, alone or after a word for a house, village, group or alley: `Số nhà 12/4`.

Most addresses begin with one, and hardly two are alike. So the word is read once, with a number in the place of the
real one, and the real one is put in: the same piece as from reading the whole part, at a fraction of the work.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from services.address.cache import BoundedCache
from services.address.details import parse_details
from services.address.house_numbers import is_noise
from services.address.lexicon import Lexicon
from services.address.mentions import Reading, read
from services.address.pieces import Piece
from services.address.tokens import tokenise
from services.address.words import LOCAL_KINDS

_STAND_IN: Final = "7"
_CACHED_WORDS: Final = 4_096
# A longer number may be a postal code or a phone; a longer word is none of those meant here.
_PLAIN: Final = re.compile(
    r"([^\W\d_][^\d,]{0,14}|)([0-9]{1,4}(?:[A-Za-z]?(?:/[0-9]{1,4}[A-Za-z]?){0,5}|(?:-[0-9]{1,4}){0,3}))"
)
HOUSE_NUMBER, ALLEY = "house_number", "alley"
_WITHOUT_ZEROS: Final = frozenset({"village", "group"})
_LABELS: Final = frozenset({HOUSE_NUMBER, ALLEY}) | _WITHOUT_ZEROS


@dataclass(frozen=True, slots=True)
class _Word:
    """How parts with one word are read: the label of their piece and its value up to the number; `label` is empty for a
    word that does not make a plain part."""

    label: str
    written: str


_NOT_PLAIN: Final = _Word("", "")


class PlainParts:
    """Reads plain parts, remembering their words."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._words: BoundedCache[str, _Word] = BoundedCache(_CACHED_WORDS)

    def read(self, part: str) -> Piece | None:
        """The one piece of a part without space at its ends; None if the part is not plain."""
        match = _PLAIN.fullmatch(part)
        if match is None:
            return None
        before, number = match.groups()
        if not before and is_noise(part.lower(), 0, len(part)):
            return None
        word = self._words.get(before)
        if word is None:
            word = self._read_word(before)
            self._words.put(before, word)
        if not word.label:
            return None
        if word.label in _WITHOUT_ZEROS:
            number = number.lstrip("0") or "0"
        return Piece(0, len(part), word.label, word.written + number.upper())

    def _read_word(self, before: str) -> _Word:
        lexicon = self._lexicon
        reading = read(tokenise(before + _STAND_IN, lexicon.syllables, lexicon.slips), lexicon)
        pieces = parse_details(reading, len(reading.tokens))
        if len(pieces) != 1 or pieces[0].label not in _LABELS or not pieces[0].value.endswith(_STAND_IN):
            return _NOT_PLAIN
        if pieces[0].label != HOUSE_NUMBER and not _is_local(reading):
            return _NOT_PLAIN
        return _Word(pieces[0].label, pieces[0].value.removesuffix(_STAND_IN))


def _is_local(reading: Reading) -> bool:
    """Whether nothing stands before the number but one word for a local kind."""
    return (
        len(reading.words) == 1
        and reading.words[0].kind in LOCAL_KINDS
        and reading.words[0].start == 0
        and reading.words[0].end == len(reading.tokens) - 1
    )
