"""Words typed for a Vietnamese input method that was off: Telex (`Thais Sown`) and VNI (`Tha1i So7n`).

A text is only put right where three of its words are such and come to syllables of the gazetteer: one or two may be
foreign names (`Boss`, `Moon`) or house numbers, and are near enough to the right ones to be found as misspelt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from gazetteer.names import fold, tone_key

LEAST_RESIDUE: Final = 3
# Seldom in Vietnamese as it is read: a quick look that most texts end with.
_HINT: Final = re.compile(r"aa|ee|oo|dd|[aou]w|[a-z][sfrxj](?![a-z])|[a-z][1-9][a-z]", re.IGNORECASE | re.ASCII)
_WORD: Final = re.compile(r"(?<![^\W_])[A-Za-z][A-Za-z0-9]*(?![^\W_])")
_TELEX: Final = re.compile(
    r"(dd|[bcdghklmnpqrstvx]{0,3})([aeiouyw]{1,5})([sfrxj]?)(ch|nh|ng|[cmnpt]|)([sfrxj]?)(w?)", re.ASCII
)
_TELEX_VOWELS: Final = (
    ("uwow", "ươ"), ("uow", "ươ"), ("aa", "â"), ("ee", "ê"), ("oo", "ô"), ("aw", "ă"), ("ow", "ơ"), ("uw", "ư"),
    ("w", "ư"),
)  # fmt: skip
_TELEX_LATE: Final = (("uo", "ươ"), ("o", "ơ"), ("u", "ư"), ("a", "ă"))
_TELEX_TONES: Final = dict(zip("sfrxj", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_VNI: Final = re.compile(r"([bcdghklmnpqrstvx9]{0,4})([aeiouy1-8]{1,8})(ch|nh|ng|[cmnpt]|)([1-8]{0,2})", re.ASCII)
_VNI_MARKS: Final = {"6": ("aeo", "\u0302"), "7": ("ou", "\u031b"), "8": ("a", "\u0306")}
_VNI_TONES: Final = dict(zip("12345", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_VOWELS: Final = frozenset("aeiouyâăêôơư")


def without_residue(text: str, syllables: Collection[str]) -> str:
    """The text with such words written in Vietnamese; the same text if it has fewer than three of them."""
    if not hints_at_residue(text):
        return text
    found = [(match, word) for match in _WORD.finditer(text) if (word := _read(match[0], syllables))]
    if sum(_is_sure(match[0]) for match, _ in found) < LEAST_RESIDUE:
        return text
    pieces, at = [], 0
    for match, word in found:
        pieces += [text[at : match.start()], word]
        at = match.end()
    return "".join([*pieces, text[at:]])


def hints_at_residue(text: str) -> bool:
    """A quick look. What hints at residue has no space in it."""
    return _HINT.search(text) is not None


def most_residue(text: str) -> int:
    """How many of its words count as residue, if all that they come to are syllables."""
    return sum(_is_sure(word) and _typed(word.lower()) not in ("", word.lower()) for word in _WORD.findall(text))


def _is_sure(written: str) -> bool:
    """Whether a word is more than a letter or name with a number after it."""
    return not written[-1].isdigit() or any(char.isdigit() for char in written[:-1])


def _typed(lower: str) -> str:
    """What the keys of a word in lower case were meant to give; empty if they are those of no word."""
    return _vni(lower) if any(char.isdigit() for char in lower) else _telex(lower)


def _read(written: str, syllables: Collection[str]) -> str:
    """A word in Vietnamese, its case kept; empty if it is no residue of a known syllable."""
    lower = written.lower()
    if lower in syllables:
        return ""
    word = _typed(lower)
    if not word or word == lower or fold(word) not in syllables:
        return ""
    if written.isupper():
        return word.upper()
    return word.capitalize() if written[0].isupper() else word


def _telex(word: str) -> str:
    match = _TELEX.fullmatch(word)
    if match is None:
        return ""
    initial, vowels, early, final, late, horn = match.groups()
    for keys, letters in _TELEX_VOWELS:
        vowels = vowels.replace(keys, letters)
    if horn:
        vowels = next((vowels.replace(plain, with_horn) for plain, with_horn in _TELEX_LATE if plain in vowels), vowels)
    return _syllable(initial.replace("dd", "đ"), vowels, _TELEX_TONES.get(early or late, ""), final)


def _vni(word: str) -> str:
    match = _VNI.fullmatch(word)
    if match is None:
        return ""
    initial, middle, final, late = match.groups()
    vowels = [char for char in middle if not char.isdigit()]
    tone = ""
    for digit in [char for char in middle + late if char.isdigit()]:
        if digit in _VNI_TONES:
            tone = _VNI_TONES[digit]
            continue
        bases, mark = _VNI_MARKS[digit]
        places = [index for index, vowel in enumerate(vowels) if vowel in bases]
        # The horn of `uo7` is on both.
        both = digit == "7" and "".join(vowels).find("uo") >= 0
        for index in places if both else places[-1:]:
            vowels[index] = unicodedata.normalize("NFC", vowels[index] + mark)
    return _syllable(initial.replace("d9", "đ"), "".join(vowels), tone, final)


def _syllable(initial: str, vowels: str, tone: str, final: str) -> str:
    """The parts as one word, the tone mark in its canonical place; empty without a vowel."""
    if not vowels or not _VOWELS.issuperset(vowels):
        return ""
    return tone_key(f"{initial}{vowels[0]}{tone}{vowels[1:]}{final}")
