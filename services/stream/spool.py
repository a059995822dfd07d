"""The latest value of each key of a topic, on disk: a registry may be larger than memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_ROWS_AT_ONCE = 1000


class Spool:
    """Values by key, in a file that goes when the spool ends; see `spooled`. Holds a few megabytes in memory."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        # What is lost with the machine is read from the topic again.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE latest (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def put(self, key: bytes, value: bytes | None) -> None:
        """Take a record up; None takes its key away."""
        if value is None:
            self._database.execute("DELETE FROM latest WHERE key = ?", (key,))
        else:
            self._database.execute("INSERT OR REPLACE INTO latest VALUES (?, ?)", (key, value))

    def values(self) -> Iterator[bytes]:
        """All values, in order of their keys."""
        cursor = self._database.execute("SELECT value FROM latest ORDER BY key")
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            for (value,) in rows:
                yield value

    def close(self) -> None:
        self._database.close()


@contextmanager
def spooled() -> Iterator[Spool]:
    """A spool in a folder of its own, which nobody else may read."""
    with TemporaryDirectory(prefix="diachi-") as folder:
        spool = Spool(Path(folder) / "spool")
        try:
            yield spool
        finally:
            spool.close()
