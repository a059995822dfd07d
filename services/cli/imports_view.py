"""What the commands that import say of a list: how it is understood, what is wrong with which row, what it became."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gazetteer.findings import Finding, Severity
from gazetteer.following import Moved, moves_by_commune

if TYPE_CHECKING:
    from gazetteer.gazetteer import Gazetteer

_SHOWN = 40
_WIDTH = 120


def show_columns(file: Path, notes: Sequence[str], columns: Mapping[str, str]) -> None:
    """Print on standard error how a list is understood."""
    for note in notes:
        typer.echo(f"{file.name}: {note}", err=True)
    width = max(map(len, columns), default=0)
    for name, column in columns.items():
        typer.echo(f'  {name:<{width}} is "{_plain(column)}"', err=True)
    typer.echo("  Another mapping: --map FIELD=COLUMN", err=True)


def show_findings(findings: Sequence[Finding]) -> None:
    """Print on standard error what is wrong, row by row."""
    if not findings:
        return
    table = Table(show_lines=True)
    table.add_column("row", justify="right", no_wrap=True)
    table.add_column("what, and how to mend it", overflow="fold")
    # Errors first: they are what must be mended.
    ordered = sorted(findings, key=lambda one: (one.severity is not Severity.ERROR, one.line))
    for one in ordered[:_SHOWN]:
        what = f"{one.severity} [bold]{one.kind}[/bold] {escape(_plain(one.what))}"
        table.add_row(str(one.line), f"{what}\n→ {escape(one.mend)}")
    console = Console(stderr=True)
    console.width = console.width if console.is_terminal else _WIDTH
    console.print(table)
    if len(ordered) > _SHOWN:
        typer.echo(f"… and {len(ordered) - _SHOWN} more; --report FILE.csv writes them all", err=True)


def write_report(path: Path, findings: Sequence[Finding]) -> None:
    """All findings as CSV that spreadsheets open. Raises OSError."""
    from services.intake.formulas import without_formula

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("row", "severity", "kind", "commune", "what", "mend"))
        for one in findings:
            what = without_formula(one.what)
            writer.writerow((one.line, one.severity.value, one.kind, one.code, what, one.mend))


_MOVE_HEADING = ("what", "name", "commune", "edition", "into", "why", "mend")


def show_moves(gazetteer: Gazetteer, moves: Sequence[Moved]) -> None:
    """Print what became of imported rows, by commune: those that are set aside, then those that followed theirs."""
    groups = list(moves_by_commune(moves))
    if not groups:
        return
    table = Table("rows", "of", "imported for", "edition", "what became of them", show_lines=True)
    for one, count in groups[:_SHOWN]:
        name = f" ({escape(one.name)})" if count == 1 and one.name else ""
        table.add_row(str(count), f"{one.what}{name}", one.commune.code, one.commune.edition, _said(gazetteer, one))
    console = Console()
    console.width = console.width if console.is_terminal else _WIDTH
    console.print(table)
    if len(groups) > _SHOWN:
        typer.echo(f"… and those of {len(groups) - _SHOWN} more communes; --report FILE.csv writes them all")


def _said(gazetteer: Gazetteer, one: Moved) -> str:
    into = _commune(gazetteer, one.into)
    if one.why is None:
        return f"in {into} now" if into else "count for their old commune; text and points tell the part"
    return f"set aside: {one.why}{f' ({into})' if into else ''}\n→ {one.why.mend}"


def write_moves(path: Path, gazetteer: Gazetteer, moves: Sequence[Moved]) -> None:
    """All of them as CSV that spreadsheets open, one a row. Raises OSError."""
    from services.intake.formulas import without_formula

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_MOVE_HEADING)
        for one in moves:
            why, mend = (one.why.value, one.why.mend) if one.why else ("", "")
            of = (one.what.value, without_formula(one.name), one.commune.code, one.commune.edition)
            writer.writerow((*of, _commune(gazetteer, one.into), why, mend))


def _commune(gazetteer: Gazetteer, code: str | None) -> str:
    commune = gazetteer.communes.get(code or "")
    return f"{commune.full_name} ({commune.code})" if commune else code or ""


def _plain(text: str) -> str:
    """Text of a file as a terminal may show it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
