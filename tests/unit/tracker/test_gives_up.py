"""A tracker that crashes says what failed and where, but not what the error says: it may quote a record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from services.tracker.exactly_once import EXIT_GAVE_UP

MARK = "0912 345 678"
PREPARED = """
import asyncio
import os
from faust.types import TP
from services.tracker import exactly_once
from services.stream.logs import configure_logs
from services.stream.metrics import Metrics
from services.stream.settings import read_settings
from services.tracker.app import ProgressTopic, create_app
from services.tracker.folder import own_folder
def run(act):
    async def prepared():
        with own_folder() as folder:
            await act(create_app(read_settings(), ProgressTopic("id", 1), Metrics("tracker"), folder))
    configure_logs("DEBUG")
    asyncio.run(prepared())
"""
CRASH = f"""
async def crash(app):
    try:
        raise ValueError("{MARK}")
    except ValueError as error:
        await app.crash(error)
run(crash)
"""
# What a rebalance does beside that needs a broker, and ends in an error without one.
IDLE = """
exactly_once._IDLE_SECONDS = 0.2
async def rebalance(app, assigned):
    try:
        await app._on_partitions_assigned(assigned)
    except Exception as error:
        print(type(error).__name__)
async def idle(app):
    app._crash = print
    await rebalance(app, set())
    if {again}:
        waits_for_a_broker = asyncio.create_task(rebalance(app, {{TP("progress", 0)}}))
    await asyncio.sleep(1)
    print("goes on", flush=True)
    os._exit(0)  # in good order only with a broker
run(idle)
"""


def ended(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", PREPARED + code], env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_its_last_words_hold_no_message_of_an_error(tmp_path: Path) -> None:
    run = ended(CRASH, tmp_path)
    assert run.returncode == EXIT_GAVE_UP, run.stderr
    last = json.loads(run.stderr.splitlines()[-1])
    assert (last["event"], last["error"]) == ("tracker gives up; start it again", "ValueError")
    assert last["at"].startswith("<string>:")
    assert MARK not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_gives_up_where_it_stays_without_partitions(tmp_path: Path) -> None:
    run = ended(IDLE.format(again=False), tmp_path)
    assert run.returncode == EXIT_GAVE_UP, run.stderr
    last = json.loads(run.stderr.splitlines()[-1])
    assert last["error"].startswith("no partitions were assigned")


def test_it_goes_on_where_partitions_come_in_time(tmp_path: Path) -> None:
    run = ended(IDLE.format(again=True), tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("goes on\n")
