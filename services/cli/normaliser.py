"""`diachi normaliser`: raw records in, matched records out."""

from __future__ import annotations

import typer


def normaliser() -> None:
    """Run the normaliser until it is told to stop (SIGTERM, Ctrl-C)."""
    from gazetteer.gazetteer import GazetteerMissing
    from services.address.core import AddressCore
    from services.cli.places import load_gazetteer
    from services.normaliser.stage import Normaliser
    from services.normaliser.villages import VillageNews
    from services.stream.logs import configure_logs
    from services.stream.main import run_stage
    from services.stream.settings import read_settings

    settings = read_settings()
    try:
        core = AddressCore(load_gazetteer(warn=False))
    except GazetteerMissing as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    configure_logs(settings.log_level)
    news = VillageNews(core, core.gazetteer)
    run_stage(settings, Normaliser(core, settings.max_record_bytes), news)
