"""The parts of the benchmark that need no broker, over a few rows: it must not rot between two measurements."""

from __future__ import annotations

from tests.bench.core import core_alone
from tests.bench.hard_texts import hard_texts
from tests.bench.records import raw_records
from tests.bench.report import Results, page, plot
from tests.bench.shapes import sample_shapes
from tests.bench.stages import digests, run
from tests.unit.address.pathological import PATHOLOGICAL

ROWS = 200


def test_the_core_is_measured_and_shown() -> None:
    measured = core_alone(ROWS, 1)
    assert measured.processes == 1
    assert 0 < measured.rows <= ROWS
    results = Results(where="here", core=[measured])
    assert f"| 1 | {measured.rows:,} |" in page(results)
    assert "1 process</text>" in plot(results)


def test_hard_texts_are_measured_and_shown() -> None:
    measured = hard_texts(50)
    assert measured.slowest in PATHOLOGICAL
    assert measured.slowest in page(Results(where="here", hard_texts=measured))


def test_both_stages_make_the_same_of_the_same_rows() -> None:
    rows = [(record.key, record.value) for record in raw_records(ROWS)]
    once, again = ([outputs for _, outputs in run(rows)] for _ in range(2))
    assert digests(once) == digests(again) != {}


def test_the_shapes_for_the_bare_skeleton_are_those_of_both_stages() -> None:
    shapes = sample_shapes(50)
    assert {stage: len(found) > 0 for stage, found in shapes.items()} == {"normaliser": True, "registrar": True}
    assert any(shape.events for shape in shapes["registrar"])
