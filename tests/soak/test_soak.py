"""The short form of `make soak`: what grows grows by what is new, and a broker that goes away keeps nobody busy."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from services.stream.broker import own_broker
from tests.soak import backlog
from tests.soak.memory import DISTINCT, grow, new, repeating
from tests.soak.restoring import restoring

# As measured over a million records, twofold: see docs/limits.md.
MOST_BYTES_A_NEW_ADDRESS = 4000
MOST_MIB = 512


def test_memory_is_flat_over_repeating_addresses_and_bounded_by_the_new_ones() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        same = pool.submit(grow, "repeating", repeating, 4 * DISTINCT).result()
        fresh = pool.submit(grow, "new", new, 2 * DISTINCT).result()
    print(same, fresh, sep="\n")
    # The first half holds every address twice: whatever the second half left behind would be left for ever.
    assert same.bytes_each < 200
    assert 0 < fresh.bytes_each < MOST_BYTES_A_NEW_ADDRESS


def test_state_is_restored_as_it_was(kafka: str, topic_prefix: str) -> None:
    for restored in restoring(kafka, topic_prefix, 10_000):
        print(restored)
        assert restored.records >= 9000


def test_a_backlog_is_worked_off_through_a_broker_that_hangs_and_one_that_dies(tmp_path: Path) -> None:
    with own_broker("apache") as broker:
        found = backlog.run(broker, backlog.PREFIX, tmp_path, 20_000, away_seconds=6)
    print(found)
    assert found.each_once
    assert max(mib for taken in found.memory.values() for mib in taken) < MOST_MIB
    # A busy loop would use a whole core.
    assert max(share for shares in found.away.values() for share in shares.values()) < 0.5
