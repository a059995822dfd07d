"""A Kafka that lets nobody in unasked, for the tests of this folder that want one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stream.secured import SecuredBroker, secured_broker


@pytest.fixture(scope="session")
def secured() -> Iterator[SecuredBroker]:
    """Shared by the run, as the open one is."""
    with tempfile.TemporaryDirectory(prefix="diachi-secured-") as folder, secured_broker(Path(folder)) as broker:
        yield broker
