"""The audit must be able to fail: it finds out builds that are broken by one thing.

With LONG set, the sound build meets the same, and nothing is found; the short form has test_chaos.py for that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import broken, traps
from tests.chaos.judgement import Rule
from tests.chaos.plan import Plan
from tests.chaos.run import chaos
from tests.chaos.scene import Scene, new_scene
from tests.chaos.traps import FAIL, KILL, STOP, Trap
from tests.chaos.worker_faults import KILLED_AFTER_COMMIT
from tests.stream.pipeline import wait_for

ROWS = 1200
SOUND = ""
LONG = bool(os.environ.get("LONG"))

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def scene(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Scene]:
    with new_scene(kafka, topic_prefix, tmp_path) as made:
        yield made


def sound_or(*builds: object) -> pytest.MarkDecorator:
    """Broken builds, and in the long form the sound one, of which nothing may be found."""
    names = [*([SOUND] if LONG else []), *(getattr(build, "__name__", "") for build in builds)]
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
    scene.start_tracker()
    scene.start("registrar")
    victim = scene.start("normaliser", Trap(traps.BEFORE_COMMIT, KILL, 3), broken=build)
    scene.feed.submit(ROWS)
    wait_for(lambda: not victim.worker.running, "the kill")
    scene.start("normaliser", broken=build)
    scene.accounted()
    verdict(build, scene.audit(), Rule.LOST, Rule.MISPLACED, Rule.PUBLISHED, Rule.TOTALS)


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


@sound_or(broken.changelog_without_what_is_known)
def test_what_is_changed_and_never_read_back(scene: Scene, build: str) -> None:
    scene.start("normaliser")
    scene.start("registrar", broken=build)
    scene.feed.submit(ROWS)
    scene.accounted()
    verdict(build, scene.audit(), Rule.STATE)


@pytest.mark.timeout(900)
@pytest.mark.skipif(not LONG, reason="one schedule for each broken build: with LONG only")
@pytest.mark.parametrize("build", [SOUND, *broken.BROKEN], ids=lambda name: name or "sound")
def test_the_schedule_finds_it_out(build: str, tmp_path: Path) -> None:
    report = chaos(Plan(seed=1, rows=10_000, broken=build), tmp_path)
    print(report)
    assert bool(report.findings) is (build != SOUND), str(report)


def test_a_few_steps_of_the_schedule_find_one_out(tmp_path: Path) -> None:
    report = chaos(first_steps_with(KILLED_AFTER_COMMIT, broken.offsets_after_the_transaction.__name__), tmp_path)
    print(report)
    assert Rule.TWICE in {finding.rule for finding in report.findings}


def first_steps_with(fault: object, build: str) -> Plan:
    """A short plan that has a certain fault."""
    plans = (Plan(seed, rows=3000, steps=2, broken=build) for seed in range(10_000))
    return next(plan for plan in plans if any(each is fault for each, _ in plan.schedule()))
