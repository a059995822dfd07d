"""How a prepared broker is to be started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Launch:
    """A command that serves Kafka on 127.0.0.1:`port` and writes its log to `log_path`.

    `before_start` is called before each start, also a restart.
    """

    kind: str
    command: list[str]
    port: int
    log_path: Path
    environ: Mapping[str, str]
    before_start: Callable[[], None] = lambda: None

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self.port}"
