"""Writes what became of rows as JSON Lines, CSV, Excel or GeoJSON: one for each input row, in order, also where it was
refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from schemas.address import CoordinateLevel
from services.address.redact import redact
from services.intake.answers import OUTCOME_FIELDS, RESULT_FIELDS, Answer, outcome_fields, result_fields
from services.intake.formulas import without_formula
from services.intake.mapping import is_personal

ENDINGS = (".csv", ".xlsx", ".geojson", ".jsonl", ".ndjson")
# Formats with the operator's own columns beside those of the result.
TABLES = (".csv", ".xlsx")

_NO_GEOMETRY = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)
# Spreadsheets take a file for UTF-8 only if it says so.
_BOM = b"\xef\xbb\xbf"

_NO_TEXT = re.compile("[\ud800-\udfff]")

Fields = Callable[[Answer], dict[str, Any]]


class Writer(Protocol):
    """Writes answers to a file that the caller opened."""

    def write(self, answers: Sequence[Answer]) -> None:
        """Write some rows."""

    def finish(self) -> None:
        """Write what closes the file."""


@contextmanager
def opened(output: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole. Raises OSError."""
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.partial")
    try:
        with partial.open("w+b") as file:
            yield file
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def writer(sink: BinaryIO, ending: str, columns: Sequence[str], *, online: bool = False) -> Writer:
    """The writer of a format, by its ending (one of ENDINGS). `columns` are the operator's own, for TABLES.

    `online` adds what a row of a batch counts as.
    """
    fields = outcome_fields if online else result_fields
    names = (*OUTCOME_FIELDS, *RESULT_FIELDS) if online else RESULT_FIELDS
    if ending == ".csv":
        return CsvWriter(sink, columns, names, fields)
    if ending == ".xlsx":
        from services.intake.excel import ExcelWriter

        return ExcelWriter(sink, columns, names, fields)
    return GeoJsonWriter(sink, fields) if ending == ".geojson" else JsonLinesWriter(sink, fields)


class JsonLinesWriter:
    """One object a line: the row's id and number, the result, and the operator's own columns as `extra`."""

    def __init__(self, file: BinaryIO, fields: Fields = result_fields) -> None:
        self._file = file
        self._fields = fields

    def write(self, answers: Sequence[Answer]) -> None:
        lines = []
        for answer in answers:
            line = {"id": _id(answer), "line_no": answer.record.line_no, **self._fields(answer)}
            if answer.record.extra:
                line["extra"] = {name: _sound(text) for name, text in answer.record.extra.items()}
            lines.append(_dumps(line))
        self._file.write(b"".join(lines))

    def finish(self) -> None:
        """Nothing closes JSON Lines."""


class CsvWriter:
    """The file's own columns, then those of the result; a result column whose name is taken is called `result_…`.

    No text becomes a formula in the spreadsheet that opens the file: see services/intake/formulas.py.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[str], names: Sequence[str], fields: Fields) -> None:
        self._file = file
        self._columns = tuple(columns)
        self._fields = fields
        self._text = StringIO()
        self._rows = csv.writer(self._text)
        self._rows.writerow(map(without_formula, heading(columns, names)))
        file.write(_BOM)

    def write(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            cells = table_cells(answer, self._columns, self._fields)
            self._rows.writerow([without_formula(cell) if isinstance(cell, str) else cell for cell in cells])
        self._flush()

    def finish(self) -> None:
        self._flush()

    def _flush(self) -> None:
        self._file.write(self._text.getvalue().encode(errors="surrogateescape"))
        self._text.seek(0)
        self._text.truncate()


class GeoJsonWriter:
    """A FeatureCollection (RFC 7946). It is made to be passed on: no personal data, and of the operator's own columns
    only those whose name does not speak of persons, without phones and the householder's name."""

    def __init__(self, file: BinaryIO, fields: Fields = result_fields) -> None:
        self._file = file
        self._fields = fields
        self._separator = b"\n"
        file.write(b'{"type":"FeatureCollection","features":[')

    def write(self, answers: Sequence[Answer]) -> None:
        parts = []
        for answer in answers:
            parts += [self._separator, _dumps(_feature(answer, self._fields(answer))).rstrip()]
            self._separator = b",\n"
        self._file.write(b"".join(parts))

    def finish(self) -> None:
        self._file.write(b"\n]}\n")


def heading(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The operator's own columns, then those of the result."""
    taken = set(columns)
    return [*columns, *(f"result_{name}" if name in taken else name for name in names)]


def table_cells(answer: Answer, columns: Sequence[str], fields: Fields) -> list[Any]:
    """The cells of a row: the operator's own as they came, then the result."""
    values = answer.record.row.values or {}
    found = fields(answer)
    found["faults"] = " ".join(found["faults"])
    return [*(_cell(values.get(name)) for name in columns), *found.values()]


def _feature(answer: Answer, fields: dict[str, Any]) -> dict[str, Any]:
    lat, lon = fields.pop("lat"), fields.pop("lon")
    geometry = None
    if answer.result is not None and lat is not None and answer.result.coordinate_level not in _NO_GEOMETRY:
        geometry = {"type": "Point", "coordinates": [lon, lat]}
    properties = {"line_no": answer.record.line_no, **fields}
    if answer.result is not None:
        properties["address"] = answer.result.address_text
    for name, text in answer.record.extra.items():
        if not is_personal(name):
            own = redact(_sound(text), answer.record.householder)
            properties[f"own_{name}" if name in properties else name] = own
    return {"type": "Feature", "id": _id(answer), "geometry": geometry, "properties": properties}


def _sound(text: str) -> str:
    """Text that JSON can hold: bytes that were no UTF-8 become U+FFFD."""
    return _NO_TEXT.sub("\ufffd", text)


def _id(answer: Answer) -> Any:
    """The id of the row, a number where the row has a number."""
    values = answer.record.row.values or {}
    for given in (values.get("id"), values.get("source_record_id")):
        if isinstance(given, int) and str(given) == answer.record.id:
            return given
    return _sound(answer.record.id)


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else orjson.dumps(value).decode()


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
