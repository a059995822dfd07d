"""The state of one input partition: committed values, and the changes of the transaction in hand.

Values are the bytes that go to the changelog. How they are kept in memory is the store's own affair (decision 59).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from services.stream.packing import Packing

# So many values are kept as they are, and tell what the values of a store have in common.
_LEARN_FROM: Final = 500


class StateStore(Protocol):
    """What the processor and the stages need of a store. Keys and values are bytes; None deletes."""

    def get(self, key: bytes) -> bytes | None:
        """The value as the transaction in hand sees it."""

    def put(self, key: bytes, value: bytes | None) -> None:
        """Change a value; visible to `get` at once, kept only by `commit`."""

    def put_all(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Change several values, as `put` does."""

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
    """A StateStore in memory, which keeps committed values packed as soon as there are enough of them to learn from."""

    def __init__(self, learn_from: int = _LEARN_FROM) -> None:
        self._committed: dict[bytes, bytes] = {}
        self._changes: dict[bytes, bytes | None] = {}
        self._packing: Packing | None = None
        self._learn_at = learn_from

    def get(self, key: bytes) -> bytes | None:
        if key in self._changes:
            return self._changes[key]
        kept = self._committed.get(key)
        return kept if kept is None or self._packing is None else self._packing.unpack(kept)

    def put(self, key: bytes, value: bytes | None) -> None:
        self._changes[key] = value

    def put_all(self, changes: Mapping[bytes, bytes | None]) -> None:
        self._changes.update(changes)

    def changes(self) -> Mapping[bytes, bytes | None]:
        return self._changes

    def commit(self) -> None:
        if self._packing is not None:
            self._packing.keep(self._changes, self._committed)
        else:
            for key, value in self._changes.items():
                self.load(key, value)
        self._changes = {}

    def discard(self) -> None:
        self._changes = {}

    def load(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._committed.pop(key, None)
        elif self._packing is not None:
            self._committed[key] = self._packing.pack(value)
        else:
            self._committed[key] = value
            if len(self._committed) >= self._learn_at:
                self._learn()

    def __len__(self) -> int:
        return len(self._committed)

    def _learn(self) -> None:
        """Pack all values from now on, unless nothing can be learnt of these: then try again with twice as many."""
        try:
            packing = Packing(list(self._committed.values()))
        except ValueError:
            self._learn_at *= 2
            return
        self._committed = {key: packing.pack(value) for key, value in self._committed.items()}
        self._packing = packing
