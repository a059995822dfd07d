"""A command started behind a guard: it ends when this process ends, also when this process is killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_GUARD = Path(__file__).with_name("guard.py")
_TAIL_BYTES = 32 * 1024


class Child:
    """One running command; its standard output and error go to `log_path` (appended).

    `pid` is the command's own process id. A command that cannot be executed raises OSError.
    """

    def __init__(
        self,
        command: Sequence[str],
        log_path: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace_seconds: float = 10.0,
    ) -> None:
        self.log_path = log_path
        log_path.parent.mkdir(parents=True, exist_ok=True)
        # -I and -S: no site packages, no user settings; the guard needs neither and starts in a few milliseconds.
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(grace_seconds), str(log_path), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
        )
        assert self._guard.stdout is not None
        first_line = self._guard.stdout.readline()
        if not first_line:
            _, error = self._guard.communicate()
            reason = error.decode(errors="replace").strip().rpartition("\n")[2]
            raise OSError(f"{command[0]} could not be started: {reason}")
        self.pid = int(first_line)

    def poll(self) -> int | None:
        """The exit status (128 + n when ended by signal n), or None while it runs."""
        return self._guard.poll()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit status; raises TimeoutError after `timeout` seconds."""
        try:
            return self._guard.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s") from error

    def terminate(self) -> None:
        """Send SIGTERM, without waiting."""
        self._order(b"T")

    def kill(self) -> None:
        """Send SIGKILL and wait until the process is gone."""
        self._order(b"K")
        self._guard.wait()
        self._close()

    def stop(self, grace_seconds: float) -> int:
        """SIGTERM, then SIGKILL after `grace_seconds`; the exit status."""
        self.terminate()
        try:
            self.wait(grace_seconds)
        except TimeoutError:
            self.kill()
        self._close()
        return self.wait()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the command wrote."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - _TAIL_BYTES))
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _order(self, order: bytes) -> None:
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError):  # gone already
            self._guard.stdin.write(order)
            self._guard.stdin.flush()

    def _close(self) -> None:
        for pipe in (self._guard.stdin, self._guard.stdout, self._guard.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
