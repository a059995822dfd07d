"""Texts cut at commas into a head, which only locates within the commune, and a tail that names it.

Addresses of one batch repeat their tails: matching a tail once is what makes a batch fast. A head segment is inert
if it holds no name of the gazetteer and no word for a commune, district or province: leaving it out changes no
candidate. A plain one (a number, a numbered village) cannot hold a misspelt name either. A number before a street or
village is taken off, and another put in its place: its value says nothing about the commune, only that there is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.address.cache import BoundedCache
from services.address.details import parse_details
from services.address.lexicon import Lexicon
from services.address.mentions import read
from services.address.pieces import Piece
from services.address.plain import HOUSE_NUMBER, PlainParts
from services.address.tokens import clean, tokenise
from services.address.words import COMMUNE_KINDS, LOCAL_KINDS

STAND_IN = "1"
_CACHED_SEGMENTS = 65_536
_LEADING_NUMBER = re.compile(
    r"((?:số nhà|số|sn|so nha|so)?[ .:]*\d+[a-z]?(?:[/-]\d+[a-z]?)*) (?=[^\W\d_]{2})(?!bis\b|ter\b)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Segment:
    """What one segment before the tail amounts to."""

    inert: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class HeadPart:
    """One segment of the head: the house number taken off it, its pieces, and where it stands in the whole text
    (`start` is -1 where it was left out of that)."""

    number: Piece | None
    pieces: Sequence[Piece]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A text as the parts of its head and its tail.

    `whole` is the text without its plain segments, to match if the tail does not settle it. `number` is the house
    number taken off the tail, `tail_start` the offset of the tail in the cleaned text.
    """

    head: tuple[HeadPart, ...]
    number: Piece | None
    tail: str
    tail_start: int
    whole: str
    cut_short: bool

    def with_tail_pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """All pieces of the text in order, given those of its tail."""
        merged = [piece for part in self.head for piece in _with_number(part.pieces, part.number, 0)]
        merged += _with_number(pieces, self.number, 0)
        return tuple(merged)

    def with_whole_pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """All pieces of the text in order, given those of `whole`."""
        merged: list[Piece] = []
        for part in self.head:
            here = part.pieces if part.start < 0 else [p for p in pieces if part.start <= p.start < part.end]
            merged += _with_number(here, part.number, max(part.start, 0))
        tail_start = len(self.whole) - len(self.tail)
        merged += _with_number([piece for piece in pieces if piece.start >= tail_start], self.number, tail_start)
        return tuple(merged)


def _with_number(pieces: Sequence[Piece], number: Piece | None, start: int) -> Sequence[Piece]:
    """The pieces of a part that begins at `start`, with the number taken off it in the place of the stand-in."""
    if number is None:
        return pieces
    if not pieces or pieces[0].start != start or pieces[0].label != number.label:
        return [number, *pieces]
    stand_in = pieces[0]
    value = number.value + stand_in.value.removeprefix(STAND_IN)
    return [Piece(stand_in.start, stand_in.end, stand_in.label, value), *pieces[1:]]


class Segmenter:
    """Cuts texts, remembering their segments."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._plain = PlainParts(lexicon)
        self._segments: BoundedCache[str, Segment] = BoundedCache(_CACHED_SEGMENTS)

    def cut(self, text: str) -> Cut:
        """Head and tail of a text. The last two segments are always part of the tail."""
        text, cut_short = clean(text)
        parts = text.split(",")
        head: list[HeadPart] = []
        kept: list[str] = []
        offset = start = tail_start = 0
        for written in parts[:-2]:
            part = written.strip()
            plain = self._plain.read(part)
            if plain is not None:
                head.append(HeadPart(None, (plain,), -1, -1))
            else:
                number, part = self._without_number(part)
                segment = self._segment(part)
                if not segment.inert:
                    break
                head.append(HeadPart(number, segment.pieces, offset, offset + len(part)))
                kept.append(part)
                offset += len(part) + 1
            start += 1
            tail_start += len(written) + 1
        rest = parts[start:]
        number, rest[0] = self._without_number(rest[0].lstrip())
        tail = ",".join(rest)
        return Cut(tuple(head), number, tail, tail_start, ",".join([*kept, tail]), cut_short)

    def _without_number(self, part: str) -> tuple[Piece | None, str]:
        """The house number that a part begins with, and the part with a stand-in for it."""
        match = _LEADING_NUMBER.match(part)
        number = None if match is None else self._plain.read(match[1])
        if match is None or number is None or number.label != HOUSE_NUMBER:
            return None, part
        return number, f"{STAND_IN} {part[match.end() :]}"

    def _segment(self, part: str) -> Segment:
        known = self._segments.get(part)
        if known is None:
            known = self._read(part)
            self._segments.put(part, known)
        return known

    def _read(self, part: str) -> Segment:
        reading = read(tokenise(part, self._lexicon.syllables, self._lexicon.slips), self._lexicon)
        inert = not reading.mentions and all(
            word.kind in LOCAL_KINDS or (word.weak and word.kind not in COMMUNE_KINDS) for word in reading.words
        )
        return Segment(inert, tuple(parse_details(reading, len(reading.tokens))))
