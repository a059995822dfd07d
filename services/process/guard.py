"""Starts one command and ends it when the process that asked for it is gone.

Run as a script, by `services.process.child`: `guard.py GRACE LOG COMMAND...`. The first line on standard output is the
command's process id. Standard input is the leash: `T` sends SIGTERM, `K` sends SIGKILL, end of file (the starter closed
it, or died in whatever way) sends SIGTERM and, GRACE seconds later, SIGKILL. Being the parent of the command, the guard
alone knows for sure that the process id still means it. Imports the standard library only, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def _dies_with(guard_pid: int) -> Callable[[], None] | None:
    """What a child runs before exec so that the kernel kills it should the guard itself be killed (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard_pid:  # the guard died between fork and prctl
            os._exit(1)

    return arm


def _send(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(number)


def _watch(child: subprocess.Popen[bytes], grace: float, wake: int) -> int:
    """Obey the leash until the child has exited; its return code."""
    leash = sys.stdin.fileno()
    watched = [leash, wake]
    kill_at: float | None = None
    while child.poll() is None:
        timeout = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        readable, _, _ = select.select(watched, [], [], timeout)
        if kill_at is not None and time.monotonic() >= kill_at:
            _send(child, signal.SIGKILL)
            kill_at = None
        if wake in readable:
            os.read(wake, 1024)
        if leash in readable:
            orders = os.read(leash, 1024)
            if b"K" in orders:
                _send(child, signal.SIGKILL)
            elif b"T" in orders or not orders:
                _send(child, signal.SIGTERM)
            if not orders:
                watched.remove(leash)
                kill_at = time.monotonic() + grace
    return child.returncode


def main(arguments: list[str]) -> int:
    """Run the command to its end; exits with its status, or 128 + the number of the signal that ended it."""
    grace, log, command = float(arguments[0]), arguments[1], arguments[2:]
    wake, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(log, "ab", buffering=0) as output:  # noqa: PTH123 - pathlib would double the guard's start time
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_dies_with(os.getpid()),
        )
    signal.signal(signal.SIGTERM, lambda *_: _send(child, signal.SIGTERM))
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    status = _watch(child, grace, wake)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
