"""What the records of the contract have in common."""

from __future__ import annotations

from msgspec import Struct


class Record(Struct, frozen=True, gc=False):
    """Fields that never change, made and encoded in C: a frozen dataclass takes several times as long (decision 14).

    The garbage collector passes records by: they hold no cycles, as they are made of JSON's values and of each other.
    """
