"""Lineage: into which communes of today an old commune went, through the mergers before 2025 and the reform.

Three facts are known: `lineage` says for each commune of June 2025 which of July 2025 it became (several where it was
split), `merged` says into which later commune one that vanished before went, and the changes since July 2025 lead on to
today. `Lineage` follows the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gazetteer.changes import FIRST_EDITION, Changes, joined, ordered
from gazetteer.model import CommuneChange, LegacyCommune, Successor


class Lineage:
    """The way from an old code to the communes of today.

    `direct` maps an old code to its successors of July 2025, `merged` a vanished code to the codes it was merged into,
    `changes` lead from there to the communes of today.
    """

    def __init__(
        self,
        direct: Mapping[str, Sequence[Successor]],
        merged: Mapping[str, Sequence[str]],
        changes: Iterable[CommuneChange] = (),
    ) -> None:
        self._direct = direct
        self._merged = merged
        self._changes = Changes(changes)

    def successors_of_code(self, code: str) -> tuple[Successor, ...]:
        """Usual one first, then by code; empty where it is not known. A chain that closes on itself ends there."""
        return self._follow(code, frozenset())

    def _follow(self, code: str, seen: frozenset[str]) -> tuple[Successor, ...]:
        if code in self._direct:
            steps_of_2025 = self._direct[code]
            return joined((step, self._changes.follow(step.commune_code, FIRST_EDITION)) for step in steps_of_2025)
        steps = [step for step in self._merged.get(code, ()) if step not in seen]
        ways = [way for way in (self._follow(step, seen | {code}) for step in steps) if way]
        if len(ways) <= 1:
            return ways[0] if ways else ()
        # Merged into several: the usual one is only known where all agree.
        usual = set.intersection(*({one.commune_code for one in way if one.usual} for way in ways))
        codes = {one.commune_code for way in ways for one in way}
        return ordered(Successor(one, one in usual) for one in codes)


def is_split(legacy: LegacyCommune) -> bool:
    """Whether the old commune went to several communes of today."""
    return len(legacy.successors) > 1


def predecessors(legacy: Iterable[LegacyCommune]) -> dict[str, tuple[LegacyCommune, ...]]:
    """For each commune code of today the old communes, of all editions, that it was made of in whole or in part."""
    found: dict[str, list[LegacyCommune]] = {}
    for commune in legacy:
        for successor in commune.successors:
            found.setdefault(successor.commune_code, []).append(commune)
    return {code: tuple(communes) for code, communes in found.items()}
