"""A batch of 10,000 rows through Apache Kafka while its workers are killed and stopped: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gazetteer.gazetteer import Gazetteer
from services.stream.topics import RAW
from tests.chaos.audit import Audit, account, audit
from tests.chaos.rows import compose
from tests.stream.kafka_io import produce
from tests.stream.pipeline import Pipeline, Worker, metric, wait_for
from tests.stream.services import create_service_topics

ROWS = 10_000
PARTITIONS = 6
STALLED_WORKER = Path(__file__).with_name("stalled_worker.py")

pytestmark = pytest.mark.timeout(600)


@dataclass
class Scene:
    """A broker with topics of its own, and a pipeline on it."""

    servers: str
    prefix: str
    pipeline: Pipeline

    def submit(self, rows: int, batch_id: str) -> None:
        made = compose(Gazetteer.load(), rows, batch_id)
        asyncio.run(produce(self.servers, self.prefix + RAW, made))

    def accounted(self, batch_id: str) -> int:
        return len(asyncio.run(account(self.servers, self.prefix, batch_id)))

    def audit(self, rows: int, batch_id: str) -> Audit:
        wait_for(lambda: self.accounted(batch_id) >= rows, "all rows", 240)
        return asyncio.run(audit(self.servers, self.prefix, batch_id, rows))


@pytest.fixture
def scene(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Scene]:
    asyncio.run(create_service_topics(kafka, topic_prefix, PARTITIONS))
    with Pipeline(kafka, topic_prefix, tmp_path, max_batch_records=100) as pipeline:
        yield Scene(kafka, topic_prefix, pipeline)


@pytest.fixture(scope="module")
def undisturbed(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The same rows in peace."""
    prefix = "undisturbed."
    asyncio.run(create_service_topics(kafka, prefix, PARTITIONS))
    with Pipeline(kafka, prefix, tmp_path_factory.mktemp("undisturbed")) as pipeline:
        pipeline.start("normaliser")
        pipeline.start("registrar")
        scene = Scene(kafka, prefix, pipeline)
        scene.submit(ROWS, "b1")
        return scene.audit(ROWS, "b1")


def processed(worker: Worker, records: int) -> Callable[[], bool]:
    return lambda: metric(worker, "diachi_records_total") >= records


def assert_same(disturbed: Audit, undisturbed: Audit) -> None:
    assert disturbed.outcomes == undisturbed.outcomes
    assert disturbed.codes == undisturbed.codes


def test_the_same_batch_again_is_unchanged_and_issues_no_code(scene: Scene) -> None:
    scene.pipeline.start("normaliser")
    scene.pipeline.start("registrar")
    scene.submit(ROWS, "b1")
    first = scene.audit(ROWS, "b1")
    counts = first.counts()
    assert sum(counts.values()) == ROWS
    assert counts["digitised"] > ROWS * 0.8
    assert counts["review"] > 0
    assert counts["dead_letter"] > 0
    scene.submit(ROWS, "b2")
    wait_for(lambda: scene.accounted("b2") >= ROWS, "the second batch", 240)
    again = asyncio.run(account(scene.servers, scene.prefix, "b2"))
    # What cannot be read is not remembered: it is refused again. Every other row is unchanged.
    expected = {
        line: "dead_letter" if outcome == "dead_letter" else "unchanged" for line, outcome in first.outcomes.items()
    }
    assert {line: steps[0][0] for line, steps in again.items()} == expected


def test_killed_in_the_middle_of_a_batch(scene: Scene, undisturbed: Audit) -> None:
    normaliser, registrar = scene.pipeline.start("normaliser"), scene.pipeline.start("registrar")
    normaliser.wait_ready()
    registrar.wait_ready()
    scene.submit(ROWS, "b1")
    wait_for(processed(normaliser, 2_000), "2,000 rows at the normaliser")
    normaliser.kill()
    normaliser = scene.pipeline.start("normaliser")
    wait_for(processed(registrar, 1_000), "1,000 rows at the registrar")
    registrar.kill()
    registrar = scene.pipeline.start("registrar")
    normaliser.wait_ready()
    wait_for(processed(normaliser, 1_000), "1,000 more rows at the normaliser")
    normaliser.kill()
    registrar.wait_ready()
    registrar.kill()
    scene.pipeline.start("normaliser")
    scene.pipeline.start("registrar")
    assert_same(scene.audit(ROWS, "b1"), undisturbed)


@pytest.mark.parametrize("stage", ["normaliser", "registrar"])
def test_a_worker_that_wakes_after_its_partitions_moved_is_fenced(scene: Scene, undisturbed: Audit, stage: str) -> None:
    workers = {name: scene.pipeline.start(name) for name in ("normaliser", "registrar")}
    for worker in workers.values():
        worker.wait_ready()
    zombie = workers[stage]
    scene.submit(ROWS, "b1")
    wait_for(processed(zombie, 1_000), "1,000 rows at the worker")
    zombie.stall()
    heir = scene.pipeline.start(stage)
    wait_for(
        lambda: heir.ready() and metric(heir, "diachi_partitions_assigned") == PARTITIONS, "the partitions to move"
    )
    zombie.go_on()
    wait_for(
        lambda: zombie.ready() and metric(zombie, "diachi_partitions_assigned") < PARTITIONS, "the zombie to rejoin"
    )
    assert metric(zombie, "diachi_transactions_aborted_total") > 0, "the zombie was not fenced: no stall was tested"
    assert_same(scene.audit(ROWS, "b1"), undisturbed)


@pytest.mark.parametrize("stage", ["normaliser", "registrar"])
def test_a_stall_between_assignment_and_the_start_of_the_producers(
    scene: Scene, undisturbed: Audit, stage: str, tmp_path: Path
) -> None:
    other = scene.pipeline.start("registrar" if stage == "normaliser" else "normaliser")
    other.wait_ready()
    zombie = scene.pipeline.start(stage, script=STALLED_WORKER, STALL_MARKER=str(tmp_path / "stalled"))
    wait_for(lambda: zombie.stopped, "the stall")
    heir = scene.pipeline.start(stage)
    wait_for(
        lambda: heir.ready() and metric(heir, "diachi_partitions_assigned") == PARTITIONS, "the partitions to move"
    )
    scene.submit(ROWS, "b1")
    wait_for(processed(heir, 1_000), "1,000 rows at the heir")
    zombie.go_on()
    wait_for(zombie.ready, "the zombie to rejoin")
    result = scene.audit(ROWS, "b1")
    assert metric(heir, "diachi_partitions_lost_total") > 0, "the zombie's producers fenced nobody: no stall was tested"
    assert_same(result, undisturbed)


def test_sigterm_finishes_what_is_in_hand(scene: Scene, undisturbed: Audit) -> None:
    normaliser, registrar = scene.pipeline.start("normaliser"), scene.pipeline.start("registrar")
    normaliser.wait_ready()
    registrar.wait_ready()
    scene.submit(ROWS, "b1")
    for worker in (normaliser, registrar):
        wait_for(processed(worker, 1_000), "1,000 rows")
        assert worker.terminate() == 0
    scene.pipeline.start("normaliser")
    scene.pipeline.start("registrar")
    assert_same(scene.audit(ROWS, "b1"), undisturbed)
