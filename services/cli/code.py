"""`diachi code`: make, read and check Vpostcode-style codes, and tell their history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gazetteer.gazetteer import Gazetteer

app = typer.Typer(help="Make, read and check codes, and tell their history.", no_args_is_help=True)

CodeArgument = Annotated[str, typer.Argument(help="A code, as written or as a key: 22110-R6F7CJX-9, 22110R6F7CJX-02.")]


@app.command()
def encode(
    lat: Annotated[float, typer.Option(help="Latitude, degrees WGS84.")],
    lon: Annotated[float, typer.Option(help="Longitude, degrees WGS84.")],
    area: Annotated[str | None, typer.Option(help="Registry area: the five digits of a postal code.")] = None,
    commune: Annotated[str | None, typer.Option(help="Code of a commune of today, in place of the area.")] = None,
) -> None:
    """Print the located code of a point and its written form."""
    from services.address.vpostcode import encode_located, is_within_reach, written_form

    if (area is None) == (commune is None):
        raise typer.BadParameter("give either --area or --commune")
    gazetteer = _gazetteer()
    if commune is not None:
        if commune not in gazetteer.communes:
            raise _refused(f"no commune of today has the code {commune}")
        area = gazetteer.communes[commune].registry_area
    anchor = gazetteer.areas.get(area or "")
    if anchor is None:
        raise _refused(f"no registry area {area} is known")
    if anchor.decodable and not is_within_reach(anchor, lat, lon):
        raise _refused(f"{lat}, {lon} lies too far from area {anchor.area}: the code would decode to another place")
    try:
        code = encode_located(anchor.area, lat, lon)
    except ValueError as error:
        raise _refused(str(error)) from error
    typer.echo(f"code     {code}\nwritten  {written_form(code)}")


@app.command()
def decode(code: CodeArgument) -> None:
    """Print the cell of a located code, its centre, and its full Open Location Code."""
    from services.address.vpostcode import CodeError, area_of, written_form
    from services.address.vpostcode import decode as cell_of
    from services.address.written_code import read_code

    try:
        read = read_code(code)
        anchor = _gazetteer().areas.get(area_of(read.code))
        if anchor is None:
            raise _refused(f"no registry area {area_of(read.code)} is known: look the code up in the code registry")
        cell = cell_of(read.code, anchor)
    except CodeError as error:
        raise _refused(str(error)) from error
    typer.echo(f"code     {written_form(read.code, read.unit)}")
    typer.echo(f"OLC      {cell.full_code}")
    typer.echo(f"centre   {cell.lat:.7f}, {cell.lon:.7f}")
    typer.echo(f"cell     south {cell.bounds.south:.7f}, west {cell.bounds.west:.7f}")
    typer.echo(f"         north {cell.bounds.north:.7f}, east {cell.bounds.east:.7f}")
    if not read.checked:
        typer.secho("no check character was given: a misread character would go unseen", err=True)


@app.command()
def check(code: CodeArgument) -> None:
    """Say whether a code is right, and why not. Exit code 1 if it is wrong or has no check character."""
    from services.address.vpostcode import CodeError, is_located, written_form
    from services.address.written_code import read_code

    try:
        read = read_code(code)
    except CodeError as error:
        raise _refused(f"wrong: {error}") from error
    kind = "located" if is_located(read.code) else "provisional"
    if not read.checked:
        raise _refused(f"not checked: no check character; in full it is {written_form(read.code, read.unit)} ({kind})")
    typer.echo(f"right: {written_form(read.code, read.unit)} ({kind})")


@app.command()
def show(code: CodeArgument) -> None:
    """Tell the history of a code: when it was issued, to what, when and why it retired, and the code it resolves to.

    Reads the topics. Editions that were published under the code are told as long as the topic holds them.
    """
    from services.address.vpostcode import CodeError, code_key
    from services.address.written_code import read_code
    from services.cli.asking import ask_kafka
    from services.cli.code_history import lines, read_history

    try:
        read = read_code(code)
    except CodeError as error:
        raise _refused(f"wrong: {error}") from error
    key = code_key(read.code, read.unit)
    history = ask_kafka("code show", lambda settings, connection: read_history(connection, settings.topic_prefix, key))
    if not history.entries:
        raise _refused(f"{key} was never issued here")
    for line in lines(history):
        typer.echo(line)
    if not read.checked:
        typer.secho("no check character was given: a misread character would go unseen", err=True)


def _gazetteer() -> Gazetteer:
    from gazetteer.gazetteer import GazetteerMissing
    from services.cli.places import load_gazetteer

    try:
        return load_gazetteer()
    except GazetteerMissing as error:
        raise _refused(str(error)) from error


def _refused(message: str) -> typer.Exit:
    typer.secho(message, err=True, fg=typer.colors.RED)
    return typer.Exit(1)
