"""The partitions of many keys at once, as Kafka's clients choose them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # A machine word where this is compiled; at run time it is Python's own number.
    from mypy_extensions import i64

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF


def partitions_of(keys: Sequence[bytes], partitions: int) -> list[int]:
    """For each key a number from 0 to `partitions` − 1, the same as `Partitioner` gives one key."""
    return [(_murmur2(key) & 0x7FFFFFFF) % partitions for key in keys]


def _murmur2(key: bytes) -> int:
    """Murmur2 (public domain, by Austin Appleby). The client has it in Python, which takes a hundred times as long."""
    length: i64 = len(key)
    found: i64 = _SEED ^ length
    whole: i64 = length & ~3
    at: i64 = 0
    word: i64
    while at < whole:
        word = key[at] | key[at + 1] << 8 | key[at + 2] << 16 | key[at + 3] << 24
        word = word * _MULTIPLIER & _WORD
        word = (word ^ word >> 24) * _MULTIPLIER & _WORD
        found = found * _MULTIPLIER & _WORD ^ word
        at += 4
    if whole < length:
        at = length
        while at > whole:
            at -= 1
            found ^= key[at] << 8 * (at - whole)
        found = found * _MULTIPLIER & _WORD
    found = (found ^ found >> 13) * _MULTIPLIER & _WORD
    return found ^ found >> 15
