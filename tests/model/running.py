"""Runs histories, in parts beside each other: a history mostly waits for the broker and for what its services do."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.installation import installation
from tests.model.machine import Histories

STEPS = 80


def run_histories(histories: type[Histories], runs: int, part: int = 0) -> None:
    """Always the same ones for a part, unless MODEL_SEED names others. Raises what the first that fails raises."""
    given = os.environ.get("MODEL_SEED")
    same = given is None and part == 0
    chosen = settings(
        max_examples=runs,
        stateful_step_count=STEPS,
        derandomize=same,
        deadline=None,
        database=None,
        # A history says all it did, and to shorten it takes an hour.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    if not same:
        seed(int(given or 0) + part)(histories)
    run_state_machine_as_test(histories, settings=chosen)


def run_part(servers: str, prefix: str, folder: Path, runs: int, part: int) -> Counter[str]:
    """Run histories on an installation of their own; how many steps there were of each kind. For a process of its own:
    commands find the installation by the environment."""
    os.environ |= {"KAFKA_BOOTSTRAP_SERVERS": servers, "DIACHI_TOPIC_PREFIX": prefix}

    class Here(Histories):
        steps: ClassVar[Counter[str]] = Counter()

    with installation(servers, prefix, folder, runs) as Here.installation:
        run_histories(Here, runs, part)
    return Here.steps


def run_parts(servers: str, prefix: str, folder: Path, runs: int, parts: int) -> Counter[str]:
    """Run histories in so many processes at a time; all their steps."""
    shares = [runs // parts + (part < runs % parts) for part in range(parts)]
    folders = [folder / f"part-{part}" for part in range(parts)]
    for each in folders:
        each.mkdir()
    with ProcessPoolExecutor(parts, multiprocessing.get_context("spawn")) as pool:
        running = [
            pool.submit(run_part, servers, f"{prefix}part-{part}.", folders[part], shares[part], part)
            for part in range(parts)
        ]
        return sum((each.result() for each in running), Counter[str]())
