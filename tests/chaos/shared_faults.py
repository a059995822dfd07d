"""The faults of what all share: broker, network, batch and tracker; each makes sure that it really happened."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.chaos.course import Fault, Loss, Run


def broker_restarted(run: Run, _stage: str) -> None:
    """The broker shuts down in good order, and comes back with its data."""
    _broker_back(run, "broker restarted", run.broker.broker.stop)


def broker_killed(run: Run, _stage: str) -> None:
    """SIGKILL of the broker; it comes back with its data."""
    _broker_back(run, "broker killed", run.broker.broker.kill)


def _broker_back(run: Run, name: str, end: Callable[[], None]) -> None:
    run.flow()
    time.sleep(run.draw.uniform(0.2, 1.5))
    at = time.monotonic()
    end()
    gone = time.monotonic()
    run.broker.broker.restart()
    run.done[name] += 1
    run.losses.append(Loss(name, at, gone + 0.3))


def connection_cut(run: Run, _stage: str) -> None:
    """Every connection is reset, again and again; for a moment nobody gets in."""
    run.flow()
    proxy = run.broker.proxy
    time.sleep(run.draw.uniform(0.2, 1.0))
    at = time.monotonic()
    cut = 0
    for _ in range(3):
        proxy.refusing = True
        cut += proxy.cut()
        time.sleep(run.draw.uniform(0.1, 1.5))
        proxy.refusing = False
        time.sleep(run.draw.uniform(0.2, 1.0))
    if not cut:
        run.missed.append("connections cut: there was none")
    run.done["connection cut"] += cut
    run.losses.append(Loss("connections cut", at, at + 0.3))


def connection_slow(run: Run, _stage: str) -> None:
    """Whatever passes takes longer."""
    proxy = run.broker.proxy
    before = proxy.delayed
    run.flow()
    proxy.delay = run.draw.uniform(0.03, 0.15)
    time.sleep(run.draw.uniform(3.0, 6.0))
    proxy.delay = 0.0
    _count_if_any(run, "connection slowed", proxy.delayed - before)


def connection_silent(run: Run, _stage: str) -> None:
    """Nothing passes and nobody is told, about as long as a session lasts; then what was held comes through, late."""
    run.flow()
    proxy = run.broker.proxy
    time.sleep(run.draw.uniform(0.2, 1.0))
    at = time.monotonic()
    before = proxy.held
    proxy.silent = True
    time.sleep(run.draw.uniform(2.0, 7.0))
    proxy.silent = False
    _count_if_any(run, "connection silent", proxy.held - before)
    run.losses.append(Loss("connection silent", at, at + 0.5))


def _count_if_any(run: Run, name: str, chunks: int) -> None:
    """A fault of the network came about if it kept anything waiting."""
    if chunks:
        run.done[name] += 1
    else:
        run.missed.append(f"{name}: nothing passed meanwhile")


def dead_letters(run: Run, _stage: str) -> None:
    """A portion of which most cannot be read, and some that the registrar cannot read."""
    run.feed.submit(run.portion, broken=0.7)
    # Too few for the circuit breaker, which would rightly stop the service.
    run.feed.misdeploy(2)
    run.done["portion mostly of dead letters"] += 1


def tracker_killed(run: Run, _stage: str) -> None:
    """SIGKILL of the tracker."""
    run.flow()
    time.sleep(run.draw.uniform(0.0, 1.0))
    run.crew.tend()
    run.crew.tracker.kill()
    run.done["tracker killed"] += 1


OF_ALL: tuple[Fault, ...] = (
    broker_restarted,
    broker_killed,
    connection_cut,
    connection_slow,
    connection_silent,
    dead_letters,
    tracker_killed,
)
