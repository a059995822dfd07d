"""How two spellings that fold alike differ in their accents."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from gazetteer.names import fold


class Accents(IntEnum):
    """EQUAL; MISSING: the text leaves some out; DIFFER: the text has other ones."""

    EQUAL = 0
    MISSING = 1
    DIFFER = 2


@lru_cache(maxsize=65_536)
def compare_accents(written: str, official: str) -> Accents:
    """Compare two glued, toned names with the same folding."""
    if written == official:
        return Accents.EQUAL
    if len(written) != len(official):
        return Accents.MISSING if written.isascii() else Accents.DIFFER
    plain = fold(official)
    for one, other, bare in zip(written, official, plain, strict=False):
        if one not in (other, bare) and not _half_written(one, other):
            return Accents.DIFFER
    return Accents.MISSING


@lru_cache(maxsize=4_096)
def _half_written(one: str, other: str) -> bool:
    """Whether a letter lacks only its tone: ô for ố, or only its shape: ó for ố."""
    from unicodedata import normalize

    marks = set(normalize("NFD", one)) - set(normalize("NFD", other))
    return not marks
