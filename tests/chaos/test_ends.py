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
        (1, "Kafka at 127.0.0.1:1 takes connections and closes them at once: is it just starting or stopping", True),
        (1, "127.0.0.1:1 refuses connections: is the broker running, and is KAFKA_BOOTSTRAP_SERVERS right?", True),
        (1, "Kafka at 127.0.0.1:1 refuses user or password: see DIACHI_KAFKA_SASL_PASSWORD", False),
        (1, "[Error 6] NotLeaderForPartitionError: TopicPartition(topic='raw', partition=3)", True),
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


AWAY = "diachi tracker: no broker answers at 127.0.0.1:1 (KafkaConnectionError)."
FAUST = json.dumps({"event": "[^Worker]: Error: NodeNotReadyError('Attempt to send a request')", "exception": "..."})
BUG = json.dumps({"event": "[^Worker]: Error: KeyError('a')", "exception": "KafkaConnectionError"})


@pytest.mark.parametrize(
    ("status", "lines", "known"),
    [
        (70, ["anything"], True),
        (2, [AWAY], True),
        (1, [FAUST, "Unable to update metadata from [1]"], True),
        (2, [AWAY, "diachi tracker: no topic t"], False),
        (1, [FAUST, BUG], False),
        (1, ["Unable to bootstrap"], False),
        (0, [AWAY], False),
    ],
)
def test_the_tracker_may_lose_its_place_or_find_no_broker(
    tmp_path: Path, status: int, lines: list[str], known: bool
) -> None:
    assert tracker_end(status, log_of(tmp_path, *lines), 0).known is known


def test_what_the_tracker_before_said_is_no_reason(tmp_path: Path) -> None:
    log = log_of(tmp_path, AWAY)
    assert not tracker_end(2, log, log.stat().st_size).known
