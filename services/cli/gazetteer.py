"""`diachi gazetteer`: make the gazetteer's artifact, check its tables, show what a code means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from services.cli import imports as imported

if TYPE_CHECKING:
    from gazetteer.gazetteer import Gazetteer

app = typer.Typer(help="Build, check and look into the gazetteer; import into it.", no_args_is_help=True)

app.command()(imported.villages)
app.command()(imported.boundaries)
app.command("postal-codes")(imported.postal_codes)
app.command("imports")(imported.imports)

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
    from services.cli.gazetteer_view import findings_table

    try:
        built = make(data or DATA, out or ARTIFACT)
    except TableError as error:
        _refuse(str(error))
    except GazetteerInvalid as error:
        Console(stderr=True).print(findings_table(error.findings))
        _refuse(f"{len(error.findings)} errors: nothing was built")
    places = built.places
    typer.echo(
        f"gazetteer {built.version}: {len(places.communes)} communes, {len(places.legacy)} old communes, "
        f"{len(places.villages)} villages, {len(built.warnings)} warnings; {built.size:,} bytes in {built.path}"
    )


@app.command()
def check(data: DataOption = None) -> None:
    """Name every bad row of the source tables; exit code 1 if one is an error."""
    from rich.console import Console

    from gazetteer.build import inspect
    from gazetteer.findings import Severity
    from gazetteer.tables import DATA, TableError
    from services.cli.gazetteer_view import findings_table

    try:
        findings = inspect(data or DATA)
    except TableError as error:
        _refuse(str(error))
    if findings:
        Console().print(findings_table(findings))
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    typer.echo(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)


@app.command()
def show(
    code: Annotated[str, typer.Argument(help="Statistical code of a commune, district or province, or a postal code.")],
    artifact: Annotated[
        Path | None, typer.Option("--artifact", help="Gazetteer to look into; by default the built one.")
    ] = None,
) -> None:
    """Show all units, of today and of old, that have a code."""
    from rich.console import Console

    from services.cli.gazetteer_view import panels

    gazetteer = _load(artifact)
    found = panels(gazetteer, code)
    if not found:
        _refuse(
            f"no unit has the code {code!r}: give 5 digits for a commune or a postal code, 3 for a district, "
            "2 for a province"
        )
    console = Console()
    for panel in found:
        console.print(panel)


@app.command()
def plan(
    old: Annotated[Path, typer.Argument(exists=True, help="The gazetteer in use: an artifact, or a folder of tables.")],
    new: Annotated[Path, typer.Argument(exists=True, help="The one that is to follow; likewise.")],
    registry: Annotated[
        str | None,
        typer.Option(help="Published addresses: `live` reads them from Kafka; or JSON Lines of address.digitised.v1."),
    ] = None,
    units: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write all changed communes to a CSV file.")
    ] = None,
    addresses: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write all addresses that change to a CSV file.")
    ] = None,
    imports: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write all imported rows that change to a CSV file.")
    ] = None,
) -> None:
    """Say beforehand what a new gazetteer changes: its communes, the imports, and with --registry the addresses.

    Changes nothing.
    """
    from rich.console import Console

    from services.cli import plan as planned

    if addresses is not None and registry is None:
        _refuse("--addresses needs the addresses: give --registry too")
    before, after = planned.opened(old, _refuse), planned.opened(new, _refuse)
    if after.edition < before.edition:
        _refuse(f"{new} is of {after.edition}, {old} of {before.edition}: give the older one first")
    console = Console(soft_wrap=True, width=160)
    planned.show_units(console, before, after, units)
    planned.show_imports(console, before, after, imports)
    if registry is not None:
        planned.show_addresses(console, before, after, planned.published(registry, _refuse), addresses)


def _load(path: Path | None) -> Gazetteer:
    from gazetteer.gazetteer import GazetteerMissing
    from services.cli.places import load_gazetteer

    try:
        return load_gazetteer(path)
    except GazetteerMissing as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    typer.secho(message, err=True, fg=typer.colors.RED)
    raise typer.Exit(1)
