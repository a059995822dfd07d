"""What running a record again changes after a change of the gazetteer. Pure, given the core.

A request brings no address: what is run is what is remembered. So a correction that came before it stays, a withdrawn
record stays withdrawn, and a record that was run with this gazetteer already is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from schemas.address import AddressResult, NextAction
from schemas.dead_letter import DeadLetterCode
from schemas.matched import MatchedAddress
from schemas.normaliser_state import CommuneAt, LastGood, RecordState
from schemas.outcome import Outcome
from schemas.raw import Decision, RawAddress, Reprocess
from services.address.carry import doubted
from services.normaliser.change import Change
from services.normaliser.corrections import heaviest, register_events, review_item, row_of
from services.normaliser.fingerprints import result_hash
from services.normaliser.memory import as_raw, former_commune, in_area, with_commune
from services.normaliser.reading import Refusal


class CarryingCore(Protocol):
    """What running a record again asks of the address core; see services.address.core."""

    @property
    def version(self) -> str: ...
    @property
    def edition(self) -> str: ...
    def settle(self, decision: Decision) -> AddressResult: ...
    def stays(self, former: CommuneAt, area: str, result: AddressResult) -> bool: ...
    def carry(
        self, raw: RawAddress, found: AddressResult, former: CommuneAt, decision: Decision | None = None
    ) -> AddressResult: ...


@dataclass(frozen=True, slots=True)
class Rerun:
    """What is run: the record's current text and, while that waits in review, the text that is published."""

    current: RawAddress
    published: RawAddress | None


def to_run(request: Reprocess, known: RecordState | None, version: str) -> Rerun | None:
    """What a request asks to be run with the gazetteer of a version; None for nothing."""
    if known is None or known.fields is None or request.gazetteer_version != version:
        return None
    if known.gazetteer_version == version and not request.again:
        return None
    good = known.last_good
    return Rerun(
        as_raw(request, known.fields, known.decision),
        None if good is None else as_raw(request, good.fields, good.decision),
    )


def not_run(request: Reprocess, known: RecordState | None, version: str) -> Change | Refusal:
    """What a request means that runs nothing."""
    if request.gazetteer_version != version:
        return Refusal(
            DeadLetterCode.REPROCESS_GAZETTEER,
            f"the request is for another gazetteer than {version}, which the normaliser has: run all normalisers with "
            "the one that is meant, then `diachi reprocess` again",
        )
    if known is None or known.outcome is Outcome.WITHDRAWN:
        return Change()
    if known.fields is None and known.gazetteer_version != version:
        return Refusal(
            DeadLetterCode.REPROCESS_FORGOTTEN,
            "an earlier release kept no text of this record: submit it again",
        )
    return Change()


def rerun(
    core: CarryingCore, key: str, known: RecordState, offset: int, run: Rerun, found: list[AddressResult]
) -> Change:
    """What came of the texts of `run`, in order. `offset` becomes the version of whatever is published."""
    again = _Again(core, key, known, offset)
    good = known.last_good
    if good is None or run.published is None:
        if known.registry_area is None or (known.outcome is Outcome.REVIEW and not known.communes):
            # Nothing is published, or nobody knows what it was made of.
            return again.placed(found[0])
        return again.placed(again.carried(run.current, found[0], known.decision), same_as=known.placed_at)
    current = again.placed(again.at_home(found[0]))
    if current.matched:
        return current
    return again.with_published(current, good, again.carried(run.published, found[1], good.decision))


@dataclass(frozen=True, slots=True)
class _Again:
    core: CarryingCore
    key: str
    known: RecordState
    offset: int

    def carried(self, raw: RawAddress, found: AddressResult, decision: Decision | None) -> AddressResult:
        """The result of the text that is published, in the area where it is."""
        former = former_commune(self.known.communes, self.core.edition, decision)
        if former is not None:
            result = self.core.carry(raw, found, former, decision)
        elif decision is not None:
            try:
                result = self.core.settle(decision)
            except LookupError:
                result = doubted(found)
        else:
            result = found
        area = self.known.registry_area
        return result if area is None or not _accepted(result) else in_area(result, area)

    def at_home(self, result: AddressResult) -> AddressResult:
        """A corrected text that is accepted now, in the area of its record if lineage leads there."""
        area, communes = self.known.registry_area, self.known.communes
        if not area or not communes or not _accepted(result) or not self.core.stays(communes[-1], area, result):
            return result
        return in_area(result, area)

    def placed(self, result: AddressResult, same_as: int | None = None) -> Change:
        """The change that a result of the current text makes; `same_as` is the version that brought that, if it is
        published."""
        known, fresh = self.known, self._state(result)
        accepted, reviewed = _accepted(result), known.outcome is Outcome.REVIEW
        if accepted is not reviewed and fresh.result_hash == known.result_hash:
            return Change(state=fresh)
        fresh = replace(fresh, version=self.offset)
        row = row_of(known)
        if accepted:
            state = replace(fresh, outcome=Outcome.DIGITISED, reason=None, registry_area=result.registry_area)
            events = register_events(self.key, known, self.offset, row, result, counted=known, same_as=same_as)
            return Change(
                matched=events, settles_review=reviewed, state=replace(state, last_good=None, placed_version=same_as)
            )
        reason = heaviest(result)
        return Change(
            row=row,
            outcome=Outcome.REVIEW,
            previous=known.outcome,
            previous_reason=known.reason,
            reason=reason,
            review=review_item(self.key, self.offset, row, result, published=known.registry_area is not None),
            state=replace(fresh, outcome=Outcome.REVIEW, reason=reason, placed_version=known.placed_at),
        )

    def with_published(self, change: Change, good: LastGood, result: AddressResult) -> Change:
        """A change of a correction that still waits, and what the published text came to meanwhile."""
        fresh = result_hash(result, good.result_hash)
        state, area = change.state, self.known.registry_area
        if state is None or area is None or not _accepted(result) or fresh == good.result_hash:
            return change
        communes = with_commune(self.known.communes, self.core.edition, result.commune_code)
        event: tuple[MatchedAddress, ...] = register_events(
            self.key, self.known, self.offset, None, result, same_as=good.placed_version
        )
        return replace(
            change,
            matched=event,
            state=replace(state, communes=communes, last_good=replace(good, result_hash=fresh)),
        )

    def _state(self, result: AddressResult) -> RecordState:
        """The record as run with this gazetteer, its version as it was."""
        communes = self.known.communes
        if _accepted(result):
            communes = with_commune(communes, self.core.edition, result.commune_code)
        return replace(
            self.known,
            gazetteer_version=result.gazetteer_version,
            overlay_offset=result.overlay_offset,
            result_hash=result_hash(result, self.known.result_hash),
            communes=communes,
        )


def _accepted(result: AddressResult) -> bool:
    return result.next_action is NextAction.ACCEPT
