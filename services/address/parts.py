"""The text below the commune cut into parts: at commas, spaced dashes, sentence ends, and at local type words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.address.local_words import ENGLISH_STREETS, LocalWord, Role, find_local_words
from services.address.mentions import Reading
from services.address.redact import MARK
from services.address.tokens import COMMA, DASH, DOT, GLUED, SPACE, Tokens
from services.address.words import LOCAL_KINDS, TRAILING

_TO_THE_COMMA: Final = frozenset({Role.REMARK, Role.NOISE})
SETTLEMENTS: Final = frozenset({Role.VILLAGE, Role.GROUP})
_STREETS: Final = frozenset({Role.STREET, Role.ROAD})
_GENERIC: Final = frozenset({"duong", "d"})
_NUMBER_WORDS: Final = frozenset({"so", "nha", "sn", "no"})
_SENTENCE_WORD: Final = 3


class Part:
    """Tokens [start, end) that belong together, with the word they begin with."""

    def __init__(self, start: int, end: int, word: LocalWord | None) -> None:
        self.start: Final = start
        self.end: Final = end
        self.word: Final = word


def parts(reading: Reading, until: int, masked: list[bool]) -> Iterator[Part]:
    """The parts before token `until` that a component may come of: no token is masked (as far as `masked` is not
    empty), none names a commune or wider place."""
    tokens = reading.tokens
    words = find_local_words(reading, until)
    breaks = set(_breaks(tokens, until, {word.end for word in words}))
    starts: dict[int, LocalWord | None] = dict.fromkeys(breaks)
    if any(word.role is Role.BUILDING for word in words):
        starts.update(_rooms(reading, until, breaks))
    wider = _wider_places(reading, until, starts)
    starts.update(dict.fromkeys(wider))
    _add_words(tokens, until, words, starts)
    if masked:
        for index in range(1, until):
            if masked[index] != masked[index - 1]:
                starts.setdefault(index, None)
    order = sorted(starts)
    named = {mention.end for mention in reading.mentions} if wider else set()
    held: Part | None = None
    for start, end in zip(order, [*order[1:], until], strict=True):
        if held is not None and start in wider and _goes_on(tokens, held, start, named):
            held = Part(held.start, end, held.word)
            continue
        if held is not None:
            yield held
        held = None if start in wider or (masked and masked[start]) else Part(start, end, starts[start])
    if held is not None:
        yield held


def _goes_on(tokens: Tokens, part: Part, start: int, named: set[int]) -> bool:
    """Whether a word for a wider place at `start` belongs to the name of the building before it: `Park City`.
    `named` are the ends of the names that the gazetteer knows."""
    if part.end != start or tokens.words[start] not in TRAILING or tokens.gaps[start] >= DASH:
        return False
    if part.word is not None:
        return part.word.role is Role.BUILDING
    return tokens.words[start] == "city" and start not in named


def _breaks(tokens: Tokens, until: int, after_words: set[int]) -> Iterator[int]:
    """Where a new part begins whatever its words: after a comma, a spaced dash, the end of a sentence."""
    marked = MARK in tokens.text
    for index, gap in enumerate(tokens.gaps[:until]):
        if gap in (SPACE, GLUED):
            if marked and index and MARK in tokens.text[tokens.ends[index - 1] : tokens.starts[index]]:
                yield index
        elif gap == COMMA or (gap == DASH and _spaced(tokens, index)):
            yield index
        elif gap == DOT and index not in after_words:
            before = tokens.words[index - 1]
            if len(before) >= _SENTENCE_WORD and before.isalpha():
                yield index


def _spaced(tokens: Tokens, index: int) -> bool:
    """Whether the dash before a token separates parts, rather than joins the two ends of a number or name."""
    between = tokens.text[tokens.ends[index - 1] : tokens.starts[index]]
    if not any(dash in between for dash in "-–—"):
        return False
    numbers = tokens.words[index - 1].isdigit() and _begins_number(tokens, index)
    if " " not in between:
        return not numbers
    alone = index == 1 or tokens.gaps[index - 1] >= DASH or tokens.words[index - 2] in _NUMBER_WORDS
    return not (numbers and alone)


def _begins_number(tokens: Tokens, index: int) -> bool:
    """Whether a number starts at a token, perhaps with a letter before it (`A12-A14`)."""
    if tokens.words[index].isdigit():
        return True
    following = tokens.words[index + 1 : index + 2]
    return (
        len(tokens.words[index]) == 1 and bool(following) and following[0].isdigit() and tokens.gaps[index + 1] == GLUED
    )


def _rooms(reading: Reading, until: int, breaks: set[int]) -> dict[int, LocalWord]:
    """Where `P.` at the start of a part is a room (phòng), in an address with a building."""
    tokens = reading.tokens
    return {
        word.start: LocalWord(word.start, word.end, Role.UNIT, "")
        for word in reading.words
        if word.start in breaks and tokens.words[word.start] == "p" and word.end < until
        if tokens.words[word.end].isdigit()
    }


def _wider_places(reading: Reading, until: int, starts: dict[int, LocalWord | None]) -> set[int]:
    """Where a commune or wider place is named; by an abbreviation that may be another only at the start of a part."""
    wider = [word for word in reading.words if word.start < until and word.kind not in LOCAL_KINDS]
    found = {word.start for word in wider if not word.weak}
    if len(found) < len(wider):
        named = {mention.word.start for mention in reading.mentions if mention.word is not None}
        found.update(
            word.start for word in wider if word.start in named and word.start in starts and starts[word.start] is None
        )
    return found


def _add_words(tokens: Tokens, until: int, words: list[LocalWord], starts: dict[int, LocalWord | None]) -> None:
    """Add the local words at which a part begins."""
    previous: LocalWord | None = None
    covered = 0  # Up to the comma after a remark, which only says of villages.
    for word in words:
        if word.start < covered and (word.role not in SETTLEMENTS or (previous and previous.role is Role.NOISE)):
            continue
        if previous is not None and word.start == previous.end and word.start not in starts:
            narrower = word.role in _STREETS and tokens.words[word.start] != "d"
            if narrower and tokens.words[previous.start] in _GENERIC:
                # `Đường Tỉnh lộ 10`: the narrower word counts.
                previous = LocalWord(previous.start, word.end, word.role, word.written)
                starts[previous.start] = previous
                continue
            if previous.role is not Role.REMARK:
                continue
        if _ends_name(tokens, word, until):
            continue
        starts[word.start] = previous = word
        if word.role in _TO_THE_COMMA:
            covered = next((index for index in range(word.end, until) if tokens.gaps[index] == COMMA), until)


def _ends_name(tokens: Tokens, word: LocalWord, until: int) -> bool:
    """Whether nothing that a word could name follows it: it ends the name before it (`Thôn Vũ Hải Đường`)."""
    following = word.end < until and tokens.gaps[word.end] != COMMA
    if following and not (tokens.gaps[word.end] == DASH and _spaced(tokens, word.end)):
        return False
    if word.start == 0 or tokens.gaps[word.start] >= DASH:
        return False
    before = tokens.words[word.start - 1]
    return len(before) > 1 and not before[-1].isdigit() and tokens.words[word.start] not in ENGLISH_STREETS
