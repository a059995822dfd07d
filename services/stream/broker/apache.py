"""A local Apache Kafka: one node, broker and controller in one process (KRaft), on loopback."""

from __future__ import annotations

import os
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.process.ports import free_port
from services.stream.broker.errors import BrokerFailed
from services.stream.broker.fence import fence_dead_broker, write_properties
from services.stream.broker.jars import find_java, resolve_jars
from services.stream.broker.launch import Launch

# Above every limit in schemas/asyncapi.yaml; the topics set their own.
MESSAGE_MAX_BYTES = 16 * 1024 * 1024
_FORMAT_TIMEOUT_SECONDS = 120
_JVM_OPTIONS = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    # A local broker lives for minutes: the second compiler took half of its CPU time over 100,000 records.
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)


def server_properties(data_dir: Path, port: int, controller_port: int) -> dict[str, str]:
    """Settings of a broker for one laptop: single copies, quick groups, short sessions, no surprise topics."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(data_dir / "data"),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "8",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "message.max.bytes": str(MESSAGE_MAX_BYTES),
        # Fencing a lone broker helps nobody: no other can take over, and a laptop that stalls would lose markers.
        "broker.session.timeout.ms": "60000",
        # Nor does handing over its partitions when it stops; see fence.py.
        "controlled.shutdown.enable": "false",
        # A lone controller has nobody to tell twice a second that it is still there.
        "metadata.max.idle.interval.ms": "0",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "500",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "log.cleaner.dedupe.buffer.size": str(32 * 1024 * 1024),
        "log.cleaner.threads": "1",
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def prepare_apache(data_dir: Path, port: int | None, environ: Mapping[str, str], say: Callable[[str], None]) -> Launch:
    """Jars, settings and formatted storage for one broker under `data_dir`; raises BrokerFailed."""
    run_java = java_command(environ, say)
    data_dir.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    properties = server_properties(data_dir, port, free_port())
    file = write_properties(data_dir / "server.properties", properties)
    if not (data_dir / "data" / "meta.properties").is_file():
        format_storage(run_java, file)
    return Launch(
        kind="apache",
        command=[*run_java, "kafka.Kafka", str(file)],
        port=port,
        log_path=data_dir / "broker.log",
        environ=environ,
        before_start=lambda: fence_dead_broker(run_java, properties, data_dir, environ),
    )


def java_command(environ: Mapping[str, str], say: Callable[[str], None]) -> list[str]:
    """Java with Kafka's jars, without the class to run; raises BrokerFailed."""
    return [str(find_java(environ)), *_JVM_OPTIONS, "-cp", f"{resolve_jars(environ, say)}/*"]


def format_storage(run_java: list[str], properties: Path, options: Sequence[str] = ()) -> None:
    """Format what the properties name as `log.dirs`, with further options of the tool; raises BrokerFailed."""
    # A leading zero byte, so that the id never starts with a dash, which the tool would take for an option.
    cluster_id = urlsafe_b64encode(b"\0" + os.urandom(15)).decode().rstrip("=")
    tool = ["kafka.tools.StorageTool", "format", "--cluster-id", cluster_id, "--config", str(properties), *options]
    run = subprocess.run(
        [*run_java, *tool], capture_output=True, text=True, timeout=_FORMAT_TIMEOUT_SECONDS, check=False
    )
    if run.returncode != 0:
        raise BrokerFailed("the storage could not be formatted", run.stdout + run.stderr)
