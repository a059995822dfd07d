"""What a worker holds in memory, shown when it gives a partition up, to be compared with the changelog."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from services.stream import processor


class Shown(NamedTuple):
    """The state of one partition: how many keys, and a hash of them and their values."""

    keys: int
    digest: str


def digest(state: Mapping[bytes, bytes]) -> Shown:
    hashed = hashlib.sha256()
    for key in sorted(state):
        for part in (key, state[key]):
            hashed.update(len(part).to_bytes(4, "big") + part)
    return Shown(len(state), hashed.hexdigest())


def show_state(file: Path) -> None:
    """In a worker: write the state of each partition beside `file` when its processor first closes in good order.

    What was shown stays until it is forgotten: a partition that comes back meanwhile was read from the changelog, which
    would then be compared with itself.
    """

    class Store(processor.MemoryStore):
        def held(self) -> dict[bytes, bytes]:
            return {key: self.get(key) or b"" for key in self._committed}

    async def closing(self: processor.PartitionProcessor) -> None:
        target = _file(file, self._partition.partition)
        if self.ready and not target.exists():
            target.write_text(json.dumps(digest(self._store.held())))  # type: ignore[attr-defined]
        await close(self)

    close = processor.PartitionProcessor.close
    processor.MemoryStore = Store  # type: ignore[misc]
    processor.PartitionProcessor.close = closing  # type: ignore[method-assign]


def forget_shown(files: Iterable[Path]) -> None:
    """Take away what was shown so far."""
    for file in files:
        for each in file.parent.glob(f"{file.stem}.state-*"):
            each.unlink()


def shown_by(file: Path) -> dict[int, Shown]:
    """What the worker with that file has shown, by partition."""
    return {
        int(each.name.rpartition("-")[2]): Shown(*json.loads(each.read_text()))
        for each in file.parent.glob(f"{file.stem}.state-*")
    }


def _file(file: Path, partition: int) -> Path:
    return file.with_name(f"{file.stem}.state-{partition}")
