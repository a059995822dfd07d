"""The workers of a run: as many of each stage as there should be, whatever befalls them, as a supervisor would do."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.ends import Fate, tracker_end, worker_end
from tests.chaos.state import Shown, forget_shown, shown_by
from tests.chaos.traps import KILL, Trap, arm, sprung
from tests.stream.pipeline import Pipeline, Worker, metric
from tests.stream.tracker_process import Tracker

STAGES = ("normaliser", "registrar")
SCRIPT = Path(__file__).with_name("worker.py")
_ROOT = Path(__file__).parents[2]
_ASSIGNED = "diachi_partitions_assigned"
_END_SECONDS = 60.0


@dataclass(eq=False)
class Member:
    """One worker, and the file in which traps for it are laid."""

    stage: str
    worker: Worker
    traps: Path

    @property
    def trapped(self) -> bool:
        """Whether a trap has ended it: that is no end by itself."""
        met = sprung(self.traps)
        return bool(met) and met[-1].action == KILL

    def partitions(self) -> set[int]:
        """The partitions that it holds now; none when it does not answer."""
        try:
            text = self.worker.metrics()
        except OSError:
            return set()
        return {int(number) for number in re.findall(r'^diachi_state_keys{partition="(\d+)"', text, re.MULTILINE)}

    def value(self, name: str) -> float:
        """The sum of one of its metrics; 0 when it does not answer."""
        try:
            return metric(self.worker, name)
        except OSError:
            return 0.0

    @property
    def serves(self) -> bool:
        """Whether it runs, is ready and holds partitions."""
        return self.worker.running and not self.worker.stopped and self.worker.ready() and self.value(_ASSIGNED) > 0


@dataclass
class Crew:
    """The members at work, all of the build `broken` if that is given.

    `ended` counts those that ended by themselves, by stage and reason; `unexpected` are those that should not have.
    """

    pipeline: Pipeline
    folder: Path
    partitions: int
    tracker: Tracker
    tracker_environ: dict[str, str]
    broken: str = ""
    members: list[Member] = field(default_factory=list)
    all_members: list[Member] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    # Where the log of the tracker that runs begins.
    _tracker_log: int = 0
    wanted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 2))

    def start(self, stage: str, *traps: Trap, broken: str = "") -> Member:
        """Another worker; traps are laid before it starts."""
        file = self.folder / f"{stage}-{len(self.all_members)}.traps"
        if traps:
            arm(file, *traps)
        environ = {
            "CHAOS_TRAPS": str(file),
            "CHAOS_BROKEN": broken or self.broken,
            "PYTHONPATH": str(_ROOT),
        }
        member = Member(stage, self.pipeline.start(stage, script=SCRIPT, **environ), file)
        self.members.append(member)
        self.all_members.append(member)
        return member

    def of(self, stage: str) -> list[Member]:
        return [member for member in self.members if member.stage == stage]

    def serving(self, stage: str) -> list[Member]:
        return [member for member in self.of(stage) if member.serves]

    def kill(self, member: Member) -> bool:
        """SIGKILL; False if it had ended by itself before."""
        member.worker.kill()
        killed = member.worker.wait(1) == -signal.SIGKILL
        if killed and member in self.members:
            self.members.remove(member)
        return killed

    def remove(self, member: Member) -> int:
        """SIGTERM; the exit status."""
        self.members.remove(member)
        return member.worker.terminate()

    def dismiss(self) -> tuple[list[int], dict[str, list[dict[int, Shown]]]]:
        """SIGTERM for all at once; their exit statuses, and by stage what each of them held, by partition.

        One after the other they would inherit from each other: who restores a partition holds what the changelog says.
        """
        held = {member: member.partitions() for member in self.members}
        forget_shown(member.traps for member in held)
        for member in held:
            member.worker.ask_to_end()
        statuses = [member.worker.wait(_END_SECONDS) for member in held]
        self.members.clear()
        shown: dict[str, list[dict[int, Shown]]] = {stage: [] for stage in STAGES}
        for member, partitions in held.items():
            found = shown_by(member.traps)
            shown[member.stage].append({number: found[number] for number in partitions & found.keys()})
        return statuses, shown

    def held(self, stage: str, without: Member | None = None) -> bool:
        """Whether the workers of a stage, but for one, hold all its partitions and process them."""
        others = [member for member in self.of(stage) if member is not without]
        return (
            bool(others)
            and all(member.worker.ready() for member in others)
            and sum(member.value(_ASSIGNED) for member in others) == self.partitions
        )

    def tend(self) -> None:
        """Count who ended by itself, and bring every stage, and the tracker, to its number."""
        for member in list(self.members):
            if not member.worker.running:
                self.members.remove(member)
                if not member.trapped:
                    self._note(member.stage, worker_end(member.worker.wait(1), member.worker.log))
        for stage, wanted in self.wanted.items():
            for _ in range(wanted - len(self.of(stage))):
                self.start(stage)
        process = self.tracker.process
        if process is None or process.poll() is not None:
            if process is not None and process.returncode != -signal.SIGKILL:
                self._note("tracker", tracker_end(process.returncode, self.tracker.log, self._tracker_log))
            log = self.tracker.log
            self._tracker_log = log.stat().st_size if log.exists() else 0
            self.tracker.start(self.tracker_environ)

    def _note(self, who: str, fate: Fate) -> None:
        self.ended[f"{who}, status {fate.status}: {fate.reason}"] += 1
        if not fate.known:
            self.unexpected.append(f"{who} ended with status {fate.status}: {fate.reason}")

    def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Wait, and tend meanwhile; False when it takes longer."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            self.tend()
            time.sleep(0.1)
        return True
