"""The rows of a CSV file, read by blocks: one whose rows are a line each goes through Python's csv in one call.

Only where a cell holds a line break, or a quotation mark is not closed, is a block read row by row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from services.intake.formulas import with_formula
from services.intake.table import ReadError

_BLOCK_CHARS = 64 * 1024
# A longer line holds no addresses. A longer cell neither; Python's csv asks for its own limit.
_MOST_LINE_CHARS = 2 * 1024 * 1024
# A cell over more lines is a quotation mark that nobody closed, and would swallow the rows after it.
_MOST_LINES_A_ROW = 100


def read_rows(file: TextIO, name: str, delimiter: str) -> Iterator[list[str]]:
    """The cells of each row that has any, without the apostrophes that keep them from being formulas.

    `file` must leave line breaks as they are; `name` is what people call it. Raises ReadError at a quotation mark that
    is never closed, a line of absurd length, and text that its encoding does not allow.
    """
    read = 0
    while True:
        try:
            block = _next_block(file)
        except UnicodeError as error:
            raise ReadError(f"{name}, after line {read}: {error}") from None
        if not block:
            return
        lines = StringIO(block, newline="").readlines()
        rows = _rows_of_a_line(lines, delimiter)
        if rows is not None:
            read += len(lines)
            filled = [cells for cells in rows if any(cells)]
            yield from map(_as_meant, filled) if "'" in block else filled
        else:
            source = _Lines(lines, file, name, read)
            yield from map(_as_meant, filter(any, _one_by_one(source, name, delimiter)))
            read = source.read


def _next_block(file: TextIO) -> str:
    """Whole lines; the last one is cut short if it is absurdly long."""
    block = file.read(_BLOCK_CHARS)
    # After a carriage return, a line feed may belong to the same line.
    return block if not block or block.endswith("\n") else block + file.readline(_MOST_LINE_CHARS)


def _rows_of_a_line(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """The rows of lines that are a row each; None of other lines."""
    if len(lines[-1]) >= _MOST_LINE_CHARS:
        return None
    try:
        # An empty line at the end makes an empty row, unless a quotation mark before it is still open.
        rows = list(csv.reader([*lines, "\n"], delimiter=delimiter))
    except csv.Error:
        return None
    return rows if len(rows) == len(lines) + 1 else None


def _as_meant(cells: list[str]) -> list[str]:
    return [with_formula(cell) for cell in cells]


def _one_by_one(source: _Lines, name: str, delimiter: str) -> Iterator[list[str]]:
    """The rows that begin in the lines in hand of a source."""
    reader = csv.reader(source, delimiter=delimiter)
    while source.in_hand:
        first_line = source.read + 1
        source.row_lines = 0
        try:
            cells = next(reader)
        except (csv.Error, UnicodeError) as error:
            raise ReadError(f"{name}, line {first_line}: {error}") from None
        # A row that comes with the end of the file ended within quotation marks.
        if source.ended or source.row_lines > _MOST_LINES_A_ROW:
            raise ReadError(
                f'{name}, line {first_line}: a quotation mark (") opens a cell that is not closed; '
                'close it, or double it ("") where it is part of the text'
            )
        yield cells


class _Lines(Iterator[str]):
    """Lines in hand, then those of a file; counts all, and those of the row in hand. Knows whether the file ended."""

    def __init__(self, lines: list[str], file: TextIO, name: str, read: int) -> None:
        self.in_hand = lines[::-1]
        self._file = file
        self._name = name
        self.read = read
        self.row_lines = 0
        self.ended = False

    def __next__(self) -> str:
        line = self.in_hand.pop() if self.in_hand else self._file.readline(_MOST_LINE_CHARS)
        if not line:
            self.ended = True
            raise StopIteration
        self.read += 1
        if len(line) >= _MOST_LINE_CHARS and not line.endswith(("\n", "\r")):
            raise ReadError(
                f"{self._name}, line {self.read} has more than {_MOST_LINE_CHARS:,} characters: that is no address"
            )
        self.row_lines += 1
        if self.row_lines > _MOST_LINES_A_ROW + 1:
            raise StopIteration
        return line
