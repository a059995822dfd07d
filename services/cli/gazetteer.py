"""`diachi gazetteer`: make the gazetteer's artifact, check its tables, show a commune."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from gazetteer.findings import Finding
    from gazetteer.gazetteer import Gazetteer

app = typer.Typer(help="Build, check and look into the gazetteer.", no_args_is_help=True)

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the source tables; by default those of the program.")
]


@app.command()
def build(
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to write the artifact.")] = None,
) -> None:
    """Turn the source tables into the artifact that all services load."""
    from rich.console import Console

    from gazetteer.artifact import ARTIFACT
    from gazetteer.build import build as make
    from gazetteer.findings import GazetteerInvalid
    from gazetteer.tables import DATA, TableError

    try:
        built = make(data or DATA, out or ARTIFACT)
    except TableError as error:
        raise _refused(str(error)) from error
    except GazetteerInvalid as error:
        Console(stderr=True).print(_findings_table(error.findings))
        raise _refused(f"{len(error.findings)} errors: nothing was built") from error
    places = built.places
    typer.echo(
        f"gazetteer {built.version}: {len(places.communes)} communes, {len(places.legacy)} old communes, "
        f"{len(places.villages)} villages, {len(built.warnings)} warnings; {built.size:,} bytes in {built.path}"
    )


def _refused(message: str) -> typer.Exit:
    typer.secho(message, err=True, fg=typer.colors.RED)
    return typer.Exit(1)


def _findings_table(findings: Iterable[Finding]) -> Table:
    from rich.table import Table

    table = Table("where", "severity", "kind", "what", "how to mend", title="Findings")
    for one in findings:
        table.add_row(f"{one.file}:{one.line}", one.severity, one.kind, one.what, one.mend)
    return table
