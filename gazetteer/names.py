"""Folding of Vietnamese names: the one place where spellings are made comparable.

Two forms of a text are made here, word by word in step with each other:

- `fold`: no accents, lower case, `[a-z0-9]` words with single spaces; what names are searched by;
- `tone_key`: accents kept, NFC, lower case, the tone mark in one canonical place (`hoà` and `hòa` are both `hòa`);
  what tells names apart that fold to the same.

`fold(tone_key(text)) == fold(text)` holds for every text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# Marks inside a name such as M'Gar, which people leave out as often as they write them.
_APOSTROPHES: Final = frozenset("'`´’‘ʼʹ′＇")
# Letters without a canonical decomposition; the Icelandic eth is what old keyboards give for đ.
_D_WITH_STROKE: Final = frozenset("đĐðÐɖƉ")
_TONE_MARKS: Final = "\u0300\u0301\u0303\u0309\u0323"
_PLAIN_VOWELS: Final = "aăâeêioôơuưy"
_MARKED_VOWELS: Final = frozenset("ăâêôơư")
_TONED: Final[dict[str, tuple[str, str]]] = {
    unicodedata.normalize("NFC", vowel + mark): (vowel, mark) for vowel in _PLAIN_VOWELS for mark in _TONE_MARKS
}
_VIETNAMESE: Final = frozenset(_TONED) | _MARKED_VOWELS | {"đ"}

_VOWELS: Final = _PLAIN_VOWELS + "".join(_TONED)
# A run of two or more vowels, with the consonant before it (q and g take the next vowel) and the letter after it.
_VOWEL_RUN: Final = re.compile(rf"(?<![{_VOWELS}])([b-df-hj-np-tv-xzđ]?)([{_VOWELS}]{{2,}})(?=([a-zđ]?))")
_I_Y: Final = re.compile(r"(?:(?<=\b[bcdfghklmnpqrstvx])|(?<=[hr][bcdfghklmnpqrstvx])|(?<=[ctnpgk]h)|(?<=qu)|\b)y\b")

# Bounds the tables below, which grow with the distinct characters they meet.
_MAX_TABLE: Final = 4096
# Texts that people write are shorter. Of a longer one neither words nor what comes of it are remembered: they may be of
# any length, and hardly come again.
LONGEST_REMEMBERED: Final = 200


def _fold_char(char: str) -> str:
    """The folded form of one character: letters and digits, nothing, or a space."""
    if char in _APOSTROPHES:
        return ""
    if char in _D_WITH_STROKE:
        return "d"
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return ""
    parts = []
    for piece in unicodedata.normalize("NFKD", char).lower():
        if piece.isascii() and piece.isalnum():
            parts.append(piece)
        elif not unicodedata.combining(piece):
            parts.append(" ")
    return "".join(parts)


def _key_char(char: str) -> str:
    """Like `_fold_char`, but Vietnamese letters keep their accents."""
    if char in _D_WITH_STROKE:
        return "đ"
    lowered = char.lower()
    return lowered if lowered in _VIETNAMESE else _fold_char(char)


class _FoldTable(dict[int, str]):
    """A table for `str.translate` that fills itself."""

    def __missing__(self, code: int) -> str:
        folded = _fold_char(chr(code))
        if len(self) < _MAX_TABLE:
            self[code] = folded
        return folded


class _KeyTable(dict[int, str]):
    """The table of `tone_key`, likewise."""

    def __missing__(self, code: int) -> str:
        key = _key_char(chr(code))
        if len(self) < _MAX_TABLE:
            self[code] = key
        return key


_FOLD_TABLE: Final = _FoldTable()
_KEY_TABLE: Final = _KeyTable()


def fold(text: str) -> str:
    """Words of `[a-z0-9]` with single spaces: no accents (đ is d), no case, no punctuation, no apostrophes."""
    if len(text) > LONGEST_REMEMBERED:
        return _folded(text)
    # What a character folds to does not depend on those beside it, so each word can be remembered by itself.
    return " ".join(filter(None, map(_folded_word, text.split())))


def fold_char(char: str) -> str:
    """The same for one character."""
    return _FOLD_TABLE[ord(char)].strip()


def tone_key(text: str) -> str:
    """Like `fold`, but with accents: NFC, each tone mark where the older orthography puts it (hòa, thúy, quý)."""
    return " ".join(map(_toned_word, unicodedata.normalize("NFC", text).translate(_KEY_TABLE).split()))


def merge_i_y(folded: str) -> str:
    """Spell a final y like i in an already folded text, where Vietnamese allows both (ly/li, quy/qui, my/mi)."""
    return _I_Y.sub("i", folded) if "y" in folded else folded


def tidy(text: str) -> str:
    """The text in NFC with single spaces and none at its ends; nothing else changes."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _folded(text: str) -> str:
    return " ".join(text.translate(_FOLD_TABLE).split())


_folded_word = lru_cache(maxsize=16384)(_folded)


@lru_cache(maxsize=16384)
def _toned_word(word: str) -> str:
    return word if word.isascii() else _VOWEL_RUN.sub(_place_tone, word)


def _place_tone(match: re.Match[str]) -> str:
    before, run, after = match.groups()
    return before + _toned_run(before, run, bool(after))


def _toned_run(before: str, run: str, closed: bool) -> str:
    """The vowels of one syllable with the tone mark in its canonical place.

    `before` is the letter in front, `closed` says that a consonant follows. A run with no mark, or with several
    (not a syllable), is left alone.
    """
    letters = [_TONED.get(letter, (letter, "")) for letter in run]
    marks = [mark for _, mark in letters if mark]
    if len(marks) != 1:
        return run
    plain = [letter for letter, _ in letters]
    start = 1 if (before == "q" and plain[0] == "u") or (before == "g" and plain[0] == "i") else 0
    place = _tone_place(plain, start, closed)
    plain[place] = unicodedata.normalize("NFC", plain[place] + marks[0])
    return "".join(plain)


def _tone_place(vowels: list[str], start: int, closed: bool) -> int:
    """Index of the vowel that carries the tone: a marked vowel, else by the number of vowels and the ending."""
    marked = [index for index in range(start, len(vowels)) if vowels[index] in _MARKED_VOWELS]
    if marked:
        return marked[-1]
    if closed:
        return len(vowels) - 1
    return start + 1 if len(vowels) - start > 2 else start
