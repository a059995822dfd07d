"""Typing slips of Vietnamese writers: fingers that miss, and ears that mishear."""

from __future__ import annotations

import unicodedata
from random import Random

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_TONES = ("\u0300", "\u0301", "\u0303", "\u0309", "\u0323", "")
# Spellings that sound alike somewhere in the country.
_SOUNDS = (
    ("tr", "ch"), ("ch", "tr"), ("s", "x"), ("x", "s"), ("l", "n"), ("n", "l"), ("gi", "d"), ("d", "gi"), ("v", "d"),
    ("ng", "n"), ("n", "ng"), ("c", "t"), ("t", "c"), ("i", "y"), ("y", "i"), ("k", "c"), ("qu", "q"), ("ngh", "ng"),
)  # fmt: skip
_HEARD = 0.2
_TONE = 0.25


def _neighbours() -> dict[str, str]:
    beside: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for place, key in enumerate(row):
            near = row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
            for other in _ROWS[max(number - 1, 0) : number] + _ROWS[number + 1 : number + 2]:
                near += other[max(place - 1, 0) : place + 1]
            beside[key] = near
    return beside


_BESIDE = _neighbours()


def slip(random: Random, text: str) -> str:
    """The text with one slip in a letter; the same text only if it has no letter."""
    places = [place for place, char in enumerate(text) if char.isalpha()]
    if not places:
        return text
    chance = random.random()
    if chance < _HEARD:
        heard = _misheard(random, text)
        if heard != text:
            return heard
    elif chance < _HEARD + _TONE:
        toned = [place for place in places if _has_tone(text[place])]
        if toned:
            return _other_tone(random, text, random.choice(toned))
    for _ in range(20):
        changed = _mistyped(random, text, random.choice(places))
        if changed != text:
            return changed
    return text + text[places[-1]]


def _mistyped(random: Random, text: str, place: int) -> str:
    """A letter left out, doubled, swapped with the next one, hit beside, or with its neighbour besides."""
    char = text[place]
    near = _BESIDE.get(_base(char), "")
    kind = random.choice(("drop", "double", "swap", "beside", "extra"))
    if kind == "drop" and sum(other.isalpha() for other in text) > 2:
        return text[:place] + text[place + 1 :]
    if kind == "swap" and place + 1 < len(text) and text[place + 1].isalpha():
        return text[:place] + text[place + 1] + char + text[place + 2 :]
    if kind == "beside" and near:
        return text[:place] + _like(char, random.choice(near)) + text[place + 1 :]
    if kind == "extra" and near:
        return text[: place + 1] + random.choice(near) + text[place + 1 :]
    return text[: place + 1] + char.lower() + text[place + 1 :] if kind == "double" else text


def _misheard(random: Random, text: str) -> str:
    """One sound written as another, at the start or the end of a word (within it for i and y)."""
    lower = text.lower()
    found = [
        (place, written, heard)
        for written, heard in _SOUNDS
        for place in range(len(text) - len(written) + 1)
        if lower.startswith(written, place) and _edge(lower, place, len(written))
    ]
    if not found:
        return text
    place, written, heard = random.choice(found)
    return text[:place] + _like(text[place], heard) + text[place + len(written) :]


def _edge(text: str, place: int, length: int) -> bool:
    before = place == 0 or not text[place - 1].isalpha()
    after = place + length == len(text) or not text[place + length].isalpha()
    vowel = text[place] in "iy"
    return after if vowel or text[place : place + length] in ("ng", "c", "t") else before or after


def _has_tone(char: str) -> bool:
    return any(mark in unicodedata.normalize("NFD", char) for mark in _TONES if mark)


def _other_tone(random: Random, text: str, place: int) -> str:
    """The letter with another tone, or none."""
    parts = unicodedata.normalize("NFD", text[place])
    old = next(mark for mark in _TONES if mark and mark in parts)
    new = random.choice([mark for mark in _TONES if mark != old])
    return text[:place] + unicodedata.normalize("NFC", parts.replace(old, "") + new) + text[place + 1 :]


def _base(char: str) -> str:
    return unicodedata.normalize("NFD", char.lower().replace("đ", "d"))[0]


def _like(char: str, written: str) -> str:
    """`written` with a capital where the letter it replaces had one."""
    return written.capitalize() if char.isupper() else written
