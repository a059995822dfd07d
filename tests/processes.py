"""Looking at processes from the side."""

from __future__ import annotations

import contextlib
import time

import psutil


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether the process ends within some seconds; a zombie has ended."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)


def services_under(pid: int) -> dict[str, psutil.Process]:
    """The running descendants of a process by the last word of their command, without the guards between them."""
    found = {}
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            words = child.cmdline()
            if words and not any(word.endswith("guard.py") for word in words):
                found[words[-1]] = child
    return found
