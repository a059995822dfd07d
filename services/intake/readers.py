"""Opens operators' files as tables: Excel, CSV and JSON Lines.

Every row of a file comes out, also one that is broken: what cannot be understood is refused later, by the normaliser,
with its line number. Only a file whose rows cannot be told apart raises, before anything of it is used.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from services.intake.csv_table import Csv
from services.intake.json_lines import JsonLines, json_row
from services.intake.table import ReadError, Row, Scan, Table
from services.intake.workbook import SIGNATURES, Workbook

__all__ = ["Csv", "JsonLines", "ReadError", "Row", "Scan", "Table", "Workbook", "json_row", "open_table"]

_SAMPLE_BYTES = 64 * 1024
_CSV_ENDINGS = frozenset({".csv", ".tsv", ".txt"})
_SHEET_ENDINGS = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_JSON_ENDINGS = frozenset({".jsonl", ".ndjson"})


def open_table(path: Path, *, sheet: str | None = None, wanted: Collection[str] = ()) -> Table:
    """The table in a file, by its first bytes and its ending.

    `sheet` names the sheet of a workbook, the first one if None; `wanted` are columns that the operator maps, to know
    the heading by. Raises ReadError or OSError.
    """
    ending = path.suffix.lower()
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    if sample.startswith(SIGNATURES):
        return Workbook(path, sheet, wanted)
    if sheet is not None:
        raise ReadError(f"{path.name} is no workbook: it has no sheets to choose from")
    start = sample.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.replace(b"\x00", b""):
        raise ReadError(f"{path.name} is empty: it has neither a heading nor a row")
    if ending in _SHEET_ENDINGS and start[:1] == b"<":
        raise ReadError(f"{path.name} is a web page or XML under the name of a workbook: open it and save it as .xlsx")
    if ending in _SHEET_ENDINGS and b"\x00" in sample and not sample.startswith(_UTF16_MARKS):
        raise ReadError(f"{path.name} is damaged or no workbook: open it and save it as .xlsx")
    if ending in _JSON_ENDINGS or (ending not in _CSV_ENDINGS and start[:1] in b"{["):
        if start[:1] == b"[":
            raise ReadError(f"{path.name} is a JSON array: write one object a line (jq -c '.[]' FILE)")
        return JsonLines(path)
    return Csv(path, wanted)
