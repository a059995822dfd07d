"""An address that was accepted in a commune of an earlier gazetteer, run again with today's.

What its text says now is not the only evidence: the commune it was accepted in, and what became of that one, weigh more
than names, which are used again after a merger. An address is never moved by this: it follows its commune, or a person
decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult, NextAction, Rival
from services.address.decide import LEAST_SCORE
from services.address.faults import Fault
from services.address.locate import Point, may_lie_in, part_at
from services.address.villages import VillageIndex, is_numbered


def part_of_split(
    gazetteer: Gazetteer,
    villages: VillageIndex,
    parts: Sequence[str],
    village_names: Sequence[str],
    street_names: Sequence[str],
    point: Point | None,
) -> str | None:
    """The commune, among those that one was split into, in which a listed village or street or the point lies; None if
    none of them tells."""
    for name in village_names:
        if is_numbered(name):
            continue
        found = [code for code in parts if (one := villages.find(name, None, (code,))) and not one.misspelt]
        if len(found) == 1:
            return found[0]
    street = villages.part_of_street(street_names, parts)
    if street is not None:
        return street
    communes = [gazetteer.communes[code] for code in parts]
    if point is None or any(one.lat is None and one.code not in point.bounded for one in communes):
        return None  # of a part without a boundary or reference point nobody knows how near it is
    part, clear = part_at(point, [one for one in communes if may_lie_in(point, one, None)])
    return part.code if part is not None and clear else None


def followed(found: AddressResult) -> AddressResult:
    """A result in the commune that lineage leads to; rivals of its name no longer count."""
    if found.next_action is NextAction.ACCEPT:
        return found
    return replace(found, next_action=NextAction.ACCEPT, margin=found.score, rivals=())


def undecided(gazetteer: Gazetteer, guess: AddressResult, parts: Sequence[str]) -> AddressResult:
    """For a person to say in which part of a split commune the address lies; `guess` is its result in the usual one."""
    score = max(LEAST_SCORE, guess.score - Fault.COMMUNE_SPLIT.penalty)
    communes = [gazetteer.communes[code] for code in parts if code != guess.commune_code]
    rivals = tuple(
        Rival(one.code, one.full_name, gazetteer.provinces[one.province_code].full_name, None, score)
        for one in communes
    )
    return replace(
        guess,
        faults=_with(guess, Fault.COMMUNE_SPLIT),
        score=score,
        margin=0,
        next_action=NextAction.CONFIRM,
        rivals=rivals,
    )


def doubted(found: AddressResult) -> AddressResult:
    """For a person to say whether an address lies in another commune than the one it was accepted in."""
    if found.next_action is not NextAction.ACCEPT:
        return found
    score = max(LEAST_SCORE, found.score - Fault.COMMUNE_WAS_ANOTHER.penalty)
    return replace(
        found,
        faults=_with(found, Fault.COMMUNE_WAS_ANOTHER),
        score=score,
        margin=min(score, found.margin),
        next_action=NextAction.CONFIRM,
    )


def _with(result: AddressResult, fault: Fault) -> tuple[str, ...]:
    return tuple(dict.fromkeys((fault.value, *result.faults)))
