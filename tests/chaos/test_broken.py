"""The audit must be able to fail: it finds out builds that are broken by one thing.

With LONG set, the sound build meets the same, and nothing is found; the short form has test_chaos.py for that.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.stream.topics import BATCH_PROGRESS
from tests.chaos import broken, traps
from tests.chaos.audit import Finding, Rule, Scope, audit
from tests.chaos.crew import Crew, Member
from tests.chaos.feed import Feed, feeding
from tests.chaos.traps import FAIL, KILL, STOP, Trap
from tests.chaos.watch import Watcher, watching
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import create_service_topics
from tests.stream.tracker_process import Tracker, free_url

ROWS = 1200
PARTITIONS = 3
SOUND = ""

pytestmark = pytest.mark.timeout(400)


@dataclass
class Scene:
    """A pipeline on topics of its own, no worker started yet."""

    scope: Scope
    crew: Crew
    feed: Feed
    watcher: Watcher

    def start(self, stage: str, *laid: Trap, broken: str = "") -> Member:
        member = self.crew.start(stage, *laid, broken=broken)
        member.doomed = any(trap.action == KILL for trap in laid)
        return member

    def accounted(self) -> None:
        """Wait until every row has an outcome, or nothing moves although somebody is at work: it is lost then."""
        rows = self.feed.rows

        def settled() -> bool:
            quiet = time.monotonic() - self.watcher.moved
            return quiet > (1.5 if self.watcher.accounted >= rows else 8.0)

        wait_for(lambda: self.watcher.accounted > 0, "the first row")
        wait_for(settled, "all rows, or quiet")

    def held(self, member: Member) -> None:
        """Wait until a worker holds all partitions and processes them."""
        wait_for(
            lambda: member.worker.ready() and member.value("diachi_partitions_assigned") == PARTITIONS, "the partitions"
        )

    def audit(self) -> set[Rule]:
        self.feed.wait(30)
        found: list[Finding] = asyncio.run(audit(self.scope, self.feed.account()))
        print(*found, sep="\n")
        return {finding.rule for finding in found}


@pytest.fixture
def scene(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Scene]:
    asyncio.run(create_service_topics(kafka, topic_prefix, PARTITIONS))
    settings = {"max_batch_records": 100, "session_timeout_ms": 3000, "heartbeat_interval_ms": 500, "gather_ms": 0}
    with (
        Pipeline(kafka, topic_prefix, tmp_path, **settings) as pipeline,
        watching(kafka, topic_prefix + BATCH_PROGRESS, "b", PARTITIONS) as watcher,
        feeding(kafka, topic_prefix, "b", seed=1) as feed,
    ):
        crew = Crew(pipeline, tmp_path, PARTITIONS, Tracker(free_url(), tmp_path / "none"), {})
        yield Scene(Scope(kafka, topic_prefix, "b"), crew, feed, watcher)


def sound_or(*builds: object) -> pytest.MarkDecorator:
    """Broken builds, and in the long form the sound one, of which nothing may be found."""
    names = [*([SOUND] if os.environ.get("LONG") else []), *(getattr(build, "__name__", "") for build in builds)]
    return pytest.mark.parametrize("build", names, ids=lambda name: name or "sound")


def verdict(build: str, found: set[Rule], *expected: Rule) -> None:
    """Nothing is found of the sound build, and of a broken one at least what is expected."""
    if build == SOUND:
        assert found == set()
    else:
        assert found >= set(expected), f"{build} was not found out: {found}"


@sound_or(broken.offsets_after_the_transaction)
def test_killed_between_the_transaction_and_its_offsets(scene: Scene, build: str) -> None:
    scene.start("registrar")
    victim = scene.start("normaliser", Trap(traps.COMMITTED, KILL, 3), broken=build)
    scene.feed.submit(ROWS)
    wait_for(lambda: not victim.worker.running, "the kill")
    scene.start("normaliser", broken=build)
    scene.accounted()
    verdict(build, scene.audit(), Rule.TWICE, Rule.EVENT_TWICE, Rule.PUBLISHED)


@sound_or(broken.offsets_before_the_transaction)
def test_killed_between_the_offsets_and_the_commit(scene: Scene, build: str) -> None:
    scene.start("registrar")
    victim = scene.start("normaliser", Trap(traps.BEFORE_COMMIT, KILL, 3), broken=build)
    scene.feed.submit(ROWS)
    wait_for(lambda: not victim.worker.running, "the kill")
    scene.start("normaliser", broken=build)
    scene.accounted()
    verdict(build, scene.audit(), Rule.LOST, Rule.MISPLACED, Rule.PUBLISHED)


@sound_or(broken.lazy_producer)
def test_stopped_before_a_transaction_until_its_partitions_moved(scene: Scene, build: str) -> None:
    scene.start("registrar")
    zombie = scene.start("normaliser", Trap(traps.BEGIN, STOP), broken=build)
    scene.feed.submit(ROWS)
    wait_for(lambda: zombie.worker.stopped, "the stall")
    heir = scene.start("normaliser", broken=build)
    scene.held(heir)
    scene.accounted()
    zombie.worker.go_on()
    wait_for(lambda: zombie.serves, "the zombie's return")
    scene.accounted()
    verdict(build, scene.audit(), Rule.TWICE, Rule.EVENT_TWICE)


@sound_or(broken.state_kept_over_an_abort)
def test_a_client_that_fails_in_a_transaction(scene: Scene, build: str) -> None:
    scene.start("normaliser")
    member = scene.start("registrar", Trap(traps.PRODUCED, FAIL, 2), broken=build)
    scene.feed.submit(ROWS)
    wait_for(lambda: bool(traps.sprung(member.traps)), "the failure")
    scene.accounted()
    verdict(build, scene.audit(), Rule.OUTCOME, Rule.MISPLACED)


@sound_or(broken.state_kept_over_a_revoke)
def test_partitions_that_go_and_come_back(scene: Scene, build: str) -> None:
    scene.start("normaliser")
    stays = scene.start("registrar", broken=build)
    scene.feed.submit(ROWS)
    scene.accounted()
    guest = scene.start("registrar", broken=build)
    wait_for(lambda: guest.serves and stays.serves, "both at work")
    scene.feed.submit(ROWS)
    scene.accounted()
    assert scene.crew.remove(guest) == 0
    scene.held(stays)
    scene.feed.submit(ROWS)
    scene.accounted()
    verdict(build, scene.audit(), Rule.CODE_TWICE)


@sound_or(broken.changelog_read_until_it_is_quiet)
def test_a_restart_in_the_middle_of_a_batch(scene: Scene, build: str) -> None:
    scene.start("normaliser")
    first = scene.start("registrar", broken=build)
    scene.feed.submit(ROWS)
    scene.accounted()
    scene.crew.kill(first)
    scene.start("registrar", broken=build)
    scene.feed.submit(ROWS)
    scene.accounted()
    verdict(build, scene.audit(), Rule.CODE_TWICE)


@sound_or(broken.changelog_read_with_what_was_aborted)
def test_killed_with_its_changelog_written_and_not_committed(scene: Scene, build: str) -> None:
    scene.start("normaliser")
    victim = scene.start("registrar", Trap(traps.PRODUCED, KILL, 3), broken=build)
    scene.feed.submit(ROWS)
    wait_for(lambda: not victim.worker.running, "the kill")
    scene.start("registrar", broken=build)
    scene.accounted()
    verdict(build, scene.audit(), Rule.OUTCOME, Rule.MISPLACED)
