"""Why a process ended by itself, as its log says, and whether that is no fault of it: then it is only started again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from services.tracker.exactly_once import EXIT_GAVE_UP

_TAIL_BYTES = 64 * 1024
# What a worker or the tracker says that starts while the broker is away, or whose connections are refused.
_BROKER_AWAY = re.compile(
    r"KafkaConnectionError|KafkaTimeoutError|NodeNotReadyError|RequestTimedOutError|Unable to bootstrap"
    r"|no broker answers at|takes connections and closes them at once|is the broker running|wants a user and a password"
    # One that has just come back, and does not know its topics or lead its partitions yet.
    r"|NotLeaderForPartitionError|LeaderNotAvailableError|CoordinatorNotAvailableError|CoordinatorLoadInProgressError"
    r"|does not exist on the broker"
)
_GROUP_LOST = re.compile(r"no assignment for \d+ s")


class Fate(NamedTuple):
    """How a process ended. `known` ones are those of a service that cannot go on for what happened around it."""

    status: int
    reason: str
    known: bool


def worker_end(status: int, log: Path) -> Fate:
    """Of a normaliser or registrar: status 1 with a reason that names what is around it."""
    failed = [line for line in _tail(log) if '"event": "service failed"' in line]
    error = str(json.loads(failed[-1])["error"]) if failed else "it does not say why"
    return _fate(status, error, 1)


def tracker_end(status: int, log: Path, since: int) -> Fate:
    """Of the tracker, whose log begins at byte `since`: it gives up when it loses its place, and ends when no broker is
    there as it starts."""
    if status == EXIT_GAVE_UP:
        return Fate(status, "gave up, as it does when it loses its place", True)
    # 2 is its own word, 1 is how Faust ends when the broker goes away while it starts.
    said = [
        event for event in map(_event, _tail(log, since)) if event.startswith(("[^Worker]: Error", "diachi tracker:"))
    ]
    return _fate(status, said[-1] if said else "it does not say why", 1, 2)


def _event(line: str) -> str:
    """What a line of a log says, without its trace."""
    try:
        return str(json.loads(line)["event"])
    except (ValueError, LookupError, TypeError):
        return line


def _fate(status: int, error: str, *known: int) -> Fate:
    if status in known and _BROKER_AWAY.search(error):
        return Fate(status, "the broker was away", True)
    if status in known and _GROUP_LOST.search(error):
        return Fate(status, "the group gave no assignment", True)
    return Fate(status, error, False)


def _tail(log: Path, since: int = 0) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(since, log.stat().st_size - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()
