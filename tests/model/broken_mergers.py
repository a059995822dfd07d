"""The rules of mergers, broken one at a time."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from schemas.address import NextAction
from services.normaliser import corrections, reprocessing
from services.normaliser import stage as normaliser_stage
from tests.model.broken import Patch, changed, returns, with_names

_Again = reprocessing._Again


def takes_the_usual_part(carried: Any) -> Any:
    def broken(*arguments: Any) -> Any:
        result = carried(*arguments)
        return changed(result, next_action=NextAction.ACCEPT) if "commune.split" in result.faults else result

    return broken


def stays_in_any_case(register_events: Any) -> Any:
    def broken(*arguments: Any, same_as: int | None = None, **names: Any) -> Any:
        return register_events(*arguments, same_as=None if same_as is None else 0, **names)

    return broken


def remembers_what_was_withdrawn(withdrawn: Any) -> Any:
    def broken(key: str, known: Any, *rest: Any) -> Any:
        change = withdrawn(key, known, *rest)
        if known is None or known.fields is None:
            return change
        return changed(change, state=changed(change.state, fields=known.fields, result_hash=known.result_hash))

    return broken


def counts_once_more(placed: Any) -> Any:
    def broken(*arguments: Any, **names: Any) -> Any:
        return changed(placed(*arguments, **names), previous=None, previous_reason=None)

    return broken


def runs_with_any_gazetteer(to_run: Any) -> Any:
    return lambda request, known, version: to_run(changed(request, gazetteer_version=version), known, version)


BROKEN_MERGERS: dict[str, Patch] = {
    "a merger moves an address to the new area": (reprocessing, "in_area", returns(lambda result, _: result)),
    "a correction after a merger leaves the area": (normaliser_stage, "in_area", returns(lambda result, _: result)),
    "a merger gives who shares a home a new code": (reprocessing, "register_events", with_names(same_as=None)),
    "who was not registered yet stays where it never was": (reprocessing, "register_events", stays_in_any_case),
    "a home does not know what its commune was before": (corrections, "former_dwellings", returns(lambda *_: ())),
    "what nothing changed is published again": (reprocessing, "result_hash", returns(lambda _: uuid4().hex)),
    "a decision is forgotten when it is run again": (
        reprocessing,
        "as_raw",
        lambda as_raw: lambda request, fields, _: as_raw(request, fields, None),
    ),
    "of a split commune the usual part is taken": (_Again, "carried", takes_the_usual_part),
    "of a split commune the item says that nothing is published": (
        reprocessing,
        "review_item",
        with_names(published=False),
    ),
    "a row that a split sends to review is counted once more": (_Again, "placed", counts_once_more),
    "while a correction waits, what is published does not follow": (
        _Again,
        "with_published",
        returns(lambda _, change, *__: change),
    ),
    "the way back begins where the way ended": (
        reprocessing,
        "former_commune",
        returns(lambda communes, *_: communes[-1] if communes else None),
    ),
    "a request brings a withdrawn record back": (normaliser_stage, "withdrawn", remembers_what_was_withdrawn),
    "a request is run with any gazetteer": (normaliser_stage, "to_run", runs_with_any_gazetteer),
}
