"""How a prepared broker is to be started."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

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


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def usable_port(wanted: int | None) -> int:
    """The wanted port, or any free one; raises BrokerFailed when another process listens on the wanted one."""
    if wanted is None:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise BrokerFailed(f"port {wanted} cannot be used: {error.strerror}") from error
    return wanted
