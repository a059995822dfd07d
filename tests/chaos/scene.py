"""A pipeline on topics of its own, without a schedule: one thing happens, then all is audited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.stream.topics import BATCH_PROGRESS
from tests.chaos.audit import Scope, audit, audit_state, audit_totals
from tests.chaos.crew import STAGES, Crew, Member
from tests.chaos.feed import Feed, feeding
from tests.chaos.judgement import Rule
from tests.chaos.traps import Trap
from tests.chaos.watch import Watcher, watching
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import create_service_topics
from tests.stream.tracker_process import Tracker, free_url

PARTITIONS = 3
BATCH = "b"
# Of a broken build, a batch may never be complete.
_TOTALS_SECONDS = 10.0
_SETTINGS = {"max_batch_records": 100, "session_timeout_ms": 3000, "heartbeat_interval_ms": 500, "gather_ms": 0}


@dataclass
class Scene:
    """No worker started yet, and no tracker."""

    scope: Scope
    crew: Crew
    feed: Feed
    watcher: Watcher

    def start(self, stage: str, *laid: Trap, broken: str = "") -> Member:
        return self.crew.start(stage, *laid, broken=broken)

    def start_tracker(self) -> None:
        """Without it, nobody counts."""
        self.crew.tracker.start(self.crew.tracker_environ)

    def accounted(self) -> None:
        """Wait until every row has an outcome, or nothing moves although somebody is at work: it is lost then."""
        rows = self.feed.rows

        def settled() -> bool:
            return self.watcher.quiet > (1.5 if self.watcher.accounted >= rows else 8.0)

        wait_for(lambda: self.watcher.accounted > 0, "the first row")
        wait_for(settled, "all rows, or quiet")

    def held(self, member: Member) -> None:
        """Wait until a worker holds all partitions and processes them."""
        wait_for(
            lambda: member.worker.ready() and member.value("diachi_partitions_assigned") == PARTITIONS, "the partitions"
        )

    def audit(self) -> set[Rule]:
        """The rules that something was found of: topics and state, and totals if somebody counted."""
        tracker = self.crew.tracker
        self.feed.close()
        self.feed.wait(30)
        expected = self.feed.account()
        told: bytes | None = None
        if tracker.process is not None:
            self._counted(tracker)
            told = tracker.get(f"/batches/{BATCH}")[1]
        self.crew.members = [member for member in self.crew.members if member.worker.running]
        wait_for(lambda: all(self.crew.held(stage) for stage in STAGES), "all partitions at work")
        statuses, shown = self.crew.dismiss()
        assert not any(statuses), f"workers ended with {statuses} on SIGTERM"
        found = asyncio.run(audit(self.scope, expected))
        found += asyncio.run(audit_state(self.scope, shown))
        if told is not None:
            tracker.end()
            found += asyncio.run(audit_totals(self.scope, expected, told))
        print(*found, sep="\n")
        return {finding.rule for finding in found}

    def _counted(self, tracker: Tracker) -> None:
        """Wait until the batch is complete, or nothing is to be expected any more."""
        deadline = time.monotonic() + _TOTALS_SECONDS
        while not tracker.complete(BATCH) and time.monotonic() < deadline:
            time.sleep(0.2)


@contextmanager
def new_scene(kafka: str, prefix: str, folder: Path) -> Iterator[Scene]:
    """A scene on topics with that prefix, logs in `folder`; nobody is left when it ends."""
    asyncio.run(create_service_topics(kafka, prefix, PARTITIONS))
    tracker = Tracker(free_url(), folder / "tracker.log")
    environ = {"KAFKA_BOOTSTRAP_SERVERS": kafka, "DIACHI_TOPIC_PREFIX": prefix}
    try:
        with (
            Pipeline(kafka, prefix, folder, **_SETTINGS) as pipeline,
            watching(kafka, prefix + BATCH_PROGRESS, BATCH, PARTITIONS) as watcher,
            feeding(kafka, prefix, BATCH, seed=1) as feed,
        ):
            crew = Crew(pipeline, folder, PARTITIONS, tracker, environ)
            yield Scene(Scope(kafka, prefix, BATCH), crew, feed, watcher)
    finally:
        tracker.kill()
