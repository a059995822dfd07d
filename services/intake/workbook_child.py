"""Unpacks one sheet of a workbook into lines of JSON, as a process of its own with bounded memory.

A workbook is read into memory whole, and a small file can ask for any amount: a zip bomb, or one cell in the last
corner of a sheet. Here that ends this process, and not the command.

`python -m services.intake.workbook_child FILE SHEET` writes a head (see `Head`), then one line for each row that holds
anything: its number, its cells as text, and the indexes of cells that repeat a merged cell above. Status 3 with a
sentence on standard error for a file that cannot be read, 4 or a signal for one that is too large.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import orjson
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from services.intake.number_formats import NumberFormat, number_formats

MOST_MEMORY_BYTES = 3 * 1024**3
MOST_SECONDS = 300
MOST_OUTPUT_BYTES = 4 * 1024**3
CANNOT_READ, TOO_LARGE = 3, 4

# Excel shows so many digits of a number, and keeps hardly more.
_DIGITS = 15
# Half a surrogate pair is no character: such an escape stays as it is written.
_ESCAPE = re.compile("_x((?![dD][89A-Fa-f])[0-9A-Fa-f]{4})_")


Formats = Mapping[int, NumberFormat]


class Head(NamedTuple):
    """The sheet that was read, the others that could be, the cells of its longest row, and how many merged cells."""

    sheet: str
    others: list[str]
    width: int
    merged: int


def main(arguments: list[str]) -> int:
    """Write the sheet to standard output."""
    path, wanted = arguments
    bound()
    try:
        with load_workbook(path) as book:
            name = _choose(book, wanted)
            others = [each for each in _worksheets(book) if each != name]
            _write(book.get_sheet_by_name(name), others, number_formats(path, name), sys.stdout.buffer)
    except PasswordError:
        return _refuse("it is protected by a password: save it without one")
    except LookupError as error:
        return _refuse(str(error.args[0]))
    except CalamineError as error:
        return _refuse(f"it is damaged or no workbook ({error}): open it and save it as .xlsx")
    except (MemoryError, OSError):
        return TOO_LARGE
    return 0


def bound() -> None:
    """Keep this process within its memory, time and output, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT_BYTES, MOST_OUTPUT_BYTES))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))


def _worksheets(book: CalamineWorkbook) -> list[str]:
    """Names of the sheets with cells, those that are shown before those that are hidden."""
    sheets = [each for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    shown = [each.name for each in sheets if each.visible == SheetVisibleEnum.Visible]
    return shown + [each.name for each in sheets if each.name not in shown]


def _choose(book: CalamineWorkbook, wanted: str) -> str:
    names = _worksheets(book)
    if not names:
        raise LookupError("it has no sheet with cells")
    if not wanted:
        return names[0]
    alike = [name for name in names if name == wanted] or [
        name for name in names if name.strip().casefold() == wanted.strip().casefold()
    ]
    if not alike:
        raise LookupError(f'it has no sheet "{wanted}"; its sheets are ' + ", ".join(f'"{name}"' for name in names))
    return alike[0]


def _write(sheet: CalamineSheet, others: list[str], formats: Formats, out: BinaryIO) -> None:
    # The width of a sheet counts empty cells; that of the texts is known when all are read.
    width = max((len(cells) for _, cells, _ in _rows(sheet, formats)), default=0)
    out.write(orjson.dumps(list(Head(sheet.name, others, width, len(_below(sheet))))) + b"\n")
    for line in _rows(sheet, formats):
        out.write(orjson.dumps(line) + b"\n")
    out.flush()


def _rows(sheet: CalamineSheet, formats: Formats) -> Iterator[tuple[int, list[str], list[int]]]:
    """Number, cells and repeated cells of each row that holds anything of its own."""
    # Rows come from the first of the sheet, cells from the first column that holds anything.
    first_column = sheet.start[1] if sheet.start else 0
    ends: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in _below(sheet):
        if left >= first_column:
            ends.setdefault(top, []).append((left - first_column, bottom))
    open_cells: dict[int, tuple[int, str]] = {}
    for index, values in enumerate(_values(sheet)):
        cells = [shown(value) for value in values]
        for column, number_format in formats.items():
            nth = column - first_column
            value = values[nth] if 0 <= nth < len(values) else None
            if isinstance(value, float):
                cells[nth] = number_format.show(value) or cells[nth]
        own = any(cells)
        open_cells = {left: held for left, held in open_cells.items() if held[0] >= index}
        repeated = [left for left in sorted(open_cells) if left < len(cells) and not cells[left]]
        for left in repeated:
            cells[left] = open_cells[left][1]
        open_cells |= {left: (bottom, cells[left]) for left, bottom in ends.get(index, ()) if left < len(cells)}
        if own:
            while cells and not cells[-1]:
                cells.pop()
            yield index + 1, cells, [left for left in repeated if left < len(cells)]


def _values(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """The rows of the sheet. Raises LookupError where a cell is formatted as a date or time that no calendar has."""
    rows, number = iter(sheet.iter_rows()), 0
    while True:
        number += 1
        try:
            values = next(rows)
        except StopIteration:
            return
        except OverflowError:
            raise LookupError(
                f"row {number} has a cell that is formatted as a date or time, and whose number is none: "
                "format it as a number"
            ) from None
        yield values


def _below(sheet: CalamineSheet) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The merged cells that reach over several rows."""
    return [each for each in sheet.merged_cell_ranges or () if each[1][0] > each[0][0]]


def shown(value: Any) -> str:
    """A value as a person sees it: 21.5, 01/07/2025, 07:30, TRUE."""
    if isinstance(value, str):
        return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**_DIGITS else f"{value:.{_DIGITS}g}"
    if isinstance(value, datetime.datetime):
        day = f"{value:%d/%m/%Y}"
        return day if value.time() == datetime.time() else f"{day} {_clock(value.time())}"
    if isinstance(value, datetime.date):
        return f"{value:%d/%m/%Y}"
    return _clock(value) if isinstance(value, datetime.time) else str(value)


def _clock(time: datetime.time) -> str:
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def _refuse(why: str) -> int:
    sys.stderr.buffer.write(why.encode(errors="replace"))
    return CANNOT_READ


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
