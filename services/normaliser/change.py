"""What one raw record leads to. Structs, as they are made for every record."""

from __future__ import annotations

from msgspec import Struct

from schemas.address import AddressResult
from schemas.matched import MatchedAddress
from schemas.normaliser_state import RecordState, Remembered
from schemas.outcome import Outcome
from schemas.review import ReviewItem

Row = tuple[str, int]


class Change(Struct, frozen=True, gc=False):
    """The consequences of one raw record.

    `outcome` is announced for `row` by the normaliser; it is None where the registrar will announce it. `state` is the
    record's new state. `settles_review` removes a waiting review item. `encoded` is the JSON of the result in `matched`
    or `review`, where it was made already.
    """

    row: Row | None = None
    outcome: Outcome | None = None
    previous: Outcome | None = None
    previous_reason: str | None = None
    reason: str | None = None
    matched: tuple[MatchedAddress, ...] = ()
    review: ReviewItem | None = None
    settles_review: bool = False
    state: RecordState | None = None
    encoded: bytes | None = None


class Fresh(Struct, frozen=True, gc=False):
    """New or changed address fields of a source: their hash, what is to be remembered of them, what came of them, the
    edition of the gazetteer that this came of, and the offset at which they first stood: that of their record, unless
    they were put back."""

    source_hash: str
    fields: Remembered
    result: AddressResult
    edition: str
    source_version: int
