"""The tracker as a real process that a test can kill and start again at the same address."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.process.ports import free_port


def free_url() -> str:
    """An address on this machine where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@dataclass
class Tracker:
    """The tracker's process; starts with `start`."""

    url: str
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("diachi"), "tracker"],
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {}), "DIACHI_TRACKER_URL": self.url},
            )

    def get(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def until(self, what: str, true: Callable[[], bool], seconds: float = 60) -> None:
        limit = time.monotonic() + seconds
        while not true():
            assert self.process is not None
            assert self.process.poll() is None, f"the tracker ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < limit, f"not {what} after {seconds} s: {self.log.read_text()[-2000:]}"
            time.sleep(0.1)

    def ready(self) -> None:
        self.until("ready", lambda: self.get("/readyz")[0] == 200)

    def complete(self, name: str) -> bool:
        code, body = self.get(f"/batches/{name}")
        return code == 200 and json.loads(body)["state"] == "complete"

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self, seconds: float = 20) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(seconds)
