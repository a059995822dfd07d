"""What `submit` and `digitise` say of a file before the work starts, and where they write what became of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from services.intake.mapping import ColumnMap
    from services.intake.readers import Table

_SHOWN_COLUMNS = 12


class OutputError(ValueError):
    """A file that cannot be written as asked. Says why, and what can."""


def output_ending(output: Path, file: Path) -> str:
    """The format of an output, by its ending. Raises OutputError, also where it would overwrite `file`."""
    from services.intake.outputs import ENDINGS

    ending = output.suffix.lower()
    if ending not in ENDINGS:
        raise OutputError(f"{output} has no known ending: {', '.join(ENDINGS[:-2])} or {ENDINGS[-2]}")
    if output == file or (output.exists() and file.exists() and output.samefile(file)):
        raise OutputError("the output would overwrite the input")
    return ending


def own_columns(table: Table) -> tuple[str, ...]:
    """The columns of a file; of JSON Lines, all keys that any line has."""
    if table.columns is not None:
        return table.columns
    return tuple(dict.fromkeys(name for row in table.rows() for name in row.values or ()))


def show_understanding(file: Path, table: Table, columns: ColumnMap | None) -> None:
    """Print on standard error how a file is understood: sheet, encoding, and which column is which field."""
    for note in table.notes:
        typer.echo(f"{file.name}: {note}", err=True)
    if columns is None:
        return
    width = max(map(len, columns.columns), default=0)
    for name, column in columns.columns.items():
        typer.echo(f"  {name:<{width}} is {_quoted(column)}", err=True)
    if columns.address_parts:
        typer.echo(f"  {'address':<{width}} is made of {_listed(columns.address_parts)}", err=True)
    if columns.extra:
        typer.echo(f"  columns of your own: {_listed(columns.extra)}", err=True)
    if columns.left_out:
        typer.echo(f"  not sent, there is no room for more columns of your own: {_listed(columns.left_out)}", err=True)
    typer.echo("  Another mapping: --map FIELD=COLUMN", err=True)


def _listed(columns: Sequence[str]) -> str:
    more = len(columns) - _SHOWN_COLUMNS
    return ", ".join(map(_quoted, columns[:_SHOWN_COLUMNS])) + (f" and {more} more" if more > 0 else "")


def _quoted(column: str) -> str:
    # A heading may hold anything, and this goes to a terminal.
    return '"' + "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in column) + '"'
