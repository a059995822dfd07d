"""Text to tokens: cleaned, capped, split where people forgot to, with the offsets of each token kept."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final

from gazetteer.names import LONGEST_REMEMBERED, tone_key
from services.address.cache import BoundedCache

# An address of 1,000 characters and four separate fields of 200, as the contract allows.
MAX_CHARACTERS: Final = 1_900
MAX_TOKENS: Final = 500
_CACHED_WORDS: Final = 16_384
_CACHED_LOWER: Final = 4_096
_LEAST_GLUED: Final = 6
_LONGEST_SYLLABLE: Final = 7

# How strongly two neighbouring tokens are kept apart by what stands between them.
GLUED: Final = 0
SPACE: Final = 1
DOT: Final = 2
DASH: Final = 3
COMMA: Final = 4

_APOSTROPHES: Final = "'`´’‘ʼʹ′＇"
_COMMAS: Final = frozenset(',;|()[]{}\n\r\t\\"“”<>!?、，')
# Those that part segments, between spaces.
DASHES_BETWEEN: Final = "-–—"
_DASHES: Final = frozenset("-–—/_~+=:*•·")

# Combining marks that NFC could not join, invisible characters, and what lies beyond the alphabets in use here.
_STRAY: Final = re.compile(
    r"[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u1dff\u200b-\u200f\u202a-\u20f0\u3099-\U0010ffff]"
)
_ESCAPED: Final = re.compile(r"\\+([/,.\"'])")
_TOKEN: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+(?:'[a-z]+)*|[A-Z]+(?:'[A-Z]+)*|[0-9]+")

_SPLIT_TYPES: Final = frozenset({"tỉnh", "phường", "huyện", "quận", "xã", "thôn"})
# Before the rest of a name in full, or before its first letter, where only that slipped: `xãn gọc hồi`.
_GLUED_TYPE: Final = re.compile(
    r"(?:tinh|phuong|huyen|quan|xa|thon)(?=[a-z]{2})|(?:tinh(?!h)|phuong(?!g)|huyen(?!n)|xa(?!a))(?=[a-z]$)"
)


def _letter(char: str) -> str:
    """The ASCII letter or digit of a character with its case kept, an apostrophe, or a space; always one character."""
    if char in "đĐðÐ":
        return "d" if char in "đð" else "D"
    if char in _APOSTROPHES:
        return "'"
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() and (base.isalnum() or base == "'") else " "


class _LetterTable(dict[int, str]):
    """A table for `str.translate` that fills itself; bounded by the characters of Unicode that texts really use."""

    def __missing__(self, code: int) -> str:
        letter = _letter(chr(code))
        if len(self) < 4_096:
            self[code] = letter
        return letter


class _LowerTable(dict[int, str]):
    """The table of `lowered`, likewise."""

    def __missing__(self, code: int) -> str:
        letter = _letter(chr(code))
        lower = chr(code) if letter == " " else letter.lower()
        if len(self) < 4_096:
            self[code] = lower
        return lower


_LETTERS: Final = _LetterTable()
_LOWER: Final = _LowerTable()


def lowered(text: str) -> str:
    """A text with its letters folded and all other marks kept, character by character."""
    if len(text) > LONGEST_REMEMBERED:
        return _lowered(text)
    return " ".join(map(_lowered_word, text.split(" ")))


def _lowered(text: str) -> str:
    return text.translate(_LOWER)


_lowered_word: Final = lru_cache(maxsize=_CACHED_LOWER)(_lowered)


class Tokens:
    """The tokens of one text.

    `text` is the cleaned text that all offsets refer to; `words` are folded (`[a-z0-9]`), `toned` keep their accents
    in canonical form, `gaps[i]` is what separates token i from the one before (GLUED to COMMA; COMMA for the first).
    `cut` says that the text was longer than MAX_CHARACTERS.
    """

    def __init__(
        self,
        text: str,
        words: list[str],
        toned: list[str],
        starts: list[int],
        ends: list[int],
        gaps: list[int],
        cut: bool,
    ) -> None:
        self.text: Final = text
        self.words: Final = words
        self.toned: Final = toned
        self.starts: Final = starts
        self.ends: Final = ends
        self.gaps: Final = gaps
        self.cut: Final = cut

    def __len__(self) -> int:
        return len(self.words)


def clean(text: str) -> tuple[str, bool]:
    """NFC without stray marks and escapes, at most MAX_CHARACTERS; whether it had to be cut."""
    cut = len(text) > MAX_CHARACTERS
    if cut:
        text = text[:MAX_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if _STRAY.search(text):
            text = "".join(c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return text, cut


class _Written:
    """What stands between two spaces or commas: its tokens, with offsets in it; the first gap is what stands before
    them, and `after` what stands behind. Without tokens, `after` is all. `count` is the number of tokens before type
    words were cut off them."""

    def __init__(
        self,
        words: list[str],
        toned: list[str],
        starts: list[int],
        ends: list[int],
        gaps: list[int],
        after: int,
        count: int,
    ) -> None:
        self.words: Final = words
        self.toned: Final = toned
        self.starts: Final = starts
        self.ends: Final = ends
        self.gaps: Final = gaps
        self.after: Final = after
        self.count: Final = count


_WRITTEN: Final[BoundedCache[str, _Written]] = BoundedCache(_CACHED_WORDS)


def tokenise(text: str, syllables: frozenset[str] = frozenset(), known: Collection[str] = ()) -> Tokens:
    """Tokens of a text as submitted. Case and digits split glued words: `TP.HồChíMinh`, `P1`, `XãCôn Lôn`; long words
    in one case that are not `known` otherwise are split into `syllables` if they can be.

    No token reaches over a space or comma, so what stands between them is remembered by itself."""
    text, cut = clean(text)
    words: list[str] = []
    toned: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    gaps: list[int] = []
    remember = len(text) <= LONGEST_REMEMBERED
    offset, left, gap = 0, MAX_TOKENS, COMMA
    for segment in text.split(","):
        for part in segment.split(" "):
            written = _read_written(part, left, remember)
            left -= written.count
            for index in range(len(written.words)):
                words.append(written.words[index])
                toned.append(written.toned[index])
                starts.append(offset + written.starts[index])
                ends.append(offset + written.ends[index])
                before = written.gaps[index]
                gaps.append(gap if index == 0 and gap > before else before)
            if written.words or written.after > gap:
                gap = written.after
            if gap == GLUED:
                gap = SPACE
            offset += len(part) + 1
        gap = COMMA
    tokens = Tokens(text, words, toned, starts, ends, gaps, cut)
    _split_unknown(tokens, syllables, known)
    return tokens


def _read_written(part: str, most: int, remember: bool) -> _Written:
    """The tokens of what stands between two spaces or commas, at most so many."""
    written = _WRITTEN.get(part)
    if written is None:
        written = _read_part(part, MAX_TOKENS)
        if remember:
            _WRITTEN.put(part, written)
    return written if written.count <= most else _read_part(part, most)


def _read_part(part: str, most: int) -> _Written:
    letters = part.translate(_LETTERS)
    lower = letters.lower()
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _TOKEN.finditer(letters):
        if len(words) == most:
            break
        start, end = match.span()
        words.append(lower[start:end].replace("'", ""))
        starts.append(start)
        ends.append(end)
    count = len(words)
    if not part.isascii():
        _split_types(part, words, starts, ends)
    toned = [_toned(part, start, end) for start, end in zip(starts, ends, strict=True)]
    gaps = [_gap(part[end:start]) for end, start in zip([0, *ends], starts, strict=False)]
    after = _gap(part[ends[-1] :] if ends else part)
    return _Written(words, toned, starts, ends, gaps, after, count)


def _toned(text: str, start: int, end: int) -> str:
    return tone_key(text[start:end]).replace(" ", "")


def _split_types(text: str, words: list[str], starts: list[int], ends: list[int]) -> None:
    """Cut an accented type word off the name glued to it in lower case: `tỉnhthanh hóa`."""
    for index in range(len(words) - 1, -1, -1):
        match = _GLUED_TYPE.match(words[index])
        if match is None or tone_key(text[starts[index] : ends[index]])[: match.end()] not in _SPLIT_TYPES:
            continue
        middle = starts[index] + match.end()
        words[index : index + 1] = [words[index][: match.end()], words[index][match.end() :]]
        starts.insert(index + 1, middle)
        ends.insert(index, middle)


def _split_unknown(tokens: Tokens, syllables: frozenset[str], known: Collection[str]) -> None:
    """Split long words that are no syllable into the syllables they are made of."""
    words, starts, ends = tokens.words, tokens.starts, tokens.ends
    for index in range(len(words) - 1, -1, -1):
        word = words[index]
        if len(word) < _LEAST_GLUED or word in syllables or word in known or len(word) != ends[index] - starts[index]:
            continue
        pieces = _syllables_of(word, syllables)
        if len(pieces) > 1:
            offsets = list(accumulate(map(len, pieces), initial=starts[index]))
            words[index : index + 1] = pieces
            starts[index : index + 1] = offsets[:-1]
            ends[index : index + 1] = offsets[1:]
            tokens.toned[index : index + 1] = [_toned(tokens.text, start, end) for start, end in pairwise(offsets)]
            tokens.gaps[index + 1 : index + 1] = [GLUED] * (len(pieces) - 1)


@lru_cache(maxsize=16_384)
def _syllables_of(word: str, syllables: frozenset[str]) -> tuple[str, ...]:
    """The fewest syllables that make up a word; empty if there are none."""
    best: list[tuple[str, ...] | None] = [(), *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            head = best[start]
            piece = word[start:end]
            if head is not None and len(piece) > 1 and piece in syllables:
                current = best[end]
                if current is None or len(head) + 1 < len(current):
                    best[end] = (*head, piece)
    return best[-1] or ()


def _gap(between: str) -> int:
    gap = SPACE if between else GLUED
    for char in between:
        if char in _COMMAS:
            return COMMA
        if char in _DASHES:
            gap = DASH
        elif char == "." and gap < DOT:
            gap = DOT
    return gap
