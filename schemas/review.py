"""`address.review.v1`, keyed by record: valid, but a person must decide. A null value settles it."""

from __future__ import annotations

from schemas.address import AddressResult
from schemas.record import Record


class ReviewItem(Record, frozen=True):
    """`version` is what a decision names as `based_on_version`. `published` says that an earlier good version of
    the address stays published while this one waits."""

    record_key: str
    address_id: str
    version: int
    batch_id: str | None
    line_no: int | None
    published: bool
    result: AddressResult
