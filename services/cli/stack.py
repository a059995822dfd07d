"""All of Diachi on one machine, for as long as a `with` block runs: a broker, the topics, the services."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.process.ports import free_port, is_free
from services.process.supervisor import Service, ServiceFailed, Supervisor
from services.stream.broker import Broker, Kind, LocalBroker, local_broker
from services.stream.connection import Connection, connection_of
from services.stream.settings import Settings, named_settings, read_settings, variable
from services.stream.topic_admin import create_topics

# Where `diachi submit` and `diachi status` look when nobody tells them.
_USUAL_BROKER_PORT = 9092
_USUAL_TRACKER_PORT = 6066
_PROTOCOL = variable("kafka_security_protocol")


@dataclass(frozen=True, slots=True)
class Stack:
    """A broker and the services on it, all ready."""

    broker: Broker
    connection: Connection
    supervisor: Supervisor
    tracker_url: str
    topic_prefix: str

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs in its environment to reach them."""
        found = {"KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers, "DIACHI_TRACKER_URL": self.tracker_url}
        if self.topic_prefix:
            found["DIACHI_TOPIC_PREFIX"] = self.topic_prefix
        if isinstance(self.broker, LocalBroker) and _speaks_of_security():
            found[_PROTOCOL] = "PLAINTEXT"
        return found

    def check(self) -> None:
        """Restart services that ended. Raises ServiceFailed when one keeps ending, or when the broker is gone."""
        if isinstance(self.broker, LocalBroker) and not self.broker.alive():
            raise ServiceFailed("the broker", "ended by itself", self.broker.log_path, self.broker.log_tail())
        self.supervisor.check()

    def watch(self) -> None:
        """Check until interrupted or until ServiceFailed."""
        while True:
            self.check()
            time.sleep(0.2)


@contextmanager
def local_stack(
    data_dir: Path,
    *,
    kind: Kind = "auto",
    workers: int = 1,
    topic_prefix: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Stack]:
    """Start everything, with all files under `data_dir`, and stop it at the end: the services first, then the broker.

    `workers` is the number of normalisers, and of registrars; `topic_prefix` takes the place of the environment's.

    Raises BrokerUnavailable, ServiceFailed, KafkaError, and TopicsUnfitError when topics that exist already do not fit
    each other.
    """
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    with local_broker(kind, data_dir=data_dir / "broker", port=_usual(_USUAL_BROKER_PORT), say=say) as broker:
        say(f"Broker: {broker.kind} at {broker.bootstrap_servers} ({broker.reason})")
        if broker.kind == "embedded" and workers > 1:
            say("The embedded broker serves one member of a consumer group only: one worker per stage")
            workers = 1
        given = {"kafka_bootstrap_servers": broker.bootstrap_servers}
        if isinstance(broker, LocalBroker):  # whatever the environment says of another one: this one asks for nothing
            given["kafka_security_protocol"] = "PLAINTEXT"
        if topic_prefix is not None:
            given["topic_prefix"] = topic_prefix
        settings = read_settings(**given)
        connection = connection_of(settings)
        asyncio.run(
            create_topics(
                connection,
                settings.topic_prefix,
                partitions=settings.partitions,
                replication_factor=settings.replication_factor,
            )
        )
        tracker_port = _usual(_USUAL_TRACKER_PORT) or free_port()
        services = _services(settings, workers, tracker_port)
        supervisor = Supervisor(services, data_dir, say=say)
        try:
            supervisor.start()
            say("Waiting for " + ", ".join(service.name for service in services))
            supervisor.wait_ready()
            yield Stack(broker, connection, supervisor, f"http://127.0.0.1:{tracker_port}", settings.topic_prefix)
        finally:
            supervisor.stop()


def _speaks_of_security() -> bool:
    """Whether the environment says how to reach some other broker; a client of ours would go by that."""
    return any(name.startswith("kafka_") for name in named_settings() - {"kafka_bootstrap_servers"})


def _usual(port: int) -> int | None:
    return port if is_free(port) else None


def _services(settings: Settings, workers: int, tracker_port: int) -> list[Service]:
    """In the order of their stopping: the tracker last, so that it still sees what the others finish."""
    environ = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        _PROTOCOL: settings.kafka_security_protocol,
        "DIACHI_TOPIC_PREFIX": settings.topic_prefix,
        "DIACHI_HTTP_HOST": "127.0.0.1",
        # The services run in the folder of data, and the setting may be relative to this one.
        "DIACHI_IMPORTS_DIR": str(Path(settings.imports_dir).absolute()),
    }
    names = {
        f"{stage}-{number}" if workers > 1 else stage: stage
        for stage in ("normaliser", "registrar")
        for number in range(1, workers + 1)
    }
    stages = [_service(name, stage, environ, free_port()) for name, stage in names.items()]
    return [*stages, _service("tracker", "tracker", environ, tracker_port)]


def _service(name: str, command: str, environ: Mapping[str, str], port: int) -> Service:
    return Service(
        name=name,
        # -P: the working folder is the data folder, and nothing is to be imported from there.
        command=[sys.executable, "-P", "-m", "services.cli", command],
        environ={**environ, "DIACHI_HTTP_PORT": str(port)},
        port=port,
    )
