"""Type words with a slip of the keyboard: `phưnờg`, `tihn`, `thnàh phố`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import ascii_lowercase
from typing import Final

# Long enough that one slip leaves them recognisable; of the short ones only letters left out, doubled or swapped.
_LONG_WORDS: Final = ("phuong", "huyen", "thanh")
_SHORT_WORDS: Final = ("tinh", "quan")


def slips(known: Iterable[str]) -> dict[str, str]:
    """Each folded word that is one slip away from a long type word, to that word; none of the `known` syllables."""
    taken = set(known)
    found: dict[str, str] = {}
    for word in _LONG_WORDS:
        for slip in _one_slip(word):
            if slip not in taken and slip not in _LONG_WORDS:
                found.setdefault(slip, word)
    for word in _SHORT_WORDS:
        for index in range(len(word) - 1):
            swapped = word[:index] + word[index + 1] + word[index] + word[index + 2 :]
            for slip in (swapped, word[:index] + word[index + 1 :], word[:index] + word[index] + word[index:]):
                if slip not in taken and len(slip) > 2:
                    found.setdefault(slip, word)
    return found


def _one_slip(word: str) -> Iterator[str]:
    for index in range(len(word) + 1):
        head, tail = word[:index], word[index:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
