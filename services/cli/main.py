"""`diachi`: the command line. Each command is a file; heavy imports happen inside the commands."""

from __future__ import annotations

import typer

from services.cli import (
    broker,
    code,
    demo,
    digitise,
    explain,
    gazetteer,
    normaliser,
    registrar,
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
app.add_typer(gazetteer.app, name="gazetteer")
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


def run() -> None:
    """Entry point of the `diachi` script."""
    app()
