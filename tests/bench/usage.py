"""What processes spend, seen from the side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

_KIB = 1024
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_seconds` between two moments, and the most memory (MiB, resident) that the process has ever had."""

    cpu_seconds: float
    peak_mib: float


class Meter:
    """Counts from its making on. `pids` by name; processes of one role have a name each."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def read(self) -> dict[str, Usage]:
        """What each process, which must still run, has spent so far."""
        return {name: Usage(cpu_seconds(pid) - self._before[name], peak_mib(pid)) for name, pid in self._pids.items()}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def peak_mib(pid: int) -> float:
    """The high-water mark of resident memory; where the system does not tell it, what is resident now."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB / _MIB
    return float(psutil.Process(pid).memory_info().rss) / _MIB
