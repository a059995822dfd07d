"""A worker that is stopped between its assignment and the start of its producers, as by a long pause of its machine."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from services.cli.main import app
from services.stream.processor import PartitionProcessor

_start = PartitionProcessor.start


def stall_once() -> None:
    marker = Path(os.environ["STALL_MARKER"])
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGSTOP)


async def stalled_start(processor: PartitionProcessor) -> None:
    stall_once()
    await _start(processor)


PartitionProcessor.start = stalled_start  # type: ignore[method-assign]
sys.argv[0] = "diachi"
app()
