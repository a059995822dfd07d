"""The short form of chaos: each fault once, over 50,000 rows. `make chaos` runs it too, and the long form."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.run import Plan, chaos

# One schedule, so that a failure is of the change at hand; `make chaos` draws another each time.
_SEED = 4


@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_whatever_happens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("SEED") or _SEED)
    with capsys.disabled():
        print(f"\nchaos with seed {seed}; again with SEED={seed}", flush=True)
    report = chaos(Plan(seed), tmp_path)
    with capsys.disabled():
        print(report)
    assert report.rows >= 50_000
    assert not report.findings, str(report)
    # A fault that did not come about proves nothing.
    assert not report.missed, str(report)


def test_a_seed_makes_one_schedule_with_every_fault_in_each_round() -> None:
    once, again, other = Plan(7).schedule(), Plan(7).schedule(), Plan(8).schedule()
    assert once == again
    assert once != other
    twice = Plan(7, rounds=2).schedule()
    assert {fault for fault, _ in once} == {fault for fault, _ in twice}
    assert len(twice) == 2 * len(once)
