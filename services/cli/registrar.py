"""`diachi registrar`: matched records in, codes out."""

from __future__ import annotations


def registrar() -> None:
    """Run the registrar until it is told to stop (SIGTERM, Ctrl-C)."""
    from services.registrar.stage import Registrar
    from services.stream.main import run_stage
    from services.stream.settings import Settings

    run_stage(Settings(), Registrar())
