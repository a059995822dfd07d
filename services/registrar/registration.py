"""What an event did to the registry of its area, and what is published of it that is made anew. Structs, as they are
made for every event."""

from __future__ import annotations

from msgspec import Struct

from schemas.matched import MatchedResult
from schemas.outcome import Outcome
from schemas.record import Record
from schemas.registrar_state import RegisteredCode


class Registration(Struct, frozen=True, gc=False):
    """`code` is the key of the record's code, for the batch's account, and `outcome` what the row counts as.

    `published` is the entry to publish with `result`; `retired` are the keys of codes to withdraw by tombstone.
    """

    outcome: Outcome
    code: str | None
    published: RegisteredCode | None = None
    result: MatchedResult | None = None
    retired: tuple[str, ...] = ()


class DigitisedHead(Record, frozen=True):
    """The fields of `DigitisedAddress` but for the result, which comes last."""

    code: str
    unit: str | None
    written_code: str
    aliases: tuple[str, ...]
    address_id: str
    record_key: str
    version: int
    batch_id: str | None
    line_no: int | None
    digitised_at: str


class NationalHead(Record, frozen=True):
    """The fields of `NationalAddress` before the components."""

    code: str
    unit: str | None
    written_code: str
    aliases: tuple[str, ...]
    address_id: str
    dwelling_id: str | None
    postal_code: str
    full_address: str
