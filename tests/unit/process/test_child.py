"""Children end with their starter, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from services.process import Child
from tests.processes import gone

_STARTER = """
import sys, time
from pathlib import Path
from services.process import Child
child = Child(["sleep", "600"], Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""

_STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


def _wait_for_log(child: Child, text: str) -> None:
    deadline = time.monotonic() + 5
    while text not in child.log_tail():
        assert time.monotonic() < deadline, child.log_tail()
        time.sleep(0.02)


def test_the_exit_status_and_the_output_are_the_commands_own(tmp_path: Path) -> None:
    child = Child([sys.executable, "-c", "print('hello'); raise SystemExit(7)"], tmp_path / "log")
    assert child.wait(10) == 7
    assert child.poll() == 7
    assert child.log_tail() == "hello"


def test_stop_sends_sigterm_first(tmp_path: Path) -> None:
    child = Child(["sleep", "600"], tmp_path / "log")
    assert child.poll() is None
    assert child.stop(5) == 128 + signal.SIGTERM
    assert gone(child.pid)


def test_stop_kills_what_ignores_sigterm(tmp_path: Path) -> None:
    child = Child([sys.executable, "-c", _STUBBORN], tmp_path / "log")
    _wait_for_log(child, "deaf")
    assert child.stop(0.2) == 128 + signal.SIGKILL
    assert gone(child.pid)


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    child = Child(["true"], tmp_path / "log")
    child.wait(5)
    assert child.stop(1) == 0
    child.kill()
    assert child.stop(1) == 0


def test_waiting_too_long_says_so(tmp_path: Path) -> None:
    child = Child(["sleep", "600"], tmp_path / "log")
    with pytest.raises(TimeoutError, match=str(child.pid)):
        child.wait(0.1)
    child.kill()


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no-such-command"):
        Child(["no-such-command"], tmp_path / "log")


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda how: how.name
)
def test_no_child_outlives_its_starter(tmp_path: Path, how: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTER, str(tmp_path / "log")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert starter.stdout is not None
    with starter.stdout:
        pid = int(starter.stdout.readline())
    assert psutil.pid_exists(pid)
    starter.send_signal(how)
    starter.wait(10)
    assert gone(pid)


def test_a_child_deaf_to_sigterm_is_killed_when_its_starter_isgone(tmp_path: Path) -> None:
    starter_code = _STARTER.replace('["sleep", "600"]', repr([sys.executable, "-c", _STUBBORN])).replace(
        "Path(sys.argv[1])", "Path(sys.argv[1]), grace_seconds=0.2"
    )
    log = tmp_path / "log"
    starter = subprocess.Popen([sys.executable, "-c", starter_code, str(log)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    with starter.stdout:
        pid = int(starter.stdout.readline())
    deadline = time.monotonic() + 5
    while "deaf" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    starter.kill()
    starter.wait(10)
    assert gone(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux kills a child with its parent")
def test_a_killed_guard_takes_its_child_along(tmp_path: Path) -> None:
    child = Child(["sleep", "600"], tmp_path / "log")
    guard = psutil.Process(child.pid).parent()
    assert guard is not None
    assert guard.pid != os.getpid()
    guard.kill()
    assert gone(child.pid)
    child.kill()
