"""Whether a word could be a Vietnamese syllable: what tells well decoded text from text in a wrong encoding."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = {"\u0300": "f", "\u0301": "s", "\u0303": "x", "\u0309": "r", "\u0323": "j"}
_ONSET = "ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdđghklmnprstvx]"
# Rhymes with the vowel that carries the tone in capitals; of oa, oe and uy both habits are in use.
_OPEN = (
    "A E Ê I O Ô Ơ U Ư Y Ai Ao Au Ay Âu Ây Eo Êu Ia IÊu Iu Oi Ôi Ơi Oa oA Oe oE oAi oAo oAy oEo Ua uÂy Ui Ưa Ưi Ưu "
    "uÊ uÔi uƠ ƯƠi ƯƠu Uy uY uYa uYu UÊ uI Yêu yÊu iÊu ưƠi ưƠu Uơ uA uAi uAo uAu uAy uE uEo Ue"
)
_CLOSED = "A Ă Â E Ê I O Ô Ơ U Ư iÊ yÊ oA oĂ oE oO uÂ uÊ uÔ uY uyÊ ưƠ uA uĂ uI uE Y uƠ"
_NASAL = ("m", "n", "ng", "nh")
# The k is for names of the Central Highlands: Đắk Lắk.
_STOP = ("c", "ch", "p", "t", "k")


def _rhymes() -> dict[str, frozenset[tuple[int, bool]]]:
    """For each rhyme without its tone: where the tone may stand, and whether the syllable ends in a stop."""
    found: dict[str, set[tuple[int, bool]]] = {}

    def add(marked: str, coda: str, stopped: bool) -> None:
        rhyme = marked.lower() + coda
        for place, char in enumerate(marked):
            if char.isupper():
                found.setdefault(rhyme, set()).add((place, stopped))

    for marked in _OPEN.split():
        add(marked, "", False)
    for marked in _CLOSED.split():
        for coda in _NASAL:
            add(marked, coda, False)
        for coda in _STOP:
            add(marked, coda, True)
    return {rhyme: frozenset(places) for rhyme, places in found.items()}


_RHYMES = _rhymes()
_SYLLABLE = re.compile(rf"({_ONSET})?([aăâeêioôơuưy][a-zăâêôơưđ]*)")


@lru_cache(maxsize=65536)
def is_syllable(word: str) -> bool:
    """Whether a word of letters, in any case, is spelt as a Vietnamese syllable is, its tone mark in its place."""
    letters, tone, place = _without_tone(word)
    if letters is None:
        return False
    match = _SYLLABLE.fullmatch(letters)
    while match is not None:
        onset, rhyme = match.group(1) or "", match.group(2)
        if _fits(rhyme, tone, place - len(onset)):
            return True
        # The vowel of gi and qu may belong to the rhyme: giếng, quốc.
        if onset not in ("gi", "qu"):
            return False
        return _fits(letters[1:], tone, place - 1)
    # A lone gì: the i is both.
    return letters == "gi"


def _fits(rhyme: str, tone: str, place: int) -> bool:
    return any(
        (not tone or place == where) and (not stopped or tone in ("s", "j", ""))
        for where, stopped in _RHYMES.get(rhyme, ())
    )


def _without_tone(word: str) -> tuple[str | None, str, int]:
    """The lower-case letters without the tone mark, the tone, and the index of its letter; None for two tones."""
    letters: list[str] = []
    tone, place = "", -1
    for char in unicodedata.normalize("NFC", word).lower():
        base = unicodedata.normalize("NFD", char)
        marks = [mark for mark in base[1:] if mark in _TONES]
        rest = "".join(mark for mark in base if mark not in _TONES)
        if base[0] in _TONES:  # on a letter that takes none
            return None, "", -1
        if marks:
            if tone or len(marks) > 1:
                return None, "", -1
            tone, place = _TONES[marks[0]], len(letters)
        letters.append(unicodedata.normalize("NFC", rest))
    return "".join(letters), tone, place
