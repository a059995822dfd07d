"""Names by their sound: spellings that are said alike in one part of the country or another come to one form."""

from __future__ import annotations

import re
from functools import lru_cache

# Folded spellings to the one that stands for them: tr and ch, s and x, gi, d, r and v, l and n, a final ng and n…
_ALIKE = {
    "ngh": "n", "tr": "c", "ch": "c", "gi": "d", "qu": "ku", "gh": "g", "ph": "f", "ng": "n",
    "x": "s", "v": "d", "r": "d", "l": "n", "c": "k", "q": "k", "y": "i",
}  # fmt: skip
# A letter typed twice.
_DOUBLED = re.compile(r"([a-z])\1+")
_SPELLING = re.compile("|".join(_ALIKE))


@lru_cache(maxsize=32_768)
def sound(folded: str) -> str:
    """The sound of a folded name or glued key. Names that differ may share one: it only proposes."""
    return _DOUBLED.sub(r"\1", _SPELLING.sub(lambda match: _ALIKE[match[0]], folded))
