"""What a submission, a decision or a withdrawal changes, given what is remembered of its record. Pure functions."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from schemas.address import AddressResult, NextAction
from schemas.codec import encode
from schemas.matched import MatchedAction, MatchedAddress
from schemas.normaliser_state import RecordState
from schemas.outcome import Outcome
from schemas.raw import Decision
from schemas.review import ReviewItem
from services.address.faults import Fault
from services.address.identity import address_id
from services.normaliser.change import Change, Fresh, Row
from services.normaliser.fingerprints import hash_of_encoded, result_hash
from services.normaliser.memory import former_dwellings, last_good, with_commune

# Python 3.11 takes long to find the members of an enum.
_ACCEPT: Final = NextAction.ACCEPT
_DIGITISED: Final = Outcome.DIGITISED
_REGISTER: Final = MatchedAction.REGISTER
_PENALTIES: Final = {fault.value: fault.penalty for fault in Fault}


def submitted(key: str, known: RecordState | None, version: int, row: Row | None, fresh: Fresh) -> Change:
    """New or changed address fields from the source; an earlier decision no longer holds."""
    result = fresh.result
    encoded = encode(result)
    batch_id, line_no = row or (None, None)
    area = known.registry_area if known else None
    accepted = result.next_action is _ACCEPT
    reason = None if accepted else heaviest(result)
    communes = known.communes if known else ()
    if accepted:
        communes = with_commune((), fresh.edition, result.commune_code)
    state = RecordState(
        version=version,
        source_hash=fresh.source_hash,
        outcome=_DIGITISED if accepted else Outcome.REVIEW,
        reason=reason,
        registry_area=result.registry_area if accepted else area,
        batch_id=batch_id,
        line_no=line_no,
        gazetteer_version=result.gazetteer_version,
        overlay_offset=result.overlay_offset,
        source_version=fresh.source_version,
        fields=fresh.fields,
        result_hash=hash_of_encoded(encoded),
        communes=communes,
        last_good=None if accepted else last_good(known),
    )
    if accepted:
        return Change(
            matched=register_events(key, known, version, row, result),
            settles_review=known is not None and known.outcome is Outcome.REVIEW,
            state=state,
            encoded=encoded,
        )
    review = review_item(key, version, row, result, published=area is not None)
    return Change(row=row, outcome=Outcome.REVIEW, reason=reason, review=review, state=state, encoded=encoded)


def unchanged(key: str, known: RecordState, row: Row | None, source_version: int) -> Change:
    """The same text and point again: nothing new, but that the source has said so later.

    The registrar announces the row of a digitised record, as it alone knows whether the registration went through:
    while that is a dead letter, the same text again must not count as if all were well.
    """
    later = source_version > known.source_version
    state = replace(known, source_version=source_version) if later else None
    if row is None or known.outcome is not Outcome.DIGITISED or known.registry_area is None:
        return Change(row=row, outcome=Outcome.UNCHANGED, state=state)
    confirm = MatchedAddress(
        record_key=key,
        address_id=address_id(key),
        version=known.version,
        action=MatchedAction.CONFIRM,
        registry_area=known.registry_area,
        result=None,
        batch_id=row[0],
        line_no=row[1],
    )
    return Change(matched=(confirm,), state=state)


def replayed(change: Change, reason: str) -> Change:
    """The change of a record that was put back: its row counts as a dead letter already, with this reason."""
    matched = tuple(
        event
        if event.batch_id is None
        else replace(event, previous_outcome=Outcome.DEAD_LETTER, previous_reason=reason)
        for event in change.matched
    )
    return replace(change, matched=matched, previous=Outcome.DEAD_LETTER, previous_reason=reason)


def decided(
    key: str, known: RecordState, version: int, decision: Decision, result: AddressResult, edition: str, *, stayed: bool
) -> Change:
    """A person settled the record: the row that brought its text is counted anew.

    `stayed` says that the commune is the one it was in, as far as lineage leads there.
    """
    row = row_of(known)
    state = RecordState(
        version=version,
        source_hash=known.source_hash,
        outcome=Outcome.DIGITISED,
        registry_area=result.registry_area,
        decision=decision,
        batch_id=known.batch_id,
        line_no=known.line_no,
        gazetteer_version=result.gazetteer_version,
        overlay_offset=result.overlay_offset,
        source_version=known.source_version,
        fields=known.fields,
        result_hash=result_hash(result),
        communes=with_commune(known.communes if stayed else (), edition, result.commune_code),
    )
    return Change(
        matched=register_events(key, known, version, row, result, counted=known),
        settles_review=known.outcome is Outcome.REVIEW,
        state=state,
    )


def withdrawn(key: str, known: RecordState | None, version: int, row: Row | None, source_version: int) -> Change:
    """The source dropped the record: its code, if any, is retired by the registrar, who then announces the row.

    That it did is remembered, also of a record never seen: a letter from before must not bring it back.
    """
    state = RecordState(version, None, Outcome.WITHDRAWN, source_version=source_version)
    if known is None or known.outcome is Outcome.WITHDRAWN:
        return Change(row=row, outcome=Outcome.UNCHANGED, state=state)
    settles = known.outcome is Outcome.REVIEW
    if known.registry_area is None:
        return Change(row=row, outcome=Outcome.WITHDRAWN, settles_review=settles, state=state)
    release = _release(key, version, known.registry_area, row=row)
    return Change(matched=(release,), settles_review=settles, state=state)


def row_of(known: RecordState) -> Row | None:
    """The row that brought the record's current text."""
    return (known.batch_id, known.line_no) if known.batch_id is not None and known.line_no is not None else None


