"""`normaliser.state.v1`, the normaliser's changelog, keyed by record, in the partition of its raw record."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.outcome import Outcome
from schemas.raw import Decision


@dataclass(frozen=True, slots=True)
class RecordState:
    """What the normaliser remembers of a record, also of one that was withdrawn.

    `source_hash` is over the source's own address fields; while it is unchanged a decision holds and nothing is
    published again. It is None of a withdrawn record. `source_version` is the offset at which the source's last word
    first stood, also where that came back from the dead letters: an older letter does not overwrite it.
    `registry_area` is where the last good version is registered, None if never. `batch_id` and `line_no` are the row
    that brought the current text: a later decision is a transition of that row. `reason` is the heaviest fault of a
    record in review.
    """

    version: int
    source_hash: str | None
    outcome: Outcome
    reason: str | None = None
    registry_area: str | None = None
    decision: Decision | None = None
    batch_id: str | None = None
    line_no: int | None = None
    gazetteer_version: str | None = None
    overlay_offset: int = -1
    source_version: int = -1
