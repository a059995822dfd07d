"""JSON Lines: one object a line, each with keys of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from services.intake.table import Row, Scan

# A longer line is no address; as much is kept as shows that it is too long.
_MOST_LINE_BYTES = 2 * 1024 * 1024


class JsonLines:
    """A file of one JSON object a line."""

    columns: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> Iterator[Row]:
        """The lines that hold anything, as rows."""
        with self._path.open("rb") as file:
            for number, line in enumerate(json_lines(file), start=1):
                yield json_row(number, line)

    def scan(self) -> Scan:
        """How many lines hold anything: no line is ragged, nor can it be taken for another."""
        with self._path.open("rb") as file:
            return Scan(sum(1 for _ in json_lines(file)))


def json_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that are not empty; a line of more than 2 MiB is cut."""
    first = True
    while line := file.readline(_MOST_LINE_BYTES):
        rest = line
        while len(rest) == _MOST_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(_MOST_LINE_BYTES)
        if first:
            line, first = line.removeprefix(b"\xef\xbb\xbf"), False
        if stripped := line.strip():
            yield stripped


def json_row(number: int, line: bytes) -> Row:
    """The row in one line of JSON; `values` is None where it is not an object."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = None
    return Row(number, value if isinstance(value, dict) else None, line=line)
