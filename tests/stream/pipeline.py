"""Normaliser and registrar as real processes that a test can kill, stop and start again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from services.process.ports import free_port

DIACHI = Path(sys.executable).with_name("diachi")
START_SECONDS = 90


class Worker:
    """One process of a stage."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment, "DIACHI_HTTP_PORT": str(self.port)},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def answers(self, path: str) -> bool:
        """Whether GET of a path gives 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def ready(self) -> bool:
        return self.answers("readyz")

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            status = self._process.poll()
            assert status is None, f"exited with {status}:\n{self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"not ready:\n{self.log.read_text()[-2000:]}"
            time.sleep(0.1)

    @property
    def stopped(self) -> bool:
        """Whether the kernel has the process in the stopped state."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def stall(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)

    def ask_to_end(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def terminate(self) -> int:
        self.ask_to_end()
        return self.wait(30)

    @property
    def running(self) -> bool:
        return self._process.poll() is None


class Pipeline:
    """The workers of one test; all of them are gone when the context ends."""

    def __init__(self, servers: str, prefix: str, logs: Path, **settings: object) -> None:
        self._logs = logs
        self._environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "DIACHI_TOPIC_PREFIX": prefix,
            "DIACHI_SESSION_TIMEOUT_MS": "6000",
            "DIACHI_HEARTBEAT_INTERVAL_MS": "1000",
            **{f"DIACHI_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.workers: list[Worker] = []

    def start(self, stage: str, *, script: Path | None = None, **environment: str) -> Worker:
        """A worker of a stage; `script` runs it under a test's own control."""
        command = [str(DIACHI), stage] if script is None else [sys.executable, str(script), stage]
        log = self._logs / f"{stage}-{len(self.workers)}.log"
        worker = Worker(command, {**self._environment, **environment}, log)
        self.workers.append(worker)
        return worker

    def logs(self) -> str:
        return "".join(path.read_text() for path in sorted(self._logs.glob("*.log")))

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(f"what the workers said last:\n{self.logs()[-4000:]}")
        for worker in self.workers:
            if worker.running:
                worker.kill()


def wait_for(done: Callable[[], bool], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.2)


def metric(worker: Worker, name: str) -> float:
    """The sum of a metric over its labels, or of one series where `name` spells them out."""
    series = re.escape(name) if "{" in name else name + r"(?:{[^}]*})?"
    return sum(map(float, re.findall(rf"^{series} ([0-9.e+]+)$", worker.metrics(), re.MULTILINE)))
