"""The life of a batch: `batch.progress.v1` (facts, keyed by batch) and `batch.status.v1` (their sum, compacted)."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from schemas.outcome import Outcome
from schemas.record import Record


class BatchOpened(Record, frozen=True):
    """Intake starts to send the rows of a batch. `name` is what the operator calls it, for example a file name."""

    batch_id: str
    source: str
    opened_at: str
    name: str | None = None
    kind: Literal["opened"] = "opened"


class BatchClosed(Record, frozen=True):
    """Intake has sent all rows of a batch, and counted them."""

    batch_id: str
    rows: int
    closed_at: str
    kind: Literal["closed"] = "closed"


class Transition(Record, frozen=True):
    """One row's step. `previous` is what the row counted as before (None for its first outcome), `previous_reason`
    why. `reason` is the error code of a dead letter, or the heaviest fault of a row in review."""

    line_no: int
    version: int
    previous: Outcome | None
    outcome: Outcome
    code: str | None = None
    reason: str | None = None
    previous_reason: str | None = None


class BatchTransitions(Record, frozen=True):
    """The steps that one transaction of one stage made for one batch. (`stage`, `topic_id`, `partition`) is the
    input it read and `offset` its last offset: a reader that remembers it per batch counts nothing twice."""

    batch_id: str
    stage: Literal["normaliser", "registrar"]
    topic_id: str
    partition: int
    offset: int
    transitions: tuple[Transition, ...]
    kind: Literal["transitions"] = "transitions"


class BatchStatus(Record, frozen=True):
    """Where a batch stands. `submitted` is None until intake has closed the batch; `complete` once the outcomes add
    up to it. `reasons` counts error codes of dead letters and the heaviest fault of rows in review."""

    batch_id: str
    source: str | None
    name: str | None
    state: Literal["open", "closed", "complete"]
    submitted: int | None
    accounted: int
    outcomes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    opened_at: str | None = None
    closed_at: str | None = None
    updated_at: str | None = None
