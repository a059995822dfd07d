"""What a batch's events add up to: pure functions, the same in whatever order the stages' events arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from schemas.batch import BatchClosed, BatchOpened, BatchStatus, BatchTransitions

BatchEvent = BatchOpened | BatchClosed | BatchTransitions


@dataclass(frozen=True, slots=True)
class BatchTally:
    """The tracker's table value: what a batch adds up to so far.

    `accounted` counts rows that have their first outcome. `outcomes` and `reasons` are signed: while the stages'
    events are still on their way, a row may leave an outcome before it was seen to enter it. `counted` holds the last
    offset counted for each input (`stage/topic id/partition`), so that a replay counts nothing twice.
    """

    source: str | None = None
    name: str | None = None
    opened_at: str | None = None
    closed_at: str | None = None
    rows: int | None = None
    accounted: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    updated_at: str | None = None


def fold(tally: BatchTally | None, event: BatchEvent, at: str) -> BatchTally:
    """`tally` (None for a batch not heard of) with `event`, which happened `at` (RFC 3339), counted in.

    The very same `tally` comes back for an event that was counted before. The events of one input must come in the
    order of their offsets, as Kafka delivers them; all else may come in any order.
    """
    known = tally or BatchTally()
    match event:
        case BatchOpened():
            if known.opened_at is not None:
                return known
            return replace(
                known, source=event.source, name=event.name, opened_at=event.opened_at, updated_at=_later(known, at)
            )
        case BatchClosed():
            if known.rows is not None:
                return known
            return replace(known, rows=event.rows, closed_at=event.closed_at, updated_at=_later(known, at))
        case BatchTransitions():
            return _count(known, event, at)


def _count(tally: BatchTally, event: BatchTransitions, at: str) -> BatchTally:
    origin = f"{event.stage}/{event.topic_id}/{event.partition}"
    if event.offset <= tally.counted.get(origin, -1):
        return tally
    accounted = tally.accounted
    outcomes, reasons = dict(tally.outcomes), dict(tally.reasons)
    # Of a transaction's thousand steps most are alike.
    steps = Counter([(step.previous, step.previous_reason, step.outcome, step.reason) for step in event.transitions])
    for (previous, previous_reason, outcome, reason), rows in steps.items():
        if previous is None:
            accounted += rows
        else:
            _add(outcomes, previous.value, -rows)
        if previous_reason is not None:
            _add(reasons, previous_reason, -rows)
        _add(outcomes, outcome.value, rows)
        if reason is not None:
            _add(reasons, reason, rows)
    return replace(
        tally,
        accounted=accounted,
        outcomes=outcomes,
        reasons=reasons,
        counted={**tally.counted, origin: event.offset},
        updated_at=_later(tally, at),
    )


def _add(counts: dict[str, int], name: str, step: int) -> None:
    total = counts.get(name, 0) + step
    if total:
        counts[name] = total
    else:
        counts.pop(name, None)


def _later(tally: BatchTally, at: str) -> str:
    return at if tally.updated_at is None else max(tally.updated_at, at)


def status(batch_id: str, tally: BatchTally) -> BatchStatus:
    """The public form of a tally.

    A batch is `complete` when it is closed, every row has an outcome, and no outcome waits for the event that
    led up to it.
    """
    settled = all(count > 0 for count in tally.outcomes.values())
    state: Literal["open", "closed", "complete"] = "open"
    if tally.rows is not None:
        state = "complete" if tally.accounted == tally.rows and settled else "closed"
    return BatchStatus(
        batch_id=batch_id,
        source=tally.source,
        name=tally.name,
        state=state,
        submitted=tally.rows,
        accounted=tally.accounted,
        outcomes=_positive(tally.outcomes),
        reasons=_positive(tally.reasons),
        opened_at=tally.opened_at,
        closed_at=tally.closed_at,
        updated_at=tally.updated_at,
    )


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count > 0}
