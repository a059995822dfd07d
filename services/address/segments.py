"""Texts cut at commas into a head, which only locates within the commune, and a tail that names it.

Addresses of one batch repeat their tails: matching a tail once is what makes a batch fast. A head segment is inert
if it holds no name of the gazetteer and no word for a commune, district or province: leaving it out changes no
candidate. A plain one (a number, a numbered village) cannot hold a misspelt name either.
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
from services.address.tokens import clean, tokenise
from services.address.words import COMMUNE_KINDS, LOCAL_KINDS

STAND_IN = "1"
_CACHED_SEGMENTS = 65_536
_PLAIN = re.compile(
    r"(?:số nhà|số|nhà|sn|tổ dân phố|tổ nhân dân|tổ|tdp|thôn|xóm|ấp|khóm|bản|khu phố|khu vực|khu|khối|kp|đội|ngõ|ngách"
    r"|hẻm|kiệt)?[ .]*\d+[a-z]?(?:[/-]\d+[a-z]?)*",
    re.IGNORECASE,
)
_LEADING_NUMBER = re.compile(
    r"((?:số nhà|số|sn)?[ .:]*\d+[a-zA-Z]?(?: ?(?:bis|ter))?(?:[/-]\d+[a-zA-Z]?)*) (?=[^\W\d_]{2})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Segment:
    """What one segment before the tail amounts to."""

    inert: bool
    plain: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class HeadPart:
    """One segment of the head: its pieces, and where it stands in the whole text (`start` is -1 where it was left
    out of that)."""

    pieces: tuple[Piece, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A text as the parts of its head and its tail.

    `whole` is the text without its plain segments, to match if the tail does not settle it. `stand_in` says that the
    tail begins with a number in place of the real one, which is the last part of the head.
    """

    head: tuple[HeadPart, ...]
    tail: str
    whole: str
    stand_in: bool
    cut_short: bool

    def with_tail_pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """All pieces of the text in order, given those of its tail."""
        head = [piece for part in self.head for piece in part.pieces]
        return (*head, *self._without_stand_in(pieces, 0))

    def with_whole_pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """All pieces of the text in order, given those of `whole`."""
        merged: list[Piece] = []
        for part in self.head:
            merged += part.pieces if part.start < 0 else [p for p in pieces if part.start <= p.start < part.end]
        tail_start = len(self.whole) - len(self.tail)
        merged += self._without_stand_in([piece for piece in pieces if piece.start >= tail_start], tail_start)
        return tuple(merged)

    def _without_stand_in(self, pieces: Sequence[Piece], tail_start: int) -> list[Piece]:
        return [
            piece
            for piece in pieces
            if not (self.stand_in and piece.label == "house_number" and piece.start == tail_start)
        ]


class Segmenter:
    """Cuts texts, remembering segments."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._segments: BoundedCache[str, Segment] = BoundedCache(_CACHED_SEGMENTS)

    def cut(self, text: str) -> Cut:
        """Head and tail of a text. The last two segments are always part of the tail."""
        text, cut_short = clean(text)
        parts = text.split(",")
        head: list[HeadPart] = []
        kept: list[str] = []
        offset = start = 0
        for part in parts[:-2]:
            segment = self._segment(part.strip())
            if not segment.inert:
                break
            if segment.plain:
                head.append(HeadPart(segment.pieces, -1, -1))
            else:
                head.append(HeadPart(segment.pieces, offset, offset + len(part)))
                kept.append(part)
                offset += len(part) + 1
            start += 1
        rest = parts[start:]
        first = rest[0].lstrip()
        number = _LEADING_NUMBER.match(first)
        pieces = () if number is None else self._segment(number[1]).pieces
        stand_in = any(piece.label == "house_number" for piece in pieces)
        if number is not None and stand_in:
            head.append(HeadPart(pieces, -1, -1))
            # The number's value says nothing about the commune, only that there is one.
            rest[0] = f"{STAND_IN} {first[number.end() :]}"
        tail = ",".join(rest)
        return Cut(tuple(head), tail, ",".join([*kept, tail]), stand_in, cut_short)

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
        pieces = tuple(parse_details(reading, len(reading.tokens)))
        return Segment(inert, inert and _PLAIN.fullmatch(part) is not None, pieces)
