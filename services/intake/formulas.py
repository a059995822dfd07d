"""Text that a spreadsheet would run as a formula when it opens a CSV file.

`=HYPERLINK(…)` in an address column would run on the desk of whoever opens the outcome file. Spreadsheets take a
leading apostrophe as the sign of text, so such a cell gets one. Numbers and phones (`-5`, `+84 912 345 678`) run
nothing and stay as they are. Where a CSV file is read, `with_formula` takes the apostrophe away again, as a spreadsheet
does: an outcome file that was mended and is sent again holds what the first one held.
"""

from __future__ import annotations

import re

_RUNS = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]\s?\(?[0-9][0-9\s.,()]*%?")


def without_formula(cell: str) -> str:
    """The cell, with an apostrophe before it where it would run, or where its own would be taken for that one."""
    return f"'{cell}" if _RUNS.match(cell) and not _NUMBER.fullmatch(cell) else cell


def with_formula(cell: str) -> str:
    """The cell that `without_formula` was given."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell
