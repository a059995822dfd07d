"""How a prepared broker is to be started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.process.ports import free_port, is_free
from services.stream.broker.errors import BrokerFailed


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


def usable_port(wanted: int | None) -> int:
    """The wanted port, or any free one; raises BrokerFailed when the wanted one cannot be listened on."""
    if wanted is None:
        return free_port()
    if not is_free(wanted):
        raise BrokerFailed(f"port {wanted} cannot be used")
    return wanted
