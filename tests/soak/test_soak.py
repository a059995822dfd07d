"""The short form of `make soak`: what grows grows by what is new, and a broker that goes away keeps nobody busy."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from services.process.ports import free_port
from services.process.supervisor import Service, Supervisor, is_ready
from services.stream.topics import MATCHED, RAW, REVIEW
from tests.chaos.broker import ProxiedBroker, proxied_broker
from tests.hostile.through_kafka import send
from tests.soak import __main__ as soak
from tests.soak import backlog
from tests.soak.memory import DISTINCT, SHARES, Grown, grow, new
from tests.soak.restoring import restoring
from tests.soak.spent import Spent
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import wait_for
from tests.stream.services import create_service_topics


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProxiedBroker]:
    with proxied_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def test_memory_is_flat_over_repeating_addresses_and_bounded_by_the_new_ones() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        same = pool.submit(grow, "repeating", 4 * DISTINCT).result()
        fresh = pool.submit(grow, "new", 2 * DISTINCT).result()
    print(same, fresh, sep="\n")
    # The first half holds every address twice: whatever the second half left behind would be left for ever.
    assert same.faults() == []
    assert fresh.faults() == []
    assert fresh.bytes_each > 0


def test_state_is_restored_as_it_was(kafka: str, topic_prefix: str) -> None:
    for restored in restoring(kafka, topic_prefix, 10_000):
        print(restored)
        assert restored.faults() == []


def test_a_backlog_is_worked_off_through_a_broker_that_hangs_dies_and_is_slow(
    proxied: ProxiedBroker, tmp_path: Path
) -> None:
    found = backlog.run(proxied, backlog.PREFIX, tmp_path, 20_000, away_seconds=5, slow_seconds=9)
    print(found)
    assert found.faults() == []


# A normaliser that gives up sooner, and that tells when it is about to ask for an assignment, and waits a moment.
IMPATIENT = """
import asyncio
from pathlib import Path

from services.cli.main import run
from services.stream import main, service

service._GROUP_LOST_SECONDS, service._WATCH_SECONDS = 3.0, 0.5


class Service(service.StreamService):
    async def on_partitions_revoked(self, revoked):
        await super().on_partitions_revoked(revoked)
        Path("joining").touch()
        await asyncio.sleep(1)


main.StreamService = Service
run()
"""


def test_a_service_that_lost_its_group_ends_and_its_supervisor_lets_it_go_on_once_the_broker_is_back(
    proxied: ProxiedBroker, tmp_path: Path
) -> None:
    script, said = tmp_path / "impatient.py", list[str]()
    script.write_text(IMPATIENT)
    asyncio.run(create_service_topics(proxied.direct, "lost.", 2))
    environ = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": proxied.servers,
        "DIACHI_TOPIC_PREFIX": "lost.",
        "DIACHI_SESSION_TIMEOUT_MS": "6000",
        "DIACHI_HEARTBEAT_INTERVAL_MS": "1000",
        "DIACHI_HTTP_PORT": str(port := free_port()),
    }
    service = Service("normaliser", [sys.executable, str(script), "normaliser"], environ, port)
    supervisor = Supervisor([service], tmp_path / "data", say=said.append)

    def checked(done: Callable[[], bool]) -> bool:
        supervisor.check()
        return done()

    def answered(rows: int) -> bool:
        topics = (MATCHED, REVIEW)
        found = [each for name in topics for each in asyncio.run(read_committed(proxied.direct, "lost." + name))]
        return len(found) >= rows

    try:
        asyncio.run(send(proxied.direct, "lost." + RAW, islice(new(), 100)))
        supervisor.start()
        wait_for(lambda: checked((tmp_path / "data" / "joining").exists), "the service to start", 60)
        proxied.proxy.refusing = True
        proxied.proxy.cut()
        wait_for(lambda: checked(lambda: bool(said)), "the service to give up", 60)
        assert said[0].startswith("normaliser ended with status 1; starting it again")
        assert "no assignment for" in supervisor.log_path("normaliser").read_text()
        proxied.proxy.refusing = False
        wait_for(lambda: checked(lambda: is_ready(service)), "the service to come back", 60)
        wait_for(lambda: answered(100), "the rows", 30)
        assert not answered(101)
    finally:
        proxied.proxy.refusing = False
        supervisor.stop()


def test_what_is_beyond_its_bounds_ends_with_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leaking = Grown("new", 1000, 200.0, 100.0, (110.0, 150.0, 200.0), 1.0)
    assert len(leaking.after) == len(SHARES)
    monkeypatch.setattr(soak, "_measured", lambda *_: [leaking])
    monkeypatch.setattr(sys, "argv", ["soak", "new"])
    assert soak.main() == 1
    assert "bytes a record over the last half, 200 at the most" in capsys.readouterr().err


def test_each_bound_of_a_backlog_names_what_is_beyond_it() -> None:
    def found(**shown: Any) -> list[str]:
        sound = {"steps": Counter({1: 1, 2: 1}), "slow": {"registrar": 5.0}}
        return backlog.Backlog(2, **{**sound, **shown}).faults()

    assert found() == []
    assert "1 rows without an outcome" in found(steps=Counter({1: 1}))[0]
    assert "some with two" in found(steps=Counter({1: 1, 2: 2}))[0]
    assert "bytes a record" in found(memory={"registrar": [(2000.0, 100.0), (20_000.0, 300.0)]})[0]
    assert "of a core" in found(away={"hangs": Spent({"tracker": 0.9}, {"tracker": 0.0})})[0]
    assert "MiB more" in found(away={"slow": Spent({"submit": 0.0}, {"submit": 200.0})})[0]
    assert "stood still" in found(slow={"registrar": 0.0})[0]
    assert "status 1" in found(file_status=1)[0]
