"""The course of one run: the pipeline at work, and what was done to it so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

from tests.chaos.broker import ProxiedBroker
from tests.chaos.crew import Crew, Member
from tests.chaos.feed import Feed
from tests.chaos.watch import Watcher

_TOP_UP = 400
# When nothing has come for so long, rows may be lost: whoever waits for a busy worker needs new ones.
_TOP_UP_SECONDS = 5.0


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
    """A pipeline at work. `missed` are faults that did not come about, and waits that were in vain."""

    broker: ProxiedBroker
    crew: Crew
    feed: Feed
    watcher: Watcher
    draw: Random
    portion: int
    # How long what must come about may take.
    patience: float
    done: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    _topped_up: float = 0.0

    def flow(self) -> None:
        """Submit the next portion."""
        self.feed.submit(self.portion)

    def wait(self, done: Callable[[], bool], what: str, seconds: float | None = None) -> bool:
        """Wait with the stream kept flowing; what did not come in time is noted."""
        limit = self.patience if seconds is None else seconds

        def done_or_more() -> bool:
            if done():
                return True
            now = time.monotonic()
            quiet = now - max(self.watcher.moved, self._topped_up) > _TOP_UP_SECONDS
            if quiet or self.watcher.accounted >= self.feed.rows:
                self._topped_up = now
                self.feed.submit(_TOP_UP)
            return False

        if self.crew.until(done_or_more, limit):
            return True
        self.missed.append(f"{what}, in {limit:g} s")
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
        """Note a fault that came about, after which a stage has to put out again."""
        self.done[fault] += 1
        # What was committed just before may be seen a moment later.
        self.losses.append(Loss(fault, at, at + 0.3, stage, partitions or None))


Fault = Callable[[Run, str], None]