def review_item(key: str, version: int, row: Row | None, result: AddressResult, *, published: bool) -> ReviewItem:
    """The item for the person who decides; `published` says that an earlier good version stays published."""
    batch_id, line_no = row or (None, None)
    return ReviewItem(
        record_key=key,
        address_id=address_id(key),
        version=version,
        batch_id=batch_id,
        line_no=line_no,
        published=published,
        result=result,
    )


def register_events(
    key: str,
    known: RecordState | None,
    version: int,
    row: Row | None,
    result: AddressResult,
    *,
    counted: RecordState | None = None,
    same_as: int | None = None,
) -> tuple[MatchedAddress, ...]:
    """The registration, after the release from the area where the record was registered before, if that is another.

    `counted` is the record's state where the row was counted before, None for a row that is counted for the first time.
    `same_as` is the version whose text and point these are, None where they are new.
    """
    if result.registry_area is None:
        raise ValueError("an accepted address has no registry area")
    batch_id, line_no = row or (None, None)
    old_area = known.registry_area if known else None
    register = MatchedAddress(
        record_key=key,
        address_id=address_id(key),
        version=version,
        action=_REGISTER,
        registry_area=result.registry_area,
        result=result,
        batch_id=batch_id,
        line_no=line_no,
        previous_outcome=counted.outcome if counted else None,
        previous_reason=counted.reason if counted else None,
        same_as=same_as,
        former_dwellings=former_dwellings(known, result) if known and old_area == result.registry_area else (),
    )
    if old_area is None or old_area == result.registry_area:
        return (register,)
    return (_release(key, version, old_area, moved_to=result.registry_area), register)


def _release(
    key: str, version: int, area: str, *, moved_to: str | None = None, row: Row | None = None
) -> MatchedAddress:
    batch_id, line_no = row or (None, None)
    return MatchedAddress(
        record_key=key,
        address_id=address_id(key),
        version=version,
        action=MatchedAction.RELEASE,
        registry_area=area,
        result=None,
        moved_to=moved_to,
        batch_id=batch_id,
        line_no=line_no,
    )


def heaviest(result: AddressResult) -> str | None:
    """The fault that a result is doubtful for."""
    return max(result.faults, key=_PENALTIES.__getitem__, default=None)
