"""Reads operators' files row by row: CSV (RFC 4180, in the variants that spreadsheets write) and JSON Lines.

Every row of a file comes out, also one that is broken: what cannot be understood is refused later, by the normaliser,
with its line number. Only a file whose rows cannot be told apart raises, before anything of it is used.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

_SAMPLE_BYTES = 64 * 1024
_DELIMITERS = ",;\t"
# A longer line or cell is no address; of a line, as much is kept as shows that it is too long.
_MOST_LINE_BYTES = 2 * 1024 * 1024
# A cell over more lines is a quotation mark that nobody closed, and would swallow the rows after it.
_MOST_LINES_A_ROW = 100
_SHOWN_ROWS = 5

_CSV_ENDINGS = frozenset({".csv", ".tsv", ".txt"})
_JSON_ENDINGS = frozenset({".jsonl", ".ndjson"})


class ReadError(ValueError):
    """A file that cannot be read as rows. Says what, where, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `number` counts from 1, without the heading and without empty lines.

    `values` are its cells by column, empty ones left out; None if the row is not an object. `surplus` are cells beyond
    the heading. `line` is the line itself, for JSON Lines. Text that is not UTF-8 holds surrogate escapes.
    """

    number: int
    values: dict[str, Any] | None
    surplus: tuple[str, ...] = ()
    line: bytes | None = None


class Table(Protocol):
    """A file of rows, which can be read more than once. `columns` are the headings, None where each row has its own."""

    columns: tuple[str, ...] | None

    def rows(self) -> Iterator[Row]:
        """The rows, from the first. Raises ReadError."""


@dataclass(slots=True)
class Scan:
    """What reading a file once shows. `ragged` are the numbers of the first rows with more cells than headings."""

    rows: int = 0
    ragged: list[int] = field(default_factory=list)
    ragged_rows: int = 0


def open_table(path: Path) -> Table:
    """The table in a file, by its ending, else by its first character. Raises ReadError or OSError."""
    ending = path.suffix.lower()
    if ending in {".xlsx", ".xls", ".ods"}:
        raise ReadError(f"{path.name} is a spreadsheet: save it as CSV (UTF-8) and submit that")
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in sample[:4]:
        raise ReadError(f"{path.name} is UTF-16 (Unicode text): save it as CSV (UTF-8)")
    start = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise ReadError(f"{path.name} is empty: it has neither a heading nor a row")
    if ending in _JSON_ENDINGS or (ending not in _CSV_ENDINGS and start[:1] in b"{["):
        if start[:1] == b"[":
            raise ReadError(f"{path.name} is a JSON array: write one object a line (jq -c '.[]' FILE)")
        return JsonLines(path)
    return Csv(path, sample)


def scan(table: Table) -> Scan:
    """Read a table to its end. Raises ReadError where its rows cannot be told apart."""
    found = Scan()
    for row in table.rows():
        found.rows += 1
        if row.surplus:
            found.ragged_rows += 1
            if len(found.ragged) < _SHOWN_ROWS:
                found.ragged.append(row.number)
    return found


class Csv:
    """A CSV file with a heading; the delimiter is the one of comma, semicolon and tab that the heading has most of."""

    columns: tuple[str, ...] | None

    def __init__(self, path: Path, sample: bytes) -> None:
        self._path = path
        if len(sample) == _SAMPLE_BYTES and b"\n" not in sample and b"\r" not in sample:
            raise ReadError(f"{path.name} has no line break in its first {_SAMPLE_BYTES} bytes: it is not a CSV file")
        text = sample.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
        self._delimiter = max(_DELIMITERS, key=_outside_quotes(text).count)
        heading = next(self._cells(), None)
        if heading is None:
            raise ReadError(f"{path.name} has no heading: the first line names the columns")
        if any("\udc80" <= char <= "\udcff" for cell in heading for char in cell):
            raise ReadError(
                f"{path.name} is not UTF-8: save it as CSV (UTF-8); older Vietnamese encodings are not read"
            )
        self._names = _distinct(heading)
        self.columns = tuple(self._names)

    def rows(self) -> Iterator[Row]:
        """The rows below the heading."""
        width = len(self._names)
        cells = self._cells()
        next(cells)
        for number, row in enumerate(cells, start=1):
            values = {name: cell for name, cell in zip(self._names, row, strict=False) if cell}
            surplus = tuple(row[width:])
            yield Row(number, values, surplus if any(surplus) else ())

    def _cells(self) -> Iterator[list[str]]:
        """The cells of each line that has any. Raises ReadError at a quotation mark that is never closed."""
        with self._path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = _Remembered(file)
            reader = csv.reader(lines, delimiter=self._delimiter)
            while True:
                first_line = reader.line_num + 1
                lines.row.clear()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise ReadError(f"{self._path.name}, line {first_line}: {error}") from None
                # A row that comes with the end of the file ended within quotation marks.
                if lines.ended or len(lines.row) > _MOST_LINES_A_ROW:
                    raise ReadError(
                        f'{self._path.name}, line {first_line}: a quotation mark (") opens a cell that is not closed; '
                        'close it, or double it ("") where it is part of the text'
                    )
                if any(cells):
                    yield cells


class _Remembered(Iterator[str]):
    """The lines of a file; remembers those of the row in hand, and whether the file has ended."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.row: list[str] = []
        self.ended = False

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self.row.append(line)
        if len(self.row) > _MOST_LINES_A_ROW + 1:
            raise StopIteration
        return line


class JsonLines:
    """A file of one JSON object a line."""

    columns: tuple[str, ...] | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self) -> Iterator[Row]:
        """The lines that hold anything, as rows."""
        with self._path.open("rb") as file:
            for number, line in enumerate(json_lines(file), start=1):
                yield json_row(number, line)


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


def _outside_quotes(text: str) -> str:
    """The part of the first line that is not in quotation marks."""
    parts: list[str] = []
    for nth, part in enumerate(text.lstrip().split('"')):
        if nth % 2 == 0:
            line, newline, _ = part.partition("\n")
            parts.append(line)
            if newline:
                break
    return "".join(parts)


def _distinct(heading: list[str]) -> list[str]:
    """Column names, trimmed; an empty or repeated one is told apart by its place."""
    names: list[str] = []
    for place, cell in enumerate(heading, start=1):
        name = cell.strip() or f"column {place}"
        names.append(f"{name} ({place})" if name in names else name)
    return names
