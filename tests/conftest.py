"""What tests of several kinds share: a real broker, and topics of their own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from services.process.compiled import advice, stale_modules
from services.stream.broker import local_broker

# A busy machine is no failure: how long an example takes is measured in tests/bench.
settings.register_profile("diachi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("diachi")


def pytest_configure() -> None:
    """Refuse to test other code than what stands in the sources."""
    if stale := stale_modules():
        pytest.exit(advice(stale), returncode=2)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The address of a real Apache Kafka, shared by the whole run; the one of KAFKA_BOOTSTRAP_SERVERS, if set.

    A broker that cannot be had fails the tests that need it: exactly-once is not shown by a test that was skipped.
    """
    with local_broker("apache") as broker:
        yield broker.bootstrap_servers


@pytest.fixture
def topic_prefix(monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix for the topics, groups and transactional ids of one test; child processes inherit it."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    monkeypatch.setitem(os.environ, "DIACHI_TOPIC_PREFIX", prefix)
    return prefix
