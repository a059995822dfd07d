"""Hands what an event came to to the batch's outputs: what it publishes, and what its row counts as."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.batch import Transition
from schemas.matched import MatchedEvent
from schemas.outcome import Outcome
from services.registrar.publications import Published
from services.stream.outputs import InputRecord, Outputs


def announce(published: Sequence[Published], event: MatchedEvent, record: InputRecord, out: Outputs) -> None:
    """What the event publishes, caused by `record`."""
    # What is of one area stands in one partition, in the order in which it was decided (decision 56).
    area = event.registry_area.encode()
    for topic, key, value in published:
        out.publish(topic, key, value, record, area)


def account(event: MatchedEvent, outcome: Outcome, code: str | None, reason: str | None, out: Outputs) -> None:
    """What the event's row counts as, if it is to account for one."""
    if event.batch_id is None or event.line_no is None:
        return
    step = Transition(
        line_no=event.line_no,
        version=event.version,
        previous=event.previous_outcome,
        outcome=outcome,
        code=code,
        reason=reason,
        previous_reason=event.previous_reason,
    )
    out.transition(event.batch_id, step)
