"""The real pipeline and the model of its rules agree after any history.

`MODEL_RUNS` makes it longer (each run has 80 steps), `MODEL_SEED` makes it another one; with neither it is always the
same. The steps that were run are printed with `-s`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.model.running import run_parts

RUNS = 50
PARTS = 2
LEAST_STEPS = 2000


@pytest.mark.timeout(3600)
def test_pipeline_and_model_agree(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    runs = int(os.environ.get("MODEL_RUNS", RUNS))
    steps = run_parts(kafka, topic_prefix, tmp_path, runs, PARTS)
    for kind, count in sorted(steps.items(), key=lambda each: (each[0].startswith("("), -each[1])):
        print(f"{count:6} {kind}")
    made = sum(count for kind, count in steps.items() if not kind.startswith("("))
    print(f"{made:6} steps in {runs} runs")
    assert runs < RUNS or made >= LEAST_STEPS
