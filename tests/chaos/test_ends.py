"""Which ends of a process are known, and which fail a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.ends import tracker_end, worker_end


def log_of(folder: Path, *lines: str) -> Path:
    log = folder / "log"
    log.write_text("\n".join(lines) + "\n")
    return log


def failure(error: str) -> str:
    return json.dumps({"stage": "registrar", "error": error, "event": "service failed", "level": "error"})


@pytest.mark.parametrize(
    ("status", "error", "known"),
    [
        (1, "KafkaConnectionError: Unable to bootstrap from [('127.0.0.1', 1)]", True),
        (1, "Kafka at 127.0.0.1:1 closes connections without TLS: see DIACHI_KAFKA_SECURITY_PROTOCOL", True),
        (1, "no assignment for 121 s: is the broker there? Start again", True),
        (1, "a transaction stays open on chaos.registrar.state.v1 partition 3", False),
        (1, "AssertionError", False),
        (0, "KafkaConnectionError: Unable to bootstrap from []", False),
        (-11, "KafkaConnectionError: Unable to bootstrap from []", False),
    ],
)
def test_a_worker_may_end_only_for_what_is_around_it(tmp_path: Path, status: int, error: str, known: bool) -> None:
    assert worker_end(status, log_of(tmp_path, failure(error), "not of this")).known is known


def test_the_last_reason_counts_and_a_worker_must_say_one(tmp_path: Path) -> None:
    assert not worker_end(1, log_of(tmp_path, failure("Unable to bootstrap"), failure("KeyError"))).known
    assert not worker_end(1, log_of(tmp_path, "Traceback")).known


def test_the_tracker_may_lose_its_place_or_find_no_broker(tmp_path: Path) -> None:
    away = "diachi tracker: no broker answers at 127.0.0.1:1 (KafkaConnectionError)."
    assert tracker_end(70, log_of(tmp_path, "anything")).known
    assert tracker_end(2, log_of(tmp_path, away)).known
    assert not tracker_end(2, log_of(tmp_path, away, "diachi tracker: no topic t")).known
    assert not tracker_end(1, log_of(tmp_path, away)).known
