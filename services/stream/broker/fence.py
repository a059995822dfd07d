"""What a local Apache Kafka needs before it may start again.

Since its metadata cache was rewritten in Java, Kafka takes a partition without a leader for a deleted one and drops the
commit markers that it owes it (KAFKA-20734; seen with 4.3.1): an acknowledged transaction stays open for ever. A lone
broker has no other to lead its partitions. If it starts as the leader of everything, because its controller still takes
the one that died for alive, it loads its transactions, cannot reach its own listener, which is not open yet, and has no
leader at the moment when the controller at last fences the dead one. So the controller first runs alone, until it has
fenced the broker and that stands in its log; the broker then starts as the leader of nothing. An orderly shutdown would
take the leaders away as well, with transactions under way: it is switched off (`controlled.shutdown.enable`).
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Mapping
from pathlib import Path

from services.process import Child

_ACTIVE = "Performing controller activation"
_FENCED = re.compile(r"Fencing broker (\d+) at epoch (\d+)")
_METADATA = "__cluster_metadata-0"
# The controller's start, on a machine with much else to do; then its wait for a broker that does not come.
_START_SECONDS = 90.0
_LIMIT_SECONDS = 20.0
_STOP_SECONDS = 10.0
_TELL_FENCING = "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.controller.ReplicationControlManager=info"
# Of a record in the metadata log: frame 1, type 17 (a change of a broker's registration), version; then broker and
# epoch; then the number of tagged fields, of which 0 is the fencing, one byte long: 1 is fenced, -1 no longer.
_CHANGE = b"\x01\x11[\x00-\x0f]%b.\x00\x01([\x01\xff])"


def write_properties(file: Path, properties: Mapping[str, str]) -> Path:
    """A Java properties file; a backslash starts an escape there."""
    lines = (f"{key}={value}\n".replace("\\", "\\\\") for key, value in properties.items())
    file.write_text("".join(lines), encoding="utf-8")
    return file


def fence_dead_broker(
    run_java: list[str], properties: Mapping[str, str], data_dir: Path, environ: Mapping[str, str]
) -> None:
    """Run the controller alone until it has fenced the broker that ran before, if one did."""
    metadata = data_dir / "data" / _METADATA
    if not any(metadata.glob("*.log")):
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
        deadline, active = time.monotonic() + _START_SECONDS, False
        # Without the line in time (the broker died before it was ever at work) there is nothing to fence.
        while controller.poll() is None and time.monotonic() < deadline and not is_fenced(log, metadata):
            if not active and _ACTIVE in _text(log):
                deadline, active = time.monotonic() + _LIMIT_SECONDS, True
            time.sleep(0.1)
    finally:
        controller.stop(_STOP_SECONDS)


def is_fenced(log: Path, metadata: Path) -> bool:
    """Whether the controller says in `log` that it fences a broker, and that stands in its own log in `metadata`.

    It says so some moments before, and a controller that is stopped in between forgets it. The line may be anywhere in
    the log: hundreds of lines, one for each partition, come right after it.
    """
    said = _FENCED.findall(_text(log))
    if not said:
        return False
    record = re.compile(_CHANGE % re.escape(struct.pack(">iq", *map(int, said[-1]))), re.DOTALL)
    changes = [change for part in sorted(metadata.glob("*.log")) for change in record.findall(part.read_bytes())]
    return changes[-1:] == [b"\x01"]


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


_OF_BROKERS = frozenset({"advertised.listeners", "inter.broker.listener.name"})
