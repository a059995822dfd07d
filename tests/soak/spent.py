"""What processes use while their broker is away or slow, seen from the side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psutil

from tests.bench.usage import cpu_seconds

_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Spent:
    """Of each process over some seconds: the share of one core that it used, and how many MiB (resident) it had at the
    most beyond what it had before."""

    shares: dict[str, float]
    grown: dict[str, float]

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {share:.1%} of a core, {self.grown[name]:+,.0f} MiB" for name, share in self.shares.items()
        )


def spent(pids: Mapping[str, int], seconds: float, meanwhile: Callable[[float], None] = lambda _: None) -> Spent:
    """Look on for so long; `meanwhile` is told, again and again, which share of the time is over."""
    before, resident = {name: cpu_seconds(pid) for name, pid in pids.items()}, _resident(pids)
    most, started = dict(resident), time.monotonic()
    while (lasted := time.monotonic() - started) < seconds:
        meanwhile(lasted / seconds)
        time.sleep(_LOOK_SECONDS)
        most = {name: max(most[name], now) for name, now in _resident(pids).items()}
    return Spent(
        {name: (cpu_seconds(pid) - before[name]) / lasted for name, pid in pids.items()},
        {name: most[name] - resident[name] for name in pids},
    )


def _resident(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: psutil.Process(pid).memory_info().rss / 2**20 for name, pid in pids.items()}
