"""Texts cut at commas into a head, which only locates within the commune, and a tail that names it.

Addresses of one batch repeat their tails: matching a tail once is what makes a batch fast. A head segment is inert
if it holds no name of the gazetteer and no word for a commune, district or province: leaving it out changes no
candidate. A plain one (a number, a numbered village) cannot hold a misspelt name either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.address.cache import BoundedCache
from services.address.details import Piece, parse_details
from services.address.lexicon import Lexicon
from services.address.mentions import read
from services.address.tokens import clean, tokenise
from services.address.words import LOCAL_KINDS

_CACHED_SEGMENTS = 65_536
_PLAIN = re.compile(
    r"(?:số nhà|số|nhà|sn|tổ dân phố|tổ nhân dân|tổ|tdp|thôn|xóm|ấp|khóm|bản|khu phố|khu vực|khu|khối|kp|đội|ngõ|ngách"
    r"|hẻm|kiệt)?[ .]*\d+[a-z]?(?:[/-]\d+[a-z]?)*",
    re.IGNORECASE,
)
_LEADING_NUMBER = re.compile(
    r"((?:số nhà|số|sn)?[ .:]*\d+[a-zA-Z]?(?:[/-]\d+[a-zA-Z]?)*) (?=[^\W\d_]{2})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Segment:
    """What one segment before the tail amounts to."""

    inert: bool
    plain: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A text as its head's pieces and its tail; `whole` is the text without its plain segments, to match if the
    tail does not settle it."""

    pieces: tuple[Piece, ...]
    tail: str
    whole: str
    cut_short: bool


class Segmenter:
    """Cuts texts, remembering segments."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._segments: BoundedCache[str, Segment] = BoundedCache(_CACHED_SEGMENTS)

    def cut(self, text: str) -> Cut:
        """Head and tail of a text. The last two segments are always part of the tail."""
        text, cut_short = clean(text)
        parts = text.split(",")
        pieces: list[Piece] = []
        kept: list[str] = []
        start = 0
        for part in parts[:-2]:
            segment = self._segment(part.strip())
            if not segment.inert:
                break
            pieces += segment.pieces
            if not segment.plain:
                kept.append(part)
            start += 1
        rest = parts[start:]
        first = rest[0].lstrip()
        number = _LEADING_NUMBER.match(first)
        if number is not None:
            pieces += self._segment(number[1]).pieces
            # The number's value says nothing about the commune, only that there is one.
            rest[0] = "1 " + first[number.end() :]
        tail = ",".join(rest)
        return Cut(tuple(pieces), tail, ",".join([*kept, tail]) if kept else tail, cut_short)

    def _segment(self, part: str) -> Segment:
        known = self._segments.get(part)
        if known is None:
            known = self._read(part)
            self._segments.put(part, known)
        return known

    def _read(self, part: str) -> Segment:
        reading = read(tokenise(part, self._lexicon.syllables, self._lexicon.slips), self._lexicon)
        inert = not reading.mentions and all(word.kind in LOCAL_KINDS or word.weak for word in reading.words)
        pieces = tuple(parse_details(reading, len(reading.tokens)))
        return Segment(inert, inert and _PLAIN.fullmatch(part) is not None, pieces)
