"""Points in a worker's life at which a test can end it, stop it or let it fail, so that each is sure to be met.

A trap is a line `point action nth` in a file that the worker looks at: when it comes to the point for the nth time, it
sends itself SIGKILL or SIGSTOP, as anybody could at that moment, or sees the client fail. Lines are met in order.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from aiokafka.errors import KafkaConnectionError

KILL, STOP, FAIL = "kill", "stop", "fail"

# The group has assigned partitions; no producer has started.
ASSIGNED = "assigned"
# The group takes partitions away; what is in hand goes on still.
REVOKED = "revoked"
# So many changelog records have been read back.
RESTORING = "restoring"
# The stage has worked on a batch; its transaction is about to begin.
BEGIN = "begin"
# Some outputs are on their way, others not yet.
SENDING = "sending"
# The broker has all outputs, but not yet the input offset.
PRODUCED = "produced"
# All is in the transaction.
BEFORE_COMMIT = "before-commit"
# The commit is asked for and not yet answered.
COMMITTING = "committing"
# The broker has said that it is committed.
COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Trap:
    """What is to happen, and when."""

    point: str
    action: str
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Sprung:
    """What happened at `time` (time.monotonic, which the processes of a machine share)."""

    time: float
    point: str
    action: str


def arm(file: Path, *traps: Trap) -> None:
    """Lay traps for the worker that looks at `file`."""
    draft = file.with_suffix(".draft")
    draft.write_text("".join(f"{trap.point} {trap.action} {trap.nth}\n" for trap in traps))
    draft.replace(file)


def disarm(file: Path) -> None:
    """Take away what was laid and not met."""
    file.unlink(missing_ok=True)


def sprung(file: Path) -> list[Sprung]:
    """What the worker that looks at `file` has met so far."""
    log = file.with_suffix(".sprung")
    lines = log.read_text().splitlines() if log.exists() else []
    return [Sprung(float(moment), point, action) for moment, point, action in map(str.split, lines)]


class Traps:
    """The worker's side."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._passed = 0

    def awaits(self, point: str) -> bool:
        """Whether the next trap is laid at that point."""
        return (trap := self._next()) is not None and trap.point == point

    def reach(self, point: str) -> None:
        """Come to a point. Raises KafkaConnectionError where a trap says that the client fails here."""
        trap = self._next()
        if trap is None or trap.point != point:
            return
        self._passed += 1
        if self._passed < trap.nth:
            return
        self._passed = 0
        self._take(trap)
        if trap.action == FAIL:
            raise KafkaConnectionError(f"a trap at {point}")
        os.kill(os.getpid(), signal.SIGKILL if trap.action == KILL else signal.SIGSTOP)

    def _next(self) -> Trap | None:
        try:
            lines = self._file.read_text().splitlines()
        except FileNotFoundError:
            return None
        if not lines:
            return None
        point, action, nth = lines[0].split()
        return Trap(point, action, int(nth))

    def _take(self, trap: Trap) -> None:
        rest = self._file.read_text().splitlines(keepends=True)[1:]
        draft = self._file.with_suffix(".taken")
        draft.write_text("".join(rest))
        draft.replace(self._file)
        with self._file.with_suffix(".sprung").open("a") as log:
            log.write(f"{time.monotonic()} {trap.point} {trap.action}\n")
