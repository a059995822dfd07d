"""The real pipeline and the model of its rules agree after any history.

`MODEL_RUNS` makes it longer (each run has 80 steps), `MODEL_SEED` makes it another one; with neither it is always the
same. The steps that were run are printed with `-s`.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.installation import installation
from tests.model.machine import Histories

RUNS = 50
STEPS = 80
LEAST_STEPS = 2000


def run_histories(histories: type[Histories], runs: int) -> None:
    given = os.environ.get("MODEL_SEED")
    chosen = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        derandomize=given is None,
        deadline=None,
        database=None,
        # A history says all it did, and to shorten it takes an hour.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    if given is not None:
        seed(int(given))(histories)
    run_state_machine_as_test(histories, settings=chosen)


@pytest.mark.timeout(3600)
def test_pipeline_and_model_agree(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    runs = int(os.environ.get("MODEL_RUNS", RUNS))

    class Here(Histories):
        steps: ClassVar[Counter[str]] = Counter()

    with installation(kafka, topic_prefix, tmp_path, runs) as Here.installation:
        run_histories(Here, runs)
    for kind, count in sorted(Here.steps.items(), key=lambda each: (each[0].startswith("("), -each[1])):
        print(f"{count:6} {kind}")
    made = sum(count for kind, count in Here.steps.items() if not kind.startswith("("))
    print(f"{made:6} steps in {runs} runs")
    assert runs < RUNS or made >= LEAST_STEPS
