"""What an event did to the registry of its area. A struct, as one is made for every event."""

from __future__ import annotations

from msgspec import Struct

from schemas.matched import MatchedResult
from schemas.outcome import Outcome
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
