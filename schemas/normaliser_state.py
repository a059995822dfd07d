"""`normaliser.state.v1`, the normaliser's changelog, keyed by record, in the partition of its raw record."""

from __future__ import annotations

from schemas.outcome import Outcome
from schemas.raw import Decision, RawPosition
from schemas.record import Record


class Remembered(Record, frozen=True):
    """A record's address fields as its source gave them, phones and the householder's name redacted."""

    address: str
    village: str | None = None
    commune: str | None = None
    district: str | None = None
    province: str | None = None
    position: RawPosition | None = None


class CommuneAt(Record, frozen=True):
    """The commune that had a code at an edition of the gazetteer, the day (ISO) from which its communes were those of
    today."""

    edition: str
    commune_code: str


class LastGood(Record, frozen=True):
    """What the published version was made of, while a later one waits in review; `placed_version` as in the state."""

    fields: Remembered
    decision: Decision | None
    result_hash: str | None
    placed_version: int


class RecordState(Record, frozen=True):
    """What the normaliser remembers of a record, also of one that was withdrawn.

    `source_hash` is over the source's own address fields; while it is unchanged a decision holds and nothing is
    published again. It is None of a withdrawn record. `source_version` is the offset at which the source's last word
    first stood, also where that came back from the dead letters: an older letter does not overwrite it.
    `registry_area` is where the last good version is registered, None if never. `batch_id` and `line_no` are the row
    that brought the current text: a later decision is a transition of that row. `reason` is the heaviest fault of a
    record in review.

    The rest is for running the record again after a change of the gazetteer: `fields` is the current text and point,
    `result_hash` tells whether anything new came of them, `communes` are those of the last good version, by edition,
    latest last, and `last_good` what that was made of, where it is not the current text. `placed_version` is the
    version that brought the current text and point, or the decision, None where it is `version` itself.
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
    fields: Remembered | None = None
    result_hash: str | None = None
    communes: tuple[CommuneAt, ...] = ()
    last_good: LastGood | None = None
    placed_version: int | None = None

    @property
    def placed_at(self) -> int:
        """The version that brought the current text and point, or the decision."""
        return self.version if self.placed_version is None else self.placed_version
