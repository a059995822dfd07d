"""Writes outcomes as an Excel workbook, row by row, with memory for one row."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from services.intake.answers import Answer
from services.intake.outputs import Fields, heading, table_cells

# What Excel itself can hold.
_MOST_ROWS = 1_048_576
_MOST_TEXT = 32_767
_MOST_EXACT = 10**15
_SHEET = "Diachi"
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LIKE_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class ExcelWriter:
    """The same columns as in CSV. Text is written as text: nothing that it holds becomes a formula, a link or a number.

    A cell of more than 32,767 characters is cut, as Excel holds no more; rows that do not fit on a sheet go on on the
    next.
    """

    def __init__(
        self,
        file: BinaryIO,
        columns: Sequence[str],
        names: Sequence[str],
        fields: Fields,
        most_rows: int = _MOST_ROWS,
    ) -> None:
        self._columns = tuple(columns)
        self._heading = heading(columns, names)
        self._fields = fields
        self._most_rows = most_rows
        # Rows wait in files here; the folder goes with the writer, however that ends.
        self._folder = tempfile.TemporaryDirectory(prefix="diachi-")
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": self._folder.name})
        self._bold = self._book.add_format({"bold": True})
        self._sheets = 0
        self._sheet = self._new_sheet()
        self._row = 1

    def write(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            if self._row == self._most_rows:
                self._sheet, self._row = self._new_sheet(), 1
            for column, cell in enumerate(table_cells(answer, self._columns, self._fields)):
                self._put(column, cell)
            self._row += 1

    def finish(self) -> None:
        self._book.close()
        self._folder.cleanup()

    def _new_sheet(self) -> Worksheet:
        self._sheets += 1
        sheet = self._book.add_worksheet(_SHEET if self._sheets == 1 else f"{_SHEET} {self._sheets}")
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(self._heading):
            sheet.write_string(0, column, _text(name), self._bold)
        return sheet

    def _put(self, column: int, cell: Any) -> None:
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._row, column, cell)
        elif isinstance(cell, int | float) and abs(cell) < _MOST_EXACT:
            self._sheet.write_number(self._row, column, cell)
        elif cell is not None and cell != "":
            self._sheet.write_string(self._row, column, _text(str(cell)))


def _text(cell: str) -> str:
    """Text as a sheet can hold it: what XML has no place for becomes U+FFFD, and what reads as an escape is escaped."""
    return _LIKE_ESCAPE.sub("_x005F_", _NOT_IN_XML.sub("\ufffd", cell[:_MOST_TEXT]))
