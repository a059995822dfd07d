"""`address.matched.v1`, keyed by registry area: from the normaliser to the one writer of that area's codes."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Raw

from schemas.address import AddressResult, Components, CoordinateLevel, MatchLevel, NextAction, Position
from schemas.outcome import Outcome
from schemas.record import Record


class MatchedAction(StrEnum):
    """REGISTER: give or keep a code. RELEASE: the record left this area, or was withdrawn. CONFIRM: its row brought
    nothing new; the registrar says whether it is registered."""

    REGISTER = "register"
    RELEASE = "release"
    CONFIRM = "confirm"


class MatchedAddress(Record, frozen=True):
    """`version` is the offset of the raw record that caused this; the registrar ignores older ones. For CONFIRM it is
    the version that should be registered.

    `result` is None but for REGISTER. `moved_to` names the new registry area of a record that left; a RELEASE without
    it is a withdrawal. `batch_id` and `line_no` name the row to account for, None where another event accounts for it.
    `previous_outcome` is what that row counted as before, and `previous_reason` why. `same_as` is the
    version whose text and point these are, None where they are new: what is new comes from the gazetteer, and if that
    version or a later one is registered, the dwelling keeps its code. `former_dwellings` are the ids that the dwelling
    would have in the communes where the record was before, in the same area.
    """

    record_key: str
    address_id: str
    version: int
    action: MatchedAction
    registry_area: str
    result: AddressResult | None
    moved_to: str | None = None
    batch_id: str | None = None
    line_no: int | None = None
    previous_outcome: Outcome | None = None
    previous_reason: str | None = None
    same_as: int | None = None
    former_dwellings: tuple[str, ...] = ()


class MatchedResult(Record, frozen=True):
    """`AddressResult` as the registrar reads it: what it only hands on stays JSON."""

    address_text: Raw
    components: Components
    commune_code: str | None
    commune: str | None
    province_code: str | None
    province: str | None
    legacy: Raw
    registry_area: str | None
    position: Position | None
    match_level: MatchLevel
    coordinate_level: CoordinateLevel
    score: int
    margin: int
    faults: Raw
    next_action: NextAction
    rivals: Raw
    dwelling_id: str | None
    proposed_code: str | None
    postal_code: str | None
    gazetteer_version: str
    overlay_offset: int = -1


class MatchedEvent(MatchedAddress, frozen=True):
    """`MatchedAddress` as the registrar reads it."""

    result: MatchedResult | None  # type: ignore[assignment]


class _StrictMatchedResult(MatchedResult, frozen=True, forbid_unknown_fields=True):
    """The same, refused with a field that the schema does not know."""


class StrictMatchedEvent(MatchedEvent, frozen=True, forbid_unknown_fields=True):
    """The same, refused with a field that the schema does not know, also in its result."""

    result: _StrictMatchedResult | None
