"""What a run is to be."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.chaos.course import Fault
from tests.chaos.crew import STAGES
from tests.chaos.shared_faults import OF_ALL
from tests.chaos.worker_faults import OF_WORKERS


@dataclass(frozen=True, slots=True)
class Plan:
    """The same seed makes the same rows and the same schedule, at other moments.

    `steps` are only the first so many of the schedule. `broken` names a broken build that all workers are of.
    """

    seed: int
    rows: int = 50_000
    rounds: int = 1
    steps: int | None = None
    broken: str = ""

    def schedule(self) -> list[tuple[Fault, str]]:
        """Each fault once a round, those of workers once on each stage, in a drawn order."""
        draw = Random(self.seed)
        steps: list[tuple[Fault, str]] = []
        for _ in range(self.rounds):
            part = [*((fault, stage) for fault in OF_WORKERS for stage in STAGES), *((fault, "") for fault in OF_ALL)]
            draw.shuffle(part)
            steps += part
        return steps[: self.steps]
