"""Hands the consequences of one raw record to the batch's outputs and to the state."""

from __future__ import annotations

from schemas.batch import Transition
from schemas.codec import encode, encode_with
from services.normaliser.change import Change
from services.stream.outputs import InputRecord, Outputs
from services.stream.state import StateStore
from services.stream.topics import MATCHED, REVIEW


def publish(change: Change, record: InputRecord, state: StateStore, out: Outputs) -> None:
    """All that `change` says, caused by `record`."""
    key = record.key or b""
    for matched in change.matched:
        out.publish(MATCHED, matched.registry_area.encode(), encode_with(matched, change.encoded), record)
    if change.review is not None:
        out.publish(REVIEW, key, encode_with(change.review, change.encoded), record)
    elif change.settles_review:
        out.publish(REVIEW, key, None, record)
    if change.state is not None:
        state.put(key, encode(change.state))
    if change.row is not None and change.outcome is not None:
        batch_id, line_no = change.row
        step = Transition(
            line_no=line_no,
            version=record.offset,
            previous=change.previous,
            outcome=change.outcome,
            reason=change.reason,
            previous_reason=change.previous_reason,
        )
        out.transition(batch_id, step)
