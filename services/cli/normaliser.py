"""`diachi normaliser`: raw records in, matched records out."""

from __future__ import annotations

from pathlib import Path


def normaliser() -> None:
    """Run the normaliser until it is told to stop (SIGTERM, Ctrl-C)."""
    from gazetteer.gazetteer import Gazetteer
    from services.address.core import AddressCore
    from services.normaliser.stage import Normaliser
    from services.stream.main import run_stage
    from services.stream.settings import Settings

    settings = Settings()
    core = AddressCore(Gazetteer.load(Path(settings.gazetteer) if settings.gazetteer else None))
    run_stage(settings, Normaliser(core, settings.max_record_bytes))
