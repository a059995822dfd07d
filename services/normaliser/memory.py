"""What the normaliser keeps of a record to run it again: its text and point, and its communes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from schemas.address import AddressResult
from schemas.normaliser_state import CommuneAt, LastGood, RecordState, Remembered
from schemas.raw import Decision, RawAddress, Reprocess
from services.address.identity import dwelling_id


def as_raw(request: Reprocess, fields: Remembered, decision: Decision | None) -> RawAddress:
    """The record as it would be submitted again; where a person decided, the text and point of the decision."""
    if decision is not None:
        return RawAddress(
            request.source,
            request.source_record_id,
            decision.address_text,
            village=decision.village,
            position=decision.position,
        )
    return RawAddress(
        request.source,
        request.source_record_id,
        fields.address,
        fields.village,
        fields.commune,
        fields.district,
        fields.province,
        fields.position,
    )


def in_area(result: AddressResult, area: str) -> AddressResult:
    """An accepted result in the registry area where its record is registered already."""
    if result.registry_area == area:
        return result
    proposed = result.proposed_code
    return replace(result, registry_area=area, proposed_code=None if proposed is None else area + proposed[len(area) :])


def former_commune(communes: Sequence[CommuneAt], edition: str, decision: Decision | None) -> CommuneAt | None:
    """The commune from which lineage leads to that of an edition.

    It is that of the edition before, so that lineage that was mended since leads anew; but a decision is not gone back
    behind. None where nothing is known of that edition or an earlier one.
    """
    known = [one for one in communes if one.edition <= edition]
    if decision is not None:
        chosen = [one for one in known if one.commune_code == decision.commune_code]
        if chosen:
            return chosen[-1]
    before = [one for one in known if one.edition < edition]
    return next(reversed(before or known), None)


def with_commune(communes: Sequence[CommuneAt], edition: str, code: str | None) -> tuple[CommuneAt, ...]:
    """The communes up to an edition, and the one of it; those of later editions are forgotten on the way back."""
    if code is None:
        return tuple(communes)
    last = CommuneAt(edition, code)
    return (*[one for one in communes if one.edition < edition], last) if communes else (last,)


def former_dwellings(known: RecordState, result: AddressResult) -> tuple[str, ...]:
    """The ids that the dwelling of a result would have in the communes where its record was before."""
    codes = dict.fromkeys(one.commune_code for one in known.communes if one.commune_code != result.commune_code)
    if not codes or result.dwelling_id is None:
        return ()
    legacy = None if result.legacy is None or result.legacy.assumed else result.legacy.commune_code
    ids = [dwelling_id(result.components, code, legacy) for code in codes]
    return tuple([one for one in ids if one is not None])


def last_good(known: RecordState | None) -> LastGood | None:
    """What the published version of a record is made of, for a state in which a later one waits."""
    if known is None or known.registry_area is None:
        return None
    if known.last_good is not None or known.fields is None:
        return known.last_good
    return LastGood(known.fields, known.decision, known.result_hash, known.placed_at)
