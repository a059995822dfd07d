"""The short form of chaos: each fault once, those of workers on both stages. `make chaos` has the long form too."""

from __future__ import annotations

import os
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from tests.chaos.crew import STAGES
from tests.chaos.plan import Plan
from tests.chaos.run import chaos
from tests.chaos.shared_faults import OF_ALL
from tests.chaos.worker_faults import OF_WORKERS

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


def test_a_seed_makes_one_schedule_with_every_fault_on_every_stage_in_each_round() -> None:
    once, again, other = Plan(7).schedule(), Plan(7).schedule(), Plan(8).schedule()
    assert once == again
    assert once != other
    each_pair = Counter([*product(OF_WORKERS, STAGES), *((fault, "") for fault in OF_ALL)])
    assert Counter(once) == each_pair
    twice = Plan(7, rounds=2).schedule()
    assert Counter(twice[: len(once)]) == Counter(twice[len(once) :]) == each_pair
