"""Looks codes up in the registry as a whole, across areas, whose registrars know only their own. Pure functions.

A registry here is the latest value of each key of `registrar.state.v1`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.codec import decode
from schemas.registrar_state import RegisteredCode, RegisteredRecord

RegistryEntries = Mapping[bytes, bytes]


def find(registry: RegistryEntries, code: str) -> RegisteredCode | None:
    """The entry of a code with unit (`22110R6F7CJX-02`), in use or retired; None if it was never issued."""
    value = registry.get(f"code:{code}".encode())
    return None if value is None else decode(RegisteredCode, value)


def chain(registry: RegistryEntries, code: str) -> Iterator[RegisteredCode]:
    """The entry of a code and those that it leads to, one after the other; the last one is where the chain ends.

    A chain goes through aliases within an area, and to another area with the record that left last. It ends at a code
    in use, or at one that nobody took along: its address was withdrawn, or is not registered again yet.
    """
    visited: set[str] = set()
    following: str | None = code
    while following is not None and following not in visited:
        visited.add(following)
        entry = find(registry, following)
        if entry is None:
            return
        yield entry
        following = None if entry.status == "issued" else entry.alias_of or _moved(registry, entry)


def current(registry: RegistryEntries, code: str) -> RegisteredCode | None:
    """The code in use that a code resolves to, itself or another; None if there is none any more."""
    last = None
    for entry in chain(registry, code):
        last = entry
    return last if last is not None and last.status == "issued" else None


def _moved(registry: RegistryEntries, entry: RegisteredCode) -> str | None:
    """The code that the record which left has where it lives now."""
    area, visited = entry.moved_to, set[str]()
    while area is not None and entry.moved_with is not None and area not in visited:
        visited.add(area)
        value = registry.get(f"record:{area}:{entry.moved_with}".encode())
        if value is None:
            return None
        record = decode(RegisteredRecord, value)
        if record.code is not None:
            return record.code if record.unit is None else f"{record.code}-{record.unit}"
        area = record.moved_to
    return None
