"""The state of one input partition: committed values, and the changes of the transaction in hand.

Values are the bytes that go to the changelog, so that restoring is a plain copy and memory stays small.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class StateStore(Protocol):
    """What the processor and the stages need of a store. Keys and values are bytes; None deletes."""

    def get(self, key: bytes) -> bytes | None:
        """The value as the transaction in hand sees it."""

    def put(self, key: bytes, value: bytes | None) -> None:
        """Change a value; visible to `get` at once, kept only by `commit`."""

    def changes(self) -> Mapping[bytes, bytes | None]:
        """The last value put for each key since the last `commit` or `discard`."""

    def commit(self) -> None:
        """Keep the changes: their transaction was committed."""

    def discard(self) -> None:
        """Forget the changes: their transaction was aborted."""

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take over one committed changelog record during restore."""

    def __len__(self) -> int: ...


class MemoryStore:
    """A StateStore in memory."""

    def __init__(self) -> None:
        self._committed: dict[bytes, bytes] = {}
        self._changes: dict[bytes, bytes | None] = {}

    def get(self, key: bytes) -> bytes | None:
        if key in self._changes:
            return self._changes[key]
        return self._committed.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        self._changes[key] = value

    def changes(self) -> Mapping[bytes, bytes | None]:
        return self._changes

    def commit(self) -> None:
        for key, value in self._changes.items():
            self.load(key, value)
        self._changes = {}

    def discard(self) -> None:
        self._changes = {}

    def load(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._committed.pop(key, None)
        else:
            self._committed[key] = value

    def __len__(self) -> int:
        return len(self._committed)
