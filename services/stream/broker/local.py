"""`local_broker`: a Kafka broker for as long as a `with` block runs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from services.process import Child
from services.process.ports import is_free
from services.stream.broker.errors import Attempt, BrokerFailed, BrokerUnavailable
from services.stream.broker.launch import Launch
from services.stream.broker.ready import wait_until_ready
from services.stream.broker.select import EXTERNAL, Kind, candidates, external_servers
from services.stream.connection import Connection

READY_SECONDS = 90.0
STOP_SECONDS = 20.0


class Broker:
    """A broker that serves: `bootstrap_servers`, its `kind`, and `reason`, why it is that kind."""

    def __init__(self, kind: str, bootstrap_servers: str, reason: str) -> None:
        self.kind = kind
        self.bootstrap_servers = bootstrap_servers
        self.reason = reason


class LocalBroker(Broker):
    """A broker that runs as a child of this process and ends with it."""

    def __init__(self, launch: Launch, reason: str) -> None:
        super().__init__(launch.kind, launch.bootstrap_servers, reason)
        self._launch = launch
        self._child = self._started()

    @property
    def pid(self) -> int:
        """The process id of the broker itself."""
        return self._child.pid

    @property
    def log_path(self) -> Path:
        return self._launch.log_path

    def alive(self) -> bool:
        return self._child.poll() is None

    def log_tail(self) -> str:
        return self._child.log_tail()

    def kill(self) -> None:
        """SIGKILL, as a crash would; returns when the process is gone."""
        self._child.kill()

    def stop(self) -> None:
        """An orderly shutdown; SIGKILL when it takes longer than STOP_SECONDS."""
        self._child.stop(STOP_SECONDS)

    def restart(self) -> None:
        """Stop (if it still runs) and start again with the same address and data; raises BrokerFailed."""
        self.stop()
        self._child = self._started()

    def _started(self) -> Child:
        launch = self._launch
        try:
            launch.before_start()
            child = Child(launch.command, launch.log_path, env=launch.environ)
        except OSError as error:
            raise BrokerFailed(str(error)) from error
        try:
            wait_until_ready(Connection(launch.bootstrap_servers), READY_SECONDS, lambda: child.poll() is None)
        except BaseException as error:
            child.kill()
            if isinstance(error, (TimeoutError, ConnectionError)):
                raise BrokerFailed(str(error), child.log_tail()) from error
            raise
        return child


@contextmanager
def local_broker(
    kind: Kind = "auto",
    *,
    data_dir: Path | None = None,
    port: int | None = None,
    environ: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Broker]:
    """A broker of the wanted kind, stopped at the end.

    KAFKA_BOOTSTRAP_SERVERS in `environ` (default: this process's) wins over every kind: the broker it names is used as
    it is. `auto` prefers Apache Kafka and falls back on the embedded broker. Data stay under `data_dir`; without one
    they go to a temporary folder that is removed. `say` is told of steps that take long. Raises BrokerUnavailable.
    """
    environ = os.environ if environ is None else environ
    servers = external_servers(environ)
    if servers is not None:
        yield Broker(EXTERNAL, servers, "KAFKA_BOOTSTRAP_SERVERS is set")
        return
    with own_broker(kind, data_dir=data_dir, port=port, environ=environ, say=say) as broker:
        yield broker


@contextmanager
def own_broker(
    kind: Kind = "auto",
    *,
    data_dir: Path | None = None,
    port: int | None = None,
    environ: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[LocalBroker]:
    """As `local_broker`, but always a new one, which may be killed and restarted."""
    folder = Path(tempfile.mkdtemp(prefix="diachi-broker-")) if data_dir is None else data_dir
    broker: LocalBroker | None = None
    try:
        broker = _first_that_serves(kind, folder.absolute(), port, os.environ if environ is None else environ, say)
        yield broker
    finally:
        if broker is not None:
            # Nobody reads a temporary folder again, so there is nothing to flush.
            broker.kill() if data_dir is None else broker.stop()
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


def _first_that_serves(
    kind: Kind, folder: Path, port: int | None, environ: Mapping[str, str], say: Callable[[str], None]
) -> LocalBroker:
    if port is not None and not is_free(port):
        raise BrokerUnavailable(
            [Attempt(kind, f"port {port} cannot be listened on")], "Name another port, or none to take a free one."
        )
    attempts: list[Attempt] = []
    for name, prepare in candidates(kind):
        try:
            # One folder per kind: they cannot read each other's data.
            launch = prepare(folder / name, port, environ, say)
            return LocalBroker(launch, _reason(kind, name, attempts))
        except BrokerFailed as failure:
            attempts.append(Attempt(name, failure.reason, failure.log))
    raise BrokerUnavailable(attempts)


def _reason(kind: Kind, name: str, attempts: list[Attempt]) -> str:
    if kind != "auto":
        return "asked for"
    if not attempts:
        return "Java and Maven work here"
    return "; ".join(f"no {attempt.kind}: {attempt.reason}" for attempt in attempts)
