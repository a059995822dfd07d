"""`diachi`: the command line. Each command is a file; heavy imports happen inside the commands."""

from __future__ import annotations

import typer

from services.cli import (
    broker,
    code,
    demo,
    digitise,
    dlq,
    explain,
    gazetteer,
    normaliser,
    registrar,
    registry,
    reprocess,
    status,
    submit,
    topics,
    tracker,
)
from services.cli import run as run_all

app = typer.Typer(
    name="diachi",
    help="Turns free-text Vietnamese postal addresses into coded, geocoded records.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

app.add_typer(code.app, name="code")
app.add_typer(dlq.app, name="dlq")
app.add_typer(gazetteer.app, name="gazetteer")
app.add_typer(registry.app, name="registry")
app.add_typer(topics.app, name="topics")
app.command()(tracker.tracker)
app.command()(submit.submit)
app.command()(status.status)
app.command()(digitise.digitise)
app.command()(broker.broker)
app.command()(run_all.run)
app.command()(demo.demo)
app.command()(normaliser.normaliser)
app.command()(registrar.registrar)
app.command()(explain.explain)
app.command()(reprocess.reprocess)


def run() -> None:
    """Entry point of the `diachi` script. A setting that cannot be read ends it with status 2, and so does code that is
    not the one that would run."""
    from services.process.compiled import advice, stale_modules

    if stale := stale_modules():
        typer.echo(f"diachi: {advice(stale)}", err=True)
        raise SystemExit(2)
    try:
        app()
    except ValueError as error:
        from services.stream.settings import SettingError, UnreadableSettingsError

        if not isinstance(error, SettingError | UnreadableSettingsError):
            raise
        for line in str(error).splitlines():
            typer.echo(f"diachi: {line}", err=True)
        raise SystemExit(2) from None
