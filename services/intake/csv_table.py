"""CSV as people have it: RFC 4180 in the variants that spreadsheets write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from gazetteer.names import fold
from services.intake.csv_rows import read_rows
from services.intake.encoding import READ_ENCODINGS, recognise_file
from services.intake.heading import lay_out
from services.intake.legacy import decode
from services.intake.mapping import field_of
from services.intake.table import ReadError, Row, Scan

_DELIMITERS = ",;\t|"
_LINES_LOOKED_AT = 30
_SAMPLE_CHARS = 64 * 1024
_SEPARATOR_LINE = "sep="
_IN_QUOTES = re.compile(r"[,;\t|\r\n]")


class Csv:
    """A CSV file with a heading; the delimiter is the one that makes the best of its first lines."""

    columns: tuple[str, ...] | None
    notes: tuple[str, ...]

    def __init__(self, path: Path, wanted: Collection[str] = ()) -> None:
        """Raises ReadError, OSError. `wanted` are columns that the operator names, to know the heading by."""
        self._path = path
        self._encoding = recognise_file(path)
        try:
            with self._open() as file:
                text = file.read(_SAMPLE_CHARS)
        except UnicodeError as error:
            raise ReadError(f"{path.name} is not sound {self._encoding.name} ({error}): save it again") from None
        if len(text) == _SAMPLE_CHARS and "\n" not in text and "\r" not in text:
            raise ReadError(f"{path.name} has no line break in its first {_SAMPLE_CHARS:,} characters: it is no CSV")
        self._told = _told_delimiter(text)
        self._delimiter = self._told or _guessed_delimiter(self._readable(text), wanted)
        self._layout = lay_out(path.name, self._cells(), wanted, self._encoding.legacy)
        self.columns = self._layout.names
        if any("\udc80" <= char <= "\udcff" for name in self.columns for char in name):
            raise ReadError(
                f"{path.name} is in no encoding that is known here ({READ_ENCODINGS}): save it as CSV (UTF-8)"
            )
        plain = self._encoding.name == "UTF-8" or self._encoding.legacy is not None
        self.notes = (*(() if plain else (f"its text is in {self._encoding.name}",)), *self._layout.notes)

    def _readable(self, text: str) -> str:
        legacy = self._encoding.legacy
        return text if legacy is None else decode(text, legacy)

    def rows(self) -> Iterator[Row]:
        """The rows below the heading."""
        return self._layout.rows(self._cells())

    def scan(self) -> Scan:
        """Read the file to its end. Raises ReadError where its rows cannot be told apart."""
        return self._layout.scan(self._cells())

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding.codec, errors=self._encoding.errors, newline="")

    def _cells(self) -> Iterator[list[str]]:
        """The cells of each line that has any. Raises ReadError at a quotation mark that is never closed."""
        with self._open() as file:
            rows = read_rows(file, self._path.name, self._delimiter)
            if self._encoding.composes:
                rows = ([unicodedata.normalize("NFC", cell) for cell in cells] for cells in rows)
            yield from islice(rows, 1, None) if self._told else rows


def _told_delimiter(text: str) -> str | None:
    """The delimiter that a first line `sep=;` names, as Excel writes and reads it."""
    line = text.lstrip("\ufeff").splitlines()[0].strip().strip('"') if text.strip() else ""
    told = line[len(_SEPARATOR_LINE) :]
    return told if line.lower().startswith(_SEPARATOR_LINE) and len(told) == 1 else None


def _guessed_delimiter(text: str, wanted: Collection[str]) -> str:
    """The delimiter that makes a heading of one of the first lines, else the one that the first line has most of.

    A title above the heading may have other delimiters or none, and addresses are full of commas.
    """
    lines = _lines_outside_quotes(text)[:_LINES_LOOKED_AT]
    known = {fold(each) for each in wanted}
    fields = {
        delimiter: max((_known_names(line.split(delimiter), known) for line in lines), default=0)
        for delimiter in _DELIMITERS
    }
    if max(fields.values()) > 1:
        return max(fields, key=fields.__getitem__)
    for line in lines:
        counts = {delimiter: line.count(delimiter) for delimiter in _DELIMITERS}
        if max(counts.values()) > 0:
            return max(counts, key=counts.__getitem__)
    return _DELIMITERS[0]


def _known_names(cells: Sequence[str], wanted: Collection[str]) -> int:
    return sum(field_of(cell) is not None or fold(cell) in wanted for cell in cells if cell)


def _lines_outside_quotes(text: str) -> list[str]:
    """The lines of a text; what stands in quotation marks has no delimiters and no line breaks left."""
    parts = text.split('"')
    return "".join(part if nth % 2 == 0 else _IN_QUOTES.sub(" ", part) for nth, part in enumerate(parts)).splitlines()
