"""Names by their sound: spellings that are said alike in one part of the country or another come to one form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

# Folded spellings to the one that stands for them: tr and ch, s and x, gi, d, r and v, l and n, a final ng and n…
# First those of several letters, in this order, then single ones; C keeps what tr and ch come to from being a c.
_SEVERAL: Final = (
    ("ngh", "N"),
    ("ng", "N"),
    ("tr", "C"),
    ("ch", "C"),
    ("gi", "d"),
    ("qu", "ku"),
    ("gh", "g"),
    ("ph", "f"),
)
_SINGLE: Final = str.maketrans("xvrlcqyCN", "sddnkkicn")
# A letter typed twice.
_DOUBLED: Final = re.compile(r"([a-z])\1+")


def sound(folded: str) -> str:
    """The sound of a folded name or glued key. Names that differ may share one: it only proposes."""
    for spelling, alike in _SEVERAL:
        folded = folded.replace(spelling, alike)
    return _DOUBLED.sub(r"\1", folded.translate(_SINGLE))


def sounds(names: Sequence[str]) -> list[str]:
    """The sounds of many names, found all at once."""
    return sound("\n".join(names)).split("\n") if names else []
