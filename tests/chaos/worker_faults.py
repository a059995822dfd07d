"""The faults of workers, each as a function of a run and a stage; each makes sure that it really happened."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Collection

from tests.chaos import traps
from tests.chaos.course import Fault, Run
from tests.chaos.crew import Member
from tests.chaos.traps import FAIL, KILL, STOP, Sprung, Trap

# A worker may end by itself, as when the broker is away, before it comes to its trap: then another one must.
_ATTEMPTS = 3
_FENCED_SECONDS = 30.0
_FENCED = re.compile(r'"error": "(ProducerFenced|InvalidProducerEpoch)", "event": "transaction aborted"')


def _sprung(
    run: Run, name: str, lay: Callable[[], Member | None], came: Callable[[Member], bool]
) -> tuple[Member, Sprung] | None:
    """Lay a trap for a worker, and wait until it has come to it; None when none came, which is noted."""
    for _ in range(_ATTEMPTS):
        since = time.monotonic()
        if (victim := lay()) is None:
            return None
        run.flow()

        def there(one: Member = victim) -> bool:
            return not one.worker.running or came(one)

        if not run.wait(there, name):
            traps.disarm(victim.traps)
            victim.worker.go_on()  # it may have come to the trap at last
            return None
        met = [each for each in traps.sprung(victim.traps) if each.time >= since]
        if met:
            return victim, met[-1]
    run.missed.append(f"{name}: {_ATTEMPTS} workers ended before they came to the trap")
    return None


def _at_work(run: Run, stage: str, *laid: Trap) -> Member | None:
    """A worker at work, with traps laid for it."""
    if (victim := run.pick(stage)) is not None:
        traps.arm(victim.traps, *laid)
    return victim


def _killed(run: Run, stage: str, name: str, lay: Callable[[], Member | None]) -> None:
    """SIGKILL by a trap."""
    held: Collection[int] | None = None

    def lay_and_look() -> Member | None:
        nonlocal held
        if (victim := lay()) is not None:
            held = victim.partitions()
        return victim

    if (met := _sprung(run, f"{stage} {name}", lay_and_look, lambda _: False)) is None:
        return
    victim, trap = met
    status = victim.worker.wait(1)
    if status != -signal.SIGKILL:
        run.missed.append(f"{stage} {name}: it ended with status {status}")
    run.lost(f"{stage} {name}", stage, trap.time, held)


def killed_at(point: str, name: str) -> Fault:
    """SIGKILL at a certain point of a transaction."""

    def fault(run: Run, stage: str) -> None:
        _killed(run, stage, name, lambda: _at_work(run, stage, Trap(point, KILL, run.draw.randint(1, 3))))

    return fault


def killed_at_random(run: Run, stage: str) -> None:
    """SIGKILL from outside, whatever the worker is doing."""
    for _ in range(_ATTEMPTS):
        if (victim := run.pick(stage)) is None:
            return
        held = victim.partitions()
        run.flow()
        time.sleep(run.draw.uniform(0.0, 1.5))
        at = time.monotonic()
        if run.crew.kill(victim):
            run.lost(f"{stage} killed at random", stage, at, held)
            return
    run.missed.append(f"{stage} killed at random: {_ATTEMPTS} ended before")


def killed_in_rebalance(run: Run, stage: str) -> None:
    """SIGKILL while a new worker makes the group assign anew: partitions were revoked, or assigned and not begun."""

    def lay() -> Member | None:
        victim = _at_work(run, stage, Trap(run.draw.choice((traps.ASSIGNED, traps.REVOKED)), KILL))
        if victim is not None:
            run.crew.start(stage)
        return victim

    _killed(run, stage, "killed in a rebalance", lay)


def killed_in_restore(run: Run, stage: str) -> None:
    """SIGKILL of a new worker while it reads its changelog."""
    trap = Trap(traps.RESTORING, KILL, run.draw.randint(1, 200))
    _killed(run, stage, "killed in state restore", lambda: run.crew.start(stage, trap))


def zombie(point: str, name: str) -> Fault:
    """SIGSTOP in or before a transaction until the partitions have moved; what it then tries to commit is fenced."""

    def fault(run: Run, stage: str) -> None:
        def lay() -> Member | None:
            victim = _at_work(run, stage, Trap(point, STOP))
            if victim is not None and len(run.crew.of(stage)) < 2:
                run.crew.start(stage)
            return victim

        what = f"{stage} {name}"
        if (met := _sprung(run, what, lay, lambda one: one.worker.stopped)) is None:
            return
        victim, _ = met
        written = victim.worker.log.stat().st_size

        def refusals() -> list[str]:
            with victim.worker.log.open("rb") as log:
                log.seek(written)
                return _FENCED.findall(log.read().decode(errors="replace"))

        run.wait(lambda: run.crew.held(stage, without=victim), f"the heirs of the {what}")
        victim.worker.go_on()
        if run.wait(lambda: bool(refusals()), f"the fencing of the {what}", _FENCED_SECONDS):
            run.done[what] += 1
            run.done[f"a zombie's commit was refused: {refusals()[0]}"] += 1

    return fault


def late_start(run: Run, stage: str) -> None:
    """SIGSTOP of a new worker between its assignment and the start of its producers, until its partitions moved."""
    name = f"{stage} stopped before it starts its producers until its partitions moved"
    trap = Trap(traps.ASSIGNED, STOP)
    if (met := _sprung(run, name, lambda: run.crew.start(stage, trap), lambda one: one.worker.stopped)) is None:
        return
    late, _ = met
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


def aborted(run: Run, stage: str) -> None:
    """The client fails when all outputs are sent: the transaction is aborted, and the batch done again."""
    name = f"{stage}'s client failed in a transaction"
    since = time.monotonic()

    def lay() -> Member | None:
        return _at_work(run, stage, Trap(run.draw.choice((traps.PRODUCED, traps.BEFORE_COMMIT)), FAIL))

    def failed(member: Member) -> bool:
        return any(each.time >= since and each.action == FAIL for each in traps.sprung(member.traps))

    if _sprung(run, name, lay, failed) is not None:
        run.done[name] += 1


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


KILLED_AFTER_COMMIT = killed_at(traps.COMMITTED, "killed right after a commit")
OF_WORKERS: tuple[Fault, ...] = (
    killed_at_random,
    killed_at(traps.SENDING, "killed in the middle of sending its outputs"),
    killed_at(traps.PRODUCED, "killed between outputs and input offset"),
    killed_at(traps.BEFORE_COMMIT, "killed between produce and commit"),
    killed_at(traps.COMMITTING, "killed while its commit was under way"),
    KILLED_AFTER_COMMIT,
    killed_in_rebalance,
    killed_in_restore,
    zombie(traps.BEGIN, "stopped before a transaction until its partitions moved"),
    zombie(traps.BEFORE_COMMIT, "stopped in a transaction until its partitions moved"),
    late_start,
    aborted,
    worker_added,
    worker_removed,
)
