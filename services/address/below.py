"""All that a text says below the commune, given where it names commune, district and province.

People write it before the administrative part, and now and then something after it: `xã Thái Sơn, Hàm Yên, Tuyên Quang,
thôn 5`. After it, only what says what it is counts: names of wider places stand there, and numbers of all kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from services.address.details import parse_details
from services.address.mentions import Mention, Reading
from services.address.pieces import Piece
from services.address.words import LOCAL_KINDS

_SAYING_WHAT: Final = frozenset(
    {"alley", "street", "kilometre", "village", "group", "building", "unit", "plus_code", "remark", "noise"}
)
_NUMBER_WORDS: Final = ("s", "S", "n", "N")


def pieces_of(reading: Reading, mentions: list[Mention]) -> list[Piece]:
    """The pieces of a text, in its order; `mentions` are those of its commune, district and province."""
    count = len(reading.tokens)
    # A street or village whose name had to do for the commune's is a street or village still.
    administrative: list[Mention] = []
    until = count
    for mention in mentions:
        if not _is_local(mention):
            administrative.append(mention)
            until = min(until, mention.outer_start)
    names = frozenset(mention.name.key for mention in administrative)
    pieces = parse_details(reading, until, names)
    words, local = reading.tokens.words, reading.local_starts
    telling = [index for index in range(until, count) if words[index][0] <= "9" or (local and index in local)]
    if telling:
        taken = _taken(reading, administrative, names, until)
        if not taken.issuperset(telling):
            pieces += _saying_what(reading, parse_details(reading, count, names, until, taken))
    return pieces


def _is_local(mention: Mention) -> bool:
    return mention.word is not None and mention.word.kind in LOCAL_KINDS


def _taken(reading: Reading, mentions: Sequence[Mention], names: frozenset[str], until: int) -> frozenset[int]:
    """The tokens from `until` on that name the wider places, perhaps again, or Vietnam."""
    found = set(reading.country)
    again = [one for one in reading.mentions if one.start >= until and one.name.key in names and not _is_local(one)]
    for mention in (*mentions, *again):
        last = mention.end if mention.word is None else max(mention.end, mention.word.end)
        found.update(range(mention.outer_start, last))
    return frozenset(found)


def _saying_what(reading: Reading, pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Those pieces that say what they are: of house numbers, those with a word before or a street or alley after."""
    text = reading.tokens.text
    for piece, following in pairwise((*pieces, None)):
        if piece is None:
            continue
        if piece.label == "house_number":
            placed = following is not None and following.label in ("street", "alley")
            if placed or text[piece.start] in _NUMBER_WORDS:
                yield piece
        elif piece.label in _SAYING_WHAT:
            yield piece
