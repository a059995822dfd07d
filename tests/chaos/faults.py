"""The faults, each as a function of a run and a stage; each makes sure that it really happened."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

from tests.chaos import traps
from tests.chaos.broker import ProxiedBroker
from tests.chaos.crew import Crew, Member
from tests.chaos.feed import Feed
from tests.chaos.traps import FAIL, KILL, STOP, Trap
from tests.chaos.watch import Watcher

# On a machine that others use as well, a worker may take a minute to restore what it has to hold.
_TRAP_SECONDS = 240.0
_TOP_UP = 400
_ABORTED = re.compile(r'"error": "(\w+)", "event": "transaction aborted"')


@dataclass(frozen=True, slots=True)
class Loss:
    """A fault at `time` after which a stage (None: any) has to put out again, from one of `partitions` if given.

    Outputs up to `until` are still those from before it.
    """

    fault: str
    time: float
    until: float
    stage: str | None = None
    partitions: Collection[int] | None = None


@dataclass
class Run:
    """A pipeline at work, and what was done to it so far."""

    broker: ProxiedBroker
    crew: Crew
    feed: Feed
    watcher: Watcher
    draw: Random
    portion: int
    done: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def flow(self) -> None:
        """Submit the next portion."""
        self.feed.submit(self.portion)

    def wait(self, done: Callable[[], bool], what: str, seconds: float = _TRAP_SECONDS) -> bool:
        """Wait with the stream kept flowing; what did not come in time is noted."""

        def done_or_more() -> bool:
            if done():
                return True
            if self.watcher.accounted >= self.feed.rows:
                self.feed.submit(_TOP_UP)
            return False

        if self.crew.until(done_or_more, seconds):
            return True
        self.missed.append(f"{what}, in {seconds:g} s")
        return False

    def pick(self, stage: str) -> Member | None:
        """A worker at work; waits for one."""
        serving: list[Member] = []

        def any_serves() -> bool:
            # Kept, as the next look may find none: the fault would be left out, and nobody told.
            serving[:] = self.crew.serving(stage)
            return bool(serving)

        return self.draw.choice(serving) if self.wait(any_serves, f"a {stage} at work") else None

    def lost(self, fault: str, stage: str | None, at: float, partitions: Collection[int] | None = None) -> None:
        self.done[fault] += 1
        # What was committed just before may be seen a moment later.
        self.losses.append(Loss(fault, at, at + 0.3, stage, partitions or None))


Fault = Callable[[Run, str], None]


def killed_at(point: str, name: str) -> Fault:
    """SIGKILL at a certain point of a transaction."""

    def fault(run: Run, stage: str) -> None:
        if (victim := run.pick(stage)) is None:
            return
        held = victim.partitions()
        traps.arm(victim.traps, Trap(point, KILL, run.draw.randint(1, 3)))
        _await_death(run, victim, f"{stage} {name}", held)

    return fault


def killed_at_random(run: Run, stage: str) -> None:
    """SIGKILL from outside, whatever the worker is doing."""
    if (victim := run.pick(stage)) is None:
        return
    held = victim.partitions()
    run.flow()
    time.sleep(run.draw.uniform(0.0, 1.5))
    at = time.monotonic()
    run.crew.kill(victim)
    run.lost(f"{stage} killed at random", stage, at, held)


def killed_in_rebalance(run: Run, stage: str) -> None:
    """SIGKILL while a new worker makes the group assign anew: partitions were revoked, or assigned and not begun."""
    if (victim := run.pick(stage)) is None:
        return
    held = victim.partitions()
    point = run.draw.choice((traps.ASSIGNED, traps.REVOKED))
    traps.arm(victim.traps, Trap(point, KILL))
    run.crew.start(stage)
    _await_death(run, victim, f"{stage} killed in a rebalance", held)


def killed_in_restore(run: Run, stage: str) -> None:
    """SIGKILL of a new worker while it reads its changelog."""
    victim = run.crew.start(stage, Trap(traps.RESTORING, KILL, run.draw.randint(1, 200)))
    _await_death(run, victim, f"{stage} killed in state restore", None)


def _await_death(run: Run, victim: Member, name: str, held: Collection[int] | None) -> None:
    victim.doomed = True
    run.flow()
    if run.wait(lambda: not victim.worker.running, name):
        run.lost(name, victim.stage, traps.sprung(victim.traps)[-1].time, held)
    else:
        traps.disarm(victim.traps)
        victim.doomed = False


def zombie(run: Run, stage: str) -> None:
    """SIGSTOP between produce and commit until the partitions have moved; what it then tries to commit is fenced."""
    if (victim := run.pick(stage)) is None:
        return
    if len(run.crew.of(stage)) < 2:
        run.crew.start(stage)
    traps.arm(victim.traps, Trap(traps.BEFORE_COMMIT, STOP))
    run.flow()
    name = f"{stage} stopped in a transaction until its partitions moved"
    if not _stopped(run, victim, name):
        return
    written = victim.worker.log.stat().st_size

    def fenced() -> list[str]:
        with victim.worker.log.open("rb") as log:
            log.seek(written)
            return _ABORTED.findall(log.read().decode(errors="replace"))

    run.wait(lambda: run.crew.held(stage, without=victim), f"the heirs of the {name}")
    victim.worker.go_on()
    if run.wait(lambda: bool(fenced()), f"the fencing of the {name}", 30):
        run.done[name] += 1
        run.done[f"a zombie's commit was refused: {fenced()[0]}"] += 1


def late_start(run: Run, stage: str) -> None:
    """SIGSTOP of a new worker between its assignment and the start of its producers, until its partitions moved."""
    late = run.crew.start(stage, Trap(traps.ASSIGNED, STOP))
    run.flow()
    name = f"{stage} stopped before it starts its producers until its partitions moved"
    if not _stopped(run, late, name):
        return
    run.wait(lambda: run.crew.held(stage, without=late), f"the heirs of the {name}")
    heirs = [member for member in run.crew.of(stage) if member is not late]
    before = sum(heir.value("diachi_partitions_lost_total") for heir in heirs)
    late.worker.go_on()
    run.flow()
    if run.wait(lambda: late.serves, f"the return of the {name}"):
        run.done[name] += 1
    # Of those that were between two transactions, nobody noticed.
    fenced = sum(heir.value("diachi_partitions_lost_total") for heir in heirs) - before
    run.done["a late producer fenced an heir, which came back"] += max(0, int(fenced))


def _stopped(run: Run, member: Member, name: str) -> bool:
    if run.wait(lambda: member.worker.running and member.worker.stopped, name):
        return True
    traps.disarm(member.traps)
    if member.worker.running:  # it may have come to the trap at last
        member.worker.go_on()
    return False


def aborted(run: Run, stage: str) -> None:
    """The client fails when all outputs are sent: the transaction is aborted, and the batch done again."""
    if (victim := run.pick(stage)) is None:
        return
    before = len(traps.sprung(victim.traps))
    traps.arm(victim.traps, Trap(run.draw.choice((traps.PRODUCED, traps.BEFORE_COMMIT)), FAIL))
    run.flow()
    name = f"{stage}'s client failed in a transaction"
    if run.wait(lambda: len(traps.sprung(victim.traps)) > before, name):
        run.done[name] += 1
    else:
        traps.disarm(victim.traps)


def worker_added(run: Run, stage: str) -> None:
    """One more worker joins."""
    added = run.crew.start(stage)
    run.flow()
    if run.wait(lambda: added.serves, f"the added {stage} at work"):
        run.done[f"{stage} added"] += 1


def worker_removed(run: Run, stage: str) -> None:
    """SIGTERM: the worker finishes what is in hand, and leaves."""
    if (victim := run.pick(stage)) is None:
        return
    held = victim.partitions()
    run.flow()
    time.sleep(run.draw.uniform(0.0, 1.5))
    at = time.monotonic()
    status = run.crew.remove(victim)
    if status != 0:
        run.missed.append(f"a {stage} ended with status {status} on SIGTERM")
    run.lost(f"{stage} removed", stage, at, held)


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
    for _ in range(3):
        proxy.refusing = True
        run.done["connection cut"] += proxy.cut()
        time.sleep(run.draw.uniform(0.1, 1.5))
        proxy.refusing = False
        time.sleep(run.draw.uniform(0.2, 1.0))
    run.losses.append(Loss("connections cut", at, at + 0.3))


def connection_slow(run: Run, _stage: str) -> None:
    """Whatever passes takes longer."""
    run.flow()
    run.broker.proxy.delay = run.draw.uniform(0.03, 0.15)
    time.sleep(run.draw.uniform(3.0, 6.0))
    run.broker.proxy.delay = 0.0
    run.done["connection slowed"] += 1


def connection_silent(run: Run, _stage: str) -> None:
    """Nothing passes and nobody is told, about as long as a session lasts; then what was held comes through, late."""
    run.flow()
    time.sleep(run.draw.uniform(0.2, 1.0))
    at = time.monotonic()
    run.broker.proxy.silent = True
    time.sleep(run.draw.uniform(2.0, 7.0))
    run.broker.proxy.silent = False
    run.done["connection silent"] += 1
    run.losses.append(Loss("connection silent", at, at + 0.5))


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
    run.crew.tracker.kill()
    run.done["tracker killed"] += 1


# A round has each of these once; those of workers fall on one stage after the other.
OF_WORKERS: tuple[Fault, ...] = (
    killed_at_random,
    killed_at(traps.SENDING, "killed in the middle of sending its outputs"),
    killed_at(traps.PRODUCED, "killed between outputs and input offset"),
    killed_at(traps.BEFORE_COMMIT, "killed between produce and commit"),
    killed_at(traps.COMMITTING, "killed while its commit was under way"),
    killed_at(traps.COMMITTED, "killed right after a commit"),
    killed_in_rebalance,
    killed_in_restore,
    zombie,
    late_start,
    aborted,
    worker_added,
    worker_removed,
)
OF_ALL: tuple[Fault, ...] = (
    broker_restarted,
    broker_killed,
    connection_cut,
    connection_slow,
    connection_silent,
    dead_letters,
    tracker_killed,
)
