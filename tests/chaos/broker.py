"""An Apache Kafka of the test's own, with a way in for the workers that leads through a proxy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.process.ports import free_port
from services.stream.broker import LocalBroker
from services.stream.broker.apache import format_storage, java_command, server_properties
from services.stream.broker.fence import fence_dead_broker, write_properties
from services.stream.broker.launch import Launch
from tests.chaos.proxy import Proxy, running_proxy


@dataclass(frozen=True, slots=True)
class ProxiedBroker:
    """`servers` leads through the proxy, also after the client has asked where the brokers are; `direct` does not."""

    broker: LocalBroker
    proxy: Proxy
    servers: str
    direct: str


@contextmanager
def proxied_broker(folder: Path) -> Iterator[ProxiedBroker]:
    """Run it, with its data in `folder`, for as long as the block runs."""
    behind, controller = free_port(), free_port()
    run_java = java_command(os.environ, lambda _: None)
    with running_proxy(behind) as proxy:
        port = free_port()
        properties = server_properties(folder, port, controller) | {
            # The controller's stands second, where the fencing of a dead broker looks for it.
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},PROXIED://127.0.0.1:{behind}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy.port}",
            "log.cleaner.backoff.ms": "1000",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
        }
        file = write_properties(folder / "server.properties", properties)
        format_storage(run_java, file)
        launch = Launch(
            kind="apache",
            command=[*run_java, "kafka.Kafka", str(file)],
            port=port,
            log_path=folder / "broker.log",
            environ=os.environ,
            before_start=lambda: fence_dead_broker(run_java, properties, folder, os.environ),
        )
        broker = LocalBroker(launch, "chaos")
        try:
            yield ProxiedBroker(broker, proxy, f"127.0.0.1:{proxy.port}", broker.bootstrap_servers)
        finally:
            broker.kill()
