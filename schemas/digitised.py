"""`address.digitised.v1`, keyed by code with unit. A null value retires the code."""

from __future__ import annotations

from schemas.address import AddressResult
from schemas.record import Record


class DigitisedAddress(Record, frozen=True):
    """`code` is the 12-character Vpostcode-style code, `unit` tells dwellings in one cell apart (None for the
    first), `written_code` is the form with check character. `aliases` are the earlier codes that resolve to this
    one. `record_key` is the record whose event made this version; several may share the dwelling."""

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
    result: AddressResult
