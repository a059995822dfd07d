"""`diachi run`: the real services on a real broker, in one process tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.processes import services_under

_ROOT = Path(__file__).parents[2]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_everything_runs_restarts_and_stops(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    environ = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka, "DIACHI_PARTITIONS": "2"}
    command = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "run", "--data-dir", str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=environ,
    )
    try:
        assert command.stdout is not None
        lines = [command.stdout.readline().strip() for _ in range(2)]
        addresses = dict(line.split("=", 1) for line in lines)
        assert addresses["KAFKA_BOOTSTRAP_SERVERS"] == kafka
        ready = addresses["DIACHI_TRACKER_URL"] + "/readyz"
        assert _answers(ready)
        before = services_under(command.pid)
        assert set(before) == {"normaliser", "registrar", "tracker"}
        before["tracker"].kill()
        deadline = time.monotonic() + 60
        while services_under(command.pid).get("tracker", before["tracker"]) == before["tracker"] or not _answers(ready):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        after = services_under(command.pid)
        assert after["normaliser"] == before["normaliser"]
    finally:
        command.send_signal(signal.SIGTERM)
        _, errors = command.communicate(timeout=60)
    assert command.returncode == 0
    assert "tracker ended with status 137" in errors
    assert not any(child.is_running() for child in after.values())
    written = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert written == {"data"}
    assert {path.name for path in (tmp_path / "data" / "logs").iterdir()} == {
        "normaliser.log",
        "registrar.log",
        "tracker.log",
    }


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "services.cli", "run", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"},
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "KAFKA_BOOTSTRAP_SERVERS" in run.stderr
    assert "Traceback" not in run.stderr
