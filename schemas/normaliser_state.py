"""`normaliser.state.v1`, the normaliser's changelog, keyed by record, in the partition of its raw record."""

from __future__ import annotations

from schemas.outcome import Outcome
from schemas.raw import Decision
from schemas.record import Record


class RecordState(Record, frozen=True):
    """What the normaliser remembers of a record.

    `source_hash` is over the source's own address fields; while it is unchanged a decision holds and nothing is
    published again. `registry_area` is where the last good version is registered, None if never. `batch_id` and
    `line_no` are the row that brought the current text: a later decision is a transition of that row. `reason` is the
    heaviest fault of a record in review.
    """

    version: int
    source_hash: str
    outcome: Outcome
    reason: str | None = None
    registry_area: str | None = None
    decision: Decision | None = None
    batch_id: str | None = None
    line_no: int | None = None
    gazetteer_version: str | None = None
    overlay_offset: int = -1
