"""A fault of our own while a record is in hand: what is logged and said of it quotes nothing from the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import pytest
from structlog.testing import capture_logs

from schemas.raw import RawAddress
from services.normaliser import stage as module
from services.normaliser.stage import Normaliser
from services.stream.outputs import Outputs
from services.stream.state import MemoryStore

NAME = "Bùi Văn Kiểm Thử"


@dataclass(frozen=True)
class Record:
    value: bytes
    key: bytes = b"post:1"
    partition: int = 0
    offset: int = 7
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Careless:
    """A core with a bug whose message quotes what it was given."""

    def digitise(self, raws: Sequence[RawAddress]) -> list[object]:
        raise ValueError(f"cannot place {raws[0].address!r} of {raws[0].householder}")


def process(core: object) -> tuple[str, str]:
    """What is logged, and what the dead letter says, of a record on which the service fails."""
    raw = {"source": "post", "source_record_id": "1", "address": f"thôn 5, {NAME}", "householder": {"name": NAME}}
    out = Outputs("normaliser", "address.raw.v1", "topic-id", "address.raw.v1.dlq")
    with capture_logs() as logs:
        failures = Normaliser(core, 65536).process([Record(orjson.dumps(raw))], MemoryStore(), out)  # type: ignore[arg-type]
    assert failures == 1
    (letter,) = (record for record in out.records if record.topic == "address.raw.v1.dlq")
    return str(logs), str([value for name, value in letter.headers if name.startswith("dlq-")])


def test_of_an_error_in_the_core() -> None:
    logged, said = process(Careless())
    assert "ValueError" in logged
    assert "internal.unexpected" in said
    assert NAME not in logged + said


def test_of_an_error_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*given: object) -> None:
        raise KeyError(f"{given}")

    class Placed:
        edition = version = ""

        def digitise(self, raws: Sequence[RawAddress]) -> list[object]:
            return [type("Result", (), {"faults": (), "address_text": ""})() for _ in raws]

    monkeypatch.setattr(module, "submitted", careless)
    logged, said = process(Placed())
    assert "KeyError" in logged
    assert NAME not in logged + said
