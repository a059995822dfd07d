"""Keeps the services of one machine running: starts them, waits until they are ready, restarts what ends."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.process.child import Child

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Service:
    """A command that serves `/readyz` on 127.0.0.1:`port`; `environ` is all that it gets."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Policy:
    """When to restart and when to give up. Seconds."""

    first_pause: float = 0.5
    longest_pause: float = 10.0
    settled_after: float = 30.0
    max_failures: int = 5
    ready_within: float = 120.0
    stop_within: float = 20.0

    def pause(self, failures: int) -> float:
        """How long to wait before the start that follows the given number of failures in a row."""
        return min(self.first_pause * 2.0 ** (failures - 1), self.longest_pause)


class ServiceFailed(RuntimeError):  # noqa: N818 - says what is the matter
    """A service keeps ending, or does not become ready. The message holds the end of its log."""

    def __init__(self, service: str, reason: str, log_path: Path, log: str) -> None:
        self.service = service
        super().__init__(f"{service} {reason}; the end of {log_path}:\n{log}")


@dataclass(slots=True)
class _Running:
    service: Service
    child: Child
    started_at: float
    failures: int = 0
    restart_at: float | None = None
    restarts: int = field(default=0)


class Supervisor:
    """Runs services as children of this process. Not thread-safe: one loop calls `check` again and again."""

    def __init__(
        self,
        services: Sequence[Service],
        data_dir: Path,
        *,
        policy: Policy | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.services = tuple(services)
        self._data_dir = data_dir
        self._policy = policy or Policy()
        self._say = say
        self._running: dict[str, _Running] = {}

    def start(self) -> None:
        """Start all services; their working folder is the data folder, their logs are under `logs` there."""
        for service in self.services:
            self._running[service.name] = _Running(service, self._spawn(service), time.monotonic())

    def log_path(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"

    def pid(self, name: str) -> int:
        return self._running[name].child.pid

    def restarts(self, name: str) -> int:
        """How often a service was started again."""
        return self._running[name].restarts

    def wait_ready(self) -> None:
        """Return when every service is ready; raises ServiceFailed."""
        deadline = time.monotonic() + self._policy.ready_within
        waiting = list(self._running.values())
        while True:
            self.check()
            waiting = [running for running in waiting if not is_ready(running.service)]
            if not waiting:
                return
            if time.monotonic() > deadline:
                late = waiting[0]
                raise self._failed(late, f"was not ready after {self._policy.ready_within:g} s")
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Look at every service once: start again what ended, after a pause; raises ServiceFailed on a crash loop."""
        now = time.monotonic()
        for running in self._running.values():
            if running.restart_at is not None:
                if now >= running.restart_at:
                    self._restart(running)
                continue
            status = running.child.poll()
            if status is not None:
                self._note_exit(running, status, now)

    def stop(self) -> None:
        """Stop the services in the order in which they were given: SIGTERM, some time, SIGKILL."""
        for running in self._running.values():
            running.child.stop(self._policy.stop_within)
        self._running.clear()

    def _note_exit(self, running: _Running, status: int, now: float) -> None:
        settled = now - running.started_at >= self._policy.settled_after
        running.failures = 1 if settled else running.failures + 1
        if running.failures >= self._policy.max_failures:
            raise self._failed(running, f"ended {running.failures} times in a row, last with status {status}")
        pause = self._policy.pause(running.failures)
        running.restart_at = now + pause
        self._say(f"{running.service.name} ended with status {status}; starting it again in {pause:g} s")

    def _restart(self, running: _Running) -> None:
        running.child.stop(0)
        running.child = self._spawn(running.service)
        running.started_at, running.restart_at = time.monotonic(), None
        running.restarts += 1

    def _spawn(self, service: Service) -> Child:
        return Child(service.command, self.log_path(service.name), env=service.environ, cwd=self._data_dir)

    def _failed(self, running: _Running, reason: str) -> ServiceFailed:
        return ServiceFailed(running.service.name, reason, running.child.log_path, running.child.log_tail())


def is_ready(service: Service) -> bool:
    """Whether the service answers 200 to `/readyz`."""
    try:
        with urllib.request.urlopen(f"{service.address}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
