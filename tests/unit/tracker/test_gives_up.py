"""A tracker that crashes says what failed and where, but not what the error says: it may quote a record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from services.tracker.exactly_once import EXIT_GAVE_UP

MARK = "0912 345 678"
CRASH = f"""
import asyncio
from services.stream.logs import configure_logs
from services.stream.metrics import Metrics
from services.stream.settings import Settings
from services.tracker.app import ProgressTopic, create_app
from services.tracker.folder import own_folder
async def crash():
    with own_folder() as folder:
        app = create_app(Settings(), ProgressTopic("id", 1), Metrics("tracker"), folder)
        try:
            raise ValueError("{MARK}")
        except ValueError as error:
            await app.crash(error)
configure_logs("DEBUG")
asyncio.run(crash())
"""


def test_its_last_words_hold_no_message_of_an_error(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", CRASH], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == EXIT_GAVE_UP, run.stderr
    last = json.loads(run.stderr.splitlines()[-1])
    assert (last["event"], last["error"]) == ("tracker gives up; start it again", "ValueError")
    assert last["at"] == "<string>:12"
    assert MARK not in run.stderr
    assert list(tmp_path.iterdir()) == []
