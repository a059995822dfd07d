"""Two gazetteers held against each other: what becomes of each commune of the earlier one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune


class UnitChange(StrEnum):
    """What a commune goes through; several may apply."""

    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"
    RENUMBERED = "new code"
    PROVINCE = "other province"
    POSTAL_CODE = "other postal code"
    ENDED = "ended without lineage"
    APPEARED = "new without lineage"


@dataclass(frozen=True, slots=True)
class UnitDifference:
    """`code` and `name` are those of the earlier gazetteer, of the later one for a commune that appeared; `became` are
    the communes of the later one, the usual one first."""

    code: str
    name: str
    province: str
    changes: tuple[UnitChange, ...]
    became: tuple[Commune, ...]


def compare(old: Gazetteer, new: Gazetteer) -> tuple[UnitDifference, ...]:
    """The communes that differ, in order of their codes. `old` must not be the later one."""
    ways = {code: tuple(one.commune_code for one in new.became(code, old.edition)) for code in old.communes}
    into = Counter(parts[0] for parts in ways.values() if len(parts) == 1)
    found = []
    for code, commune in old.communes.items():
        became = tuple(new.communes[part] for part in ways[code])
        changes = tuple(_changes(old, new, commune, became, into))
        if changes:
            found.append(UnitDifference(code, commune.full_name, _province(old, commune), changes, became))
    reached = {part for parts in ways.values() for part in parts}
    found += [
        UnitDifference(code, commune.full_name, _province(new, commune), (UnitChange.APPEARED,), (commune,))
        for code, commune in new.communes.items()
        if code not in reached
    ]
    return tuple(sorted(found, key=lambda one: (one.code, one.name)))


def _changes(
    old: Gazetteer, new: Gazetteer, commune: Commune, became: tuple[Commune, ...], into: Counter[str]
) -> Iterator[UnitChange]:
    if not became:
        yield UnitChange.ENDED
        return
    if len(became) > 1:
        yield UnitChange.SPLIT
        return
    (now,) = became
    if into[now.code] > 1:
        yield UnitChange.MERGED
    elif now.code != commune.code:
        yield UnitChange.RENUMBERED
    if now.full_name != commune.full_name:
        yield UnitChange.RENAMED
    if _province(old, commune) != _province(new, now):
        yield UnitChange.PROVINCE
    if now.postal_code != commune.postal_code:
        yield UnitChange.POSTAL_CODE


def _province(gazetteer: Gazetteer, commune: Commune) -> str:
    return gazetteer.provinces[commune.province_code].full_name
