"""What all files of rows have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import Struct

# More are no table of addresses, but a sheet that was formatted to its last column.
MOST_COLUMNS = 1000
_SHOWN_ROWS = 5


class ReadError(ValueError):
    """A file that cannot be read as rows. Says what, where, and how to mend it."""


class Row(Struct, frozen=True, gc=False):
    """One row. `number` counts from 1, without the heading and without empty lines.

    `values` are its cells by column, empty ones left out; None if the row is not an object. `surplus` are cells beyond
    the heading. `line` is the line itself, for JSON Lines. Text that is not UTF-8 holds surrogate escapes. `repeated`
    are the columns whose cell repeats a merged cell that began in a row above.
    """

    number: int
    values: dict[str, Any] | None
    surplus: tuple[str, ...] = ()
    line: bytes | None = None
    repeated: frozenset[str] = frozenset()


@dataclass(slots=True)
class Scan:
    """What reading a file once shows. `ragged` are the numbers of the first rows with more cells than headings."""

    rows: int = 0
    ragged: list[int] = field(default_factory=list)
    ragged_rows: int = 0

    def note_ragged(self, number: int) -> None:
        """A row has more cells than headings."""
        self.ragged_rows += 1
        if len(self.ragged) < _SHOWN_ROWS:
            self.ragged.append(number)


class Table(Protocol):
    """A file of rows, which can be read more than once.

    `columns` are the headings, None where each row has its own. `notes` are sentences that say how the file was
    understood, where that is not plain: its sheet, its encoding, the lines above its heading.
    """

    columns: tuple[str, ...] | None
    notes: tuple[str, ...]

    def rows(self) -> Iterator[Row]:
        """The rows, from the first. Raises ReadError."""

    def scan(self) -> Scan:
        """Read the file to its end. Raises ReadError where its rows cannot be told apart."""
