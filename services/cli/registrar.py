"""`diachi registrar`: matched records in, codes out."""

from __future__ import annotations

# What so many records lead to still stands in the processor's cache when it is packed, which takes a third less time.
_AT_ONCE = 64


def registrar() -> None:
    """Run the registrar until it is told to stop (SIGTERM, Ctrl-C)."""
    from services.registrar.stage import Registrar
    from services.stream.main import run_stage
    from services.stream.settings import read_settings

    run_stage(read_settings(), Registrar(), at_once=_AT_ONCE)
