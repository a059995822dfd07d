"""How a command in the foreground is asked to stop."""

from __future__ import annotations

import signal


def interrupt_on_sigterm() -> None:
    """Let SIGTERM raise KeyboardInterrupt in the main thread, as Ctrl-C does, so that clean-up code runs for both."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
