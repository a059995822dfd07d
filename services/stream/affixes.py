"""Short values that begin and end alike, kept without that: nothing is cheaper, and compression gains no more on them.

Learnt from samples by how they end, so that values of several kinds may be mixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

# Of a longer value compression makes less.
_SHORT: Final = 128
# So many bytes at the end tell kinds apart: `record"}`.
_TELLING: Final = 8
_LEAST_SAMPLES: Final = 16
# A form is written down as one byte.
MOST_FORMS: Final = 32


class _Form(NamedTuple):
    number: bytes
    start: bytes
    end: bytes


class Affixes:
    """What the short values of a store begin and end with."""

    def __init__(self, samples: Sequence[bytes]) -> None:
        by_ending: dict[bytes, list[bytes]] = {}
        for sample in samples:
            if len(sample) <= _SHORT:
                by_ending.setdefault(sample[-_TELLING:], []).append(sample)
        self._by_ending: Final[dict[bytes, _Form]] = {}
        self._forms: Final[list[_Form]] = []
        for ending, alike in by_ending.items():
            if len(alike) >= _LEAST_SAMPLES and len(self._forms) < MOST_FORMS:
                start, end = _start(alike), _start([sample[::-1] for sample in alike])[::-1]
                form = _Form(bytes([len(self._forms)]), start, end)
                self._forms.append(form)
                self._by_ending[ending] = form

    def strip(self, value: bytes) -> bytes | None:
        """The number of the value's form, and what is between; None for a value of another form or length."""
        if len(value) > _SHORT:
            return None
        form = self._by_ending.get(value[-_TELLING:])
        if form is None:
            return None
        number, start, end = form
        if len(start) + len(end) > len(value) or not value.startswith(start) or not value.endswith(end):
            return None
        return number + value[len(start) : len(value) - len(end)]

    def restore(self, stripped: bytes) -> bytes | None:
        """The value again; None for bytes that do not begin with the number of a form."""
        number = stripped[0]
        if number >= len(self._forms):
            return None
        _, start, end = self._forms[number]
        return start + stripped[1:] + end


def _start(samples: list[bytes]) -> bytes:
    """What all begin with, but for letters and digits at its end: they are of a value, and may differ in others."""
    first, last = min(samples), max(samples)
    length = 0
    while length < len(first) and first[length] == last[length]:
        length += 1
    while length and first[length - 1 : length].isalnum():
        length -= 1
    return first[:length]
