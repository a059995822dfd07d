"""What a local Apache Kafka needs after a crash, before it may start again.

Seen with Kafka 4.3: a single node that was killed starts as the leader of everything, because its controller still
takes the dead broker for alive. The transaction coordinator loads and cannot reach its own listener, which is not open
yet. When the controller at last fences the dead broker, the partitions have no leader for a moment: the coordinator
takes them for deleted and drops the commit markers that it owed, and an acknowledged transaction stays open for ever.
So the controller first runs alone, until it has fenced the dead broker; the broker then starts as leader of nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from services.process import Child

_CLEAN_SHUTDOWN = ".kafka_cleanshutdown"
_FENCED = "Fencing broker"
_LIMIT_SECONDS = 20.0
_STOP_SECONDS = 10.0
_TELL_FENCING = "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.controller.ReplicationControlManager=info"


def write_properties(file: Path, properties: Mapping[str, str]) -> Path:
    """A Java properties file; a backslash starts an escape there."""
    lines = (f"{key}={value}\n".replace("\\", "\\\\") for key, value in properties.items())
    file.write_text("".join(lines), encoding="utf-8")
    return file


def fence_dead_broker(
    run_java: list[str], properties: Mapping[str, str], data_dir: Path, environ: Mapping[str, str]
) -> None:
    """Run the controller alone until it has fenced the broker that died; nothing to do after a clean shutdown."""
    data = data_dir / "data"
    used = any(data.glob("__cluster_metadata-0/*.log"))
    if not used or (data / _CLEAN_SHUTDOWN).exists():
        return
    alone = {key: value for key, value in properties.items() if key not in _OF_BROKERS}
    alone |= {
        "process.roles": "controller",
        "listeners": properties["listeners"].split(",")[1],
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "1000",
    }
    file = write_properties(data_dir / "fence.properties", alone)
    log = data_dir / "fence.log"
    log.unlink(missing_ok=True)
    controller = Child([run_java[0], _TELL_FENCING, *run_java[1:], "kafka.Kafka", str(file)], log, env=environ)
    try:
        deadline = time.monotonic() + _LIMIT_SECONDS
        # Without the line in time (the broker died before it was ever registered) there is nothing to fence.
        while controller.poll() is None and time.monotonic() < deadline and not says_fenced(log):
            time.sleep(0.1)
    finally:
        controller.stop(_STOP_SECONDS)


def says_fenced(log: Path) -> bool:
    """Whether the line is anywhere in the log: hundreds of lines, one for each partition, come right after it."""
    return log.is_file() and _FENCED in log.read_text(encoding="utf-8", errors="replace")


_OF_BROKERS = frozenset({"advertised.listeners", "inter.broker.listener.name"})
