"""Texts cut at commas and dashes into a head, which only locates within the commune, and a tail that names it.

Addresses of one batch repeat their tails: matching a tail once is what makes a batch fast. A head segment is inert
if it holds no name of the gazetteer and no word for a commune, district or province: leaving it out changes no
candidate. A plain one (a number, a numbered village) cannot hold a misspelt name either. A house number before a
street or village is taken off, with the alleys after it, and another put in its place: its value says nothing about
the commune, only that there is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.address.cache import BoundedCache
from services.address.details import parse_details
from services.address.glance import Text
from services.address.lexicon import Lexicon
from services.address.pieces import Piece
from services.address.plain import ALLEY, HOUSE_NUMBER, PlainParts
from services.address.reader import Reader
from services.address.redact import MARK
from services.address.tokens import clean
from services.address.words import COMMUNE_KINDS, LOCAL_KINDS

STAND_IN: Final = "1"
_CACHED_SEGMENTS: Final = 65_536
_DASH: Final = re.compile(r"\s[-–—]\s")
_MARKS: Final = f" ,.{MARK}"
# A house number, and the alleys after it, that more words follow.
_LEADING_NUMBER: Final = re.compile(
    r"((?:số nhà|số|sn|so nha|so)?[ .:]*\d+[a-z]?(?:[/-]\d+[a-z]?)*) "
    r"(?=[^\W\d_]{2}|[đd]\. ?[^\W\d_]{2})(?!bis\b|ter\b)",
    re.IGNORECASE,
)
# The letters it can begin with; the long s is one to patterns that ignore case.
_NUMBER_STARTS: Final = "sSſ"
_LEADING_ALLEY: Final = re.compile(
    r"((?:ngõ|ngách|hẻm|kiệt|ngo|ngach|hem)[ .]*)(\d+(?:/\d+)*) (?=[^\W\d_]{2})", re.IGNORECASE
)


class HeadPart:
    """One segment of the head: the numbers taken off it, its pieces, and where it stands in the whole text (`start` is
    -1 where it was left out of that)."""

    def __init__(self, numbers: tuple[Piece, ...], pieces: Sequence[Piece], start: int, end: int) -> None:
        self.numbers: Final = numbers
        self.pieces: Final = pieces
        self.start: Final = start
        self.end: Final = end


class Segment:
    """What one segment before the tail amounts to; `plain` is all of it where it is plain."""

    def __init__(self, inert: bool, pieces: tuple[Piece, ...], plain: HeadPart | None = None) -> None:
        self.inert: Final = inert
        self.pieces: Final = pieces
        self.plain: Final = plain


class Cut:
    """A text as the parts of its head and its tail.

    `whole` is the text without its plain segments, to match if the tail does not settle it. `numbers` are those taken
    off the tail, `tail_start` the offset of the tail in the cleaned text.
    """

    def __init__(
        self,
        head: tuple[HeadPart, ...],
        numbers: tuple[Piece, ...],
        tail: str,
        tail_start: int,
        whole: str,
        cut_short: bool,
    ) -> None:
        self.head: Final = head
        self.numbers: Final = numbers
        self.tail: Final = tail
        self.tail_start: Final = tail_start
        self.whole: Final = whole
        self.cut_short: Final = cut_short

    def with_tail_pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """All pieces of the text in order, given those of its tail."""
        merged: list[Piece] = []
        for part in self.head:
            merged += _with_numbers(part.pieces, part.numbers, 0) if part.numbers else part.pieces
        if pieces or self.numbers:
            merged += _with_numbers(pieces, self.numbers, 0)
        return tuple(merged)

    def with_whole_pieces(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """All pieces of the text in order, given those of `whole`."""
        merged: list[Piece] = []
        for part in self.head:
            here = part.pieces if part.start < 0 else [p for p in pieces if part.start <= p.start < part.end]
            merged += _with_numbers(here, part.numbers, max(part.start, 0))
        tail_start = len(self.whole) - len(self.tail)
        merged += _with_numbers([piece for piece in pieces if piece.start >= tail_start], self.numbers, tail_start)
        return tuple(merged)


def _with_numbers(pieces: Sequence[Piece], numbers: tuple[Piece, ...], start: int) -> Sequence[Piece]:
    """The pieces of a part that begins at `start`, with the numbers taken off it in the place of their stand-ins."""
    if not numbers:
        return pieces
    if [piece.label for piece in pieces[: len(numbers)]] != [number.label for number in numbers]:
        return [*numbers, *pieces]
    if pieces[0].start != start:
        return [*numbers, *pieces]
    found = list(pieces)
    for index, number in enumerate(numbers):
        piece = found[index]
        # What the parser drew into the number, as the letters in `1 CT2`, stays with the real one.
        found[index] = Piece(piece.start, piece.end, piece.label, number.value + piece.value.partition(STAND_IN)[2])
    return found


def _parted(text: str) -> tuple[list[str], list[str]]:
    """The segments of a text between commas and dashes, and what stands between them."""
    segments: list[str] = []
    between: list[str] = []
    for part in text.split(","):
        if segments:
            between.append(",")
        at = 0
        for match in _DASH.finditer(part):
            start, end = match.span()
            # The dash between two numbers parts nothing: `12 - 14 Lê Lợi`.
            if not (part[max(start - 1, 0) : start].isdecimal() and part[end : end + 1].isdecimal()):
                segments.append(part[at:start])
                between.append(match[0])
                at = end
        segments.append(part[at:])
    return segments, between


class Segmenter:
    """Cuts texts, remembering their segments."""

    def __init__(self, lexicon: Lexicon, reader: Reader) -> None:
        self._reader = reader
        self._plain = PlainParts(lexicon)
        # Segments as they stand, if no number is taken off them, and those without their numbers.
        self._written: BoundedCache[str, Segment] = BoundedCache(_CACHED_SEGMENTS)
        self._numberless: BoundedCache[str, Segment] = BoundedCache(_CACHED_SEGMENTS)

    def cut(self, written: Text) -> Cut:
        """Head and tail of a text. The last two segments are always part of the tail."""
        is_clean = written.is_clean
        text, cut_short = (written.text, False) if is_clean else clean(written.text)
        if is_clean and not written.may_hold_dashes:
            segments = written.segments
            between = [","] * (len(segments) - 1)
        else:
            segments, between = _parted(text)
        head: list[HeadPart] = []
        kept = ""
        start = 0
        for index in range(len(segments) - 2):
            part = segments[index].strip()
            numbers: tuple[Piece, ...] = ()
            segment = self._written.get(part)
            if segment is None:
                numbers, part, segment = self._read_written(part)
            if segment.plain is not None:
                head.append(segment.plain)
            elif segment.inert:
                head.append(HeadPart(numbers, segment.pieces, len(kept), len(kept) + len(part)))
                kept += part + between[index]
            else:
                break
            start += len(segments[index]) + len(between[index])
        numbers, rest = self._without_numbers(text[start:].lstrip())
        # As people put commas, or a name was taken out at the end: the same tail.
        rest = rest.replace(", ", ",").rstrip(_MARKS)
        return Cut(tuple(head), numbers, rest, start, kept + rest, cut_short)

    def _read_written(self, part: str) -> tuple[tuple[Piece, ...], str, Segment]:
        """The numbers that a segment begins with, what it is without them, and what that amounts to."""
        plain = self._read_plain(part)
        if plain is not None:
            return (), part, plain
        numbers, rest = self._without_numbers(part)
        remembered = self._numberless if numbers else self._written
        known = remembered.get(rest)
        if known is None:
            known = self._read(rest)
            remembered.put(rest, known)
        return numbers, rest, known

    def _read_plain(self, part: str) -> Segment | None:
        """What a plain segment amounts to; None for others."""
        known = self._written.get(part)
        if known is not None:
            return known if known.plain is not None else None
        piece = self._plain.read(part)
        if piece is None:
            return None
        segment = Segment(True, (piece,), HeadPart((), (piece,), -1, -1))
        self._written.put(part, segment)
        return segment

    def _without_numbers(self, part: str) -> tuple[tuple[Piece, ...], str]:
        """The house number and the alleys that a part begins with, and the part with stand-ins for them."""
        if part[:1].isalpha() and part[0] not in _NUMBER_STARTS:
            return (), part
        match = _LEADING_NUMBER.match(part)
        number = None if match is None else self._read_plain(match[1])
        if match is None or number is None or number.pieces[0].label != HOUSE_NUMBER:
            return (), part
        numbers, written, at = [number.pieces[0]], [f"{STAND_IN} "], match.end()
        while (alley := _LEADING_ALLEY.match(part, at)) is not None:
            plain = self._read_plain(alley[1] + alley[2])
            if plain is None or plain.pieces[0].label != ALLEY:
                break
            numbers.append(plain.pieces[0])
            written.append(f"{alley[1]}{STAND_IN} ")
            at = alley.end()
        return tuple(numbers), "".join([*written, part[at:]])

    def _read(self, part: str) -> Segment:
        reading = self._reader.read(part)
        inert = not reading.mentions and all(
            word.kind in LOCAL_KINDS or (word.weak and word.kind not in COMMUNE_KINDS) for word in reading.words
        )
        # Any other begins the tail, and is parsed with it.
        return Segment(inert, tuple(parse_details(reading, len(reading.tokens))) if inert else ())
