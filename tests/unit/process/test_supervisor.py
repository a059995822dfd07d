"""The supervisor, with small real processes as services."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from services.process.ports import free_port
from services.process.supervisor import Policy, Service, ServiceFailed, Supervisor, is_ready

_SERVER = """
import http.server, os, signal, sys

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass

def stop(*_):
    with open("stopped", "a") as order:
        order.write(os.environ["NAME"] + "\\n")
    os._exit(0)

signal.signal(signal.SIGTERM, stop)
print("serving as", os.environ["NAME"], flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Health).serve_forever()
"""

_QUICK = Policy(first_pause=0.05, longest_pause=0.1, settled_after=60, max_failures=3, ready_within=10, stop_within=2)


def _service(name: str, code: str = _SERVER) -> Service:
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "NAME": name, "PORT": str(port)}
    return Service(name, [sys.executable, "-c", code], environ, port)


@contextmanager
def _supervised(folder: Path, *services: Service, policy: Policy = _QUICK) -> Iterator[tuple[Supervisor, list[str]]]:
    said: list[str] = []
    supervisor = Supervisor(services, folder, policy=policy, say=said.append)
    try:
        supervisor.start()
        yield supervisor, said
    finally:
        supervisor.stop()


def _check_until(supervisor: Supervisor, done: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        supervisor.check()
        time.sleep(0.02)


def test_services_become_ready_and_stop_in_order(tmp_path: Path) -> None:
    services = [_service(name) for name in ("first", "second", "third")]
    with _supervised(tmp_path, *services) as (supervisor, said):
        supervisor.wait_ready()
        assert all(is_ready(service) for service in services)
        pids = [supervisor.pid(service.name) for service in services]
        assert "serving as second" in supervisor.log_path("second").read_text()
    assert not said
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert (tmp_path / "stopped").read_text().split() == ["first", "second", "third"]


def test_a_killed_service_is_started_again_on_its_address(tmp_path: Path) -> None:
    service = _service("only")
    with _supervised(tmp_path, service) as (supervisor, said):
        supervisor.wait_ready()
        killed = supervisor.pid("only")
        psutil.Process(killed).kill()
        _check_until(supervisor, lambda: supervisor.restarts("only") == 1)
        supervisor.wait_ready()
        assert is_ready(service)
        assert supervisor.pid("only") != killed
    assert said == ["only ended with status 137; starting it again in 0.05 s"]


def test_a_crash_loop_is_given_up_with_the_end_of_the_log(tmp_path: Path) -> None:
    broken = _service("broken", "print('the reason why'); raise SystemExit(3)")
    healthy = _service("healthy")
    with _supervised(tmp_path, healthy, broken) as (supervisor, said):
        with pytest.raises(ServiceFailed, match=r"broken ended 3 times in a row, last with status 3") as caught:
            supervisor.wait_ready()
        assert "the reason why" in str(caught.value)
        assert str(supervisor.log_path("broken")) in str(caught.value)
        pid = supervisor.pid("healthy")
    assert len(said) == 2
    assert not psutil.pid_exists(pid)


def test_failures_far_apart_are_no_crash_loop(tmp_path: Path) -> None:
    policy = Policy(first_pause=0.01, settled_after=0, max_failures=2, ready_within=10, stop_within=2)
    with _supervised(tmp_path, _service("now and then", "pass"), policy=policy) as (supervisor, _):
        _check_until(supervisor, lambda: supervisor.restarts("now and then") == 4)


def test_a_service_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    policy = Policy(ready_within=0.5, stop_within=2)
    slow = _service("slow", "import time; print('still loading', flush=True); time.sleep(60)")
    with _supervised(tmp_path, slow, policy=policy) as (supervisor, _):
        with pytest.raises(ServiceFailed, match="slow was not ready after") as caught:
            supervisor.wait_ready()
        assert "still loading" in str(caught.value)


def test_a_service_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = _service("deaf", _SERVER.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(15, signal.SIG_IGN)"))
    with _supervised(tmp_path, deaf, policy=Policy(ready_within=10, stop_within=0.3)) as (supervisor, _):
        supervisor.wait_ready()
        pid = supervisor.pid("deaf")
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(("failures", "pause"), [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 10.0), (60, 10.0)])
def test_pauses_double_up_to_a_limit(failures: int, pause: float) -> None:
    assert Policy().pause(failures) == pause
