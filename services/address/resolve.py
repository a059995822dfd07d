"""From ranked candidates to one commune: splits, homonyms and rivals, with the point as evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune, Village
from schemas.address import Rival
from services.address.candidates import BEFORE_THE_NAME, Candidate
from services.address.decide import LEAST_SCORE, PERFECT_SCORE, total_penalty
from services.address.faults import Fault
from services.address.lexicon import CommunePlace
from services.address.locate import Point, may_lie_in, part_at
from services.address.predecessor import predecessor
from services.address.rivals import rivals_of
from services.address.villages import FoundVillage, VillageIndex, is_numbered

# A candidate this far behind can still win if the point lies in its commune and not in the leader's.
_WITHIN_REACH: Final = 12
# Likewise where the list of its commune has the village named, and that of the leader's has not.
_WITHIN_VILLAGE: Final = 20
# As close as the ages of one name; then a misspelt village will do.
_BARELY_BEHIND: Final = 3
_URBAN_GROUPS: Final = ("Tổ dân phố", "Khu phố")
# Two old communes with so close a reading are not told apart.
_SAME_READING: Final = 0.03
_SPLIT: Final = Fault.COMMUNE_SPLIT


class Resolved:
    """The commune chosen, None where nothing was found, and the `place` that the text names for it. `legacy_assumed`
    says that the text fits both ages; `point_inside` that the point agrees."""

    def __init__(
        self,
        commune: Commune | None,
        legacy: LegacyCommune | None,
        legacy_assumed: bool,
        place: CommunePlace | None,
        village: Village | None,
        faults: tuple[Fault, ...],
        score: int,
        margin: int,
        rivals: tuple[Rival, ...],
        point_inside: bool,
    ) -> None:
        self.commune: Final = commune
        self.legacy: Final = legacy
        self.legacy_assumed: Final = legacy_assumed
        self.place: Final = place
        self.village: Final = village
        self.faults: Final = faults
        self.score: Final = score
        self.margin: Final = margin
        self.rivals: Final = rivals
        self.point_inside: Final = point_inside


NOTHING: Final = Resolved(None, None, False, None, None, (Fault.COMMUNE_MISSING,), 0, 0, (), False)
EMPTY: Final = Resolved(None, None, False, None, None, (Fault.TEXT_EMPTY,), 0, 0, (), False)


def resolve(
    gazetteer: Gazetteer,
    villages: VillageIndex,
    ranked: tuple[Candidate, ...],
    village_names: tuple[str, ...],
    point: Point | None,
    street_names: tuple[str, ...] = (),
) -> Resolved:
    """Choose among the candidates, best first. `village_names` and `street_names` are what the text may name."""
    if not ranked or ranked[0].score < LEAST_SCORE:
        return NOTHING
    ranked, before = _with_villages_before(villages, ranked)
    best, found = _by_village(villages, ranked, village_names, before)
    if point is not None:
        pointed = _by_point(gazetteer, ranked, best, point)
        if pointed is not best:
            best, found = pointed, before.get(pointed) or _village(villages, pointed.place, village_names)
    place = best.place
    village = None if found is None else found.village
    faults = list(best.faults)
    if found is not None and found.misspelt:
        faults.append(Fault.VILLAGE_MISSPELT)
    street = villages.part_of_street(street_names, place.current) if street_names else None
    commune = _part(gazetteer, place, village, street, point, faults)
    inside = False
    if point is not None and commune is not None:
        inside = may_lie_in(point, commune, place.legacy)
        if not inside:
            faults.append(Fault.POINT_OUTSIDE_COMMUNE)
    if commune is None:
        faults.append(Fault.COMMUNE_UNKNOWN_SUCCESSOR)
    score = max(0, PERFECT_SCORE - total_penalty(faults))
    split = _SPLIT in faults
    rivals, margin = rivals_of(gazetteer, ranked, place, commune, point, score, split)
    legacy, assumed = (None, False) if _twin(ranked, best) else (place.legacy, False)
    if place.legacy is None:
        legacy, assumed = predecessor(gazetteer, best)
    if village is not None and commune is not None and (legacy is None or assumed) and not is_numbered(village.name):
        told = _legacy_of(gazetteer, village, commune)
        legacy, assumed = (told, False) if told is not None else (legacy, assumed)
    return Resolved(commune, legacy, assumed, place, village, tuple(faults), score, margin, rivals, inside)


def confirmed(gazetteer: Gazetteer, ranked: tuple[Candidate, ...], resolved: Resolved, point: Point) -> Resolved | None:
    """What was resolved without a point, where the point agrees and only counts against the rivals; None where it may
    tell more: outside the commune, or among the parts of a divided one. Not for candidates with listed villages."""
    commune, place = resolved.commune, resolved.place
    if commune is None or place is None or len(place.current) > 1 or not may_lie_in(point, commune, place.legacy):
        return None
    rivals, margin = resolved.rivals, resolved.margin
    if rivals or margin != resolved.score:
        rivals, margin = rivals_of(gazetteer, ranked, place, commune, point, resolved.score, split=False)
    return Resolved(
        commune, resolved.legacy, resolved.legacy_assumed, place, resolved.village, resolved.faults, resolved.score,
        margin, rivals, True,
    )  # fmt: skip


def turns_urban(ranked: tuple[Candidate, ...]) -> bool:
    """Whether a group of a town, if a text names one, makes another candidate the leader."""
    return bool(ranked) and _urban_or_not(ranked, _URBAN_GROUPS) is not ranked[0]


def is_urban_group(village: str) -> bool:
    """Whether a village is one that rural communes had not."""
    return village.startswith(_URBAN_GROUPS)


def _with_villages_before(
    villages: VillageIndex, ranked: tuple[Candidate, ...]
) -> tuple[tuple[Candidate, ...], dict[Candidate, FoundVillage]]:
    """The candidates, best first, without the fault of those whose name only runs on from that of a village in their
    commune (`thôn Cây Đa Tân Lập Tuyên Quang`), and these villages."""
    found: dict[Candidate, FoundVillage] = {}
    freed: list[Candidate] = []
    for candidate in ranked:
        village = _village(villages, candidate.place, (candidate.before,)) if candidate.before else None
        if village is not None:
            candidate = candidate.without(BEFORE_THE_NAME)
            found[candidate] = village
        freed.append(candidate)
    if not found:
        return ranked, found
    freed.sort(key=lambda one: (-one.score, -one.finer))
    return tuple(freed), found


def _by_village(
    villages: VillageIndex,
    ranked: tuple[Candidate, ...],
    names: tuple[str, ...],
    before: Mapping[Candidate, FoundVillage],
) -> tuple[Candidate, FoundVillage | None]:
    """The leader, or the best candidate near it whose commune has a village that the text names, where the leader's has
    none, or none so spelt; and that village. Of names that only differ in their accents, the village tells which is
    meant. `before` are the villages known already."""
    leader = _urban_or_not(ranked, names)
    found = before.get(leader) or _village(villages, leader.place, names)
    if names and (found is None or found.misspelt):
        for candidate in ranked[1:]:
            if candidate.score < leader.score - _WITHIN_VILLAGE:
                break
            other = _village(villages, candidate.place, names)
            if other is None or is_numbered(other.village.name):
                continue
            near = candidate.score >= leader.score - _BARELY_BEHIND
            if (near and not other.misspelt) if found is not None else (near or not other.misspelt):
                return candidate, other
    return leader, found


def _urban_or_not(ranked: tuple[Candidate, ...], names: tuple[str, ...]) -> Candidate:
    """The leader, or a namesake as near where a `tổ dân phố` or `khu phố` is named, which rural communes had not."""
    leader = ranked[0]
    if leader.place.urban or not any(is_urban_group(name) for name in names):
        return leader
    for one in ranked:
        if one.place.urban and one.score >= leader.score - _BARELY_BEHIND and one.commune.name is leader.commune.name:
            return one
    return leader


def _by_point(gazetteer: Gazetteer, ranked: tuple[Candidate, ...], best: Candidate, point: Point) -> Candidate:
    """The best candidate within reach whose commune the point can lie in, `best` before all; that if there is none."""
    for candidate in (best, *ranked):
        if candidate.score < ranked[0].score - _WITHIN_REACH:
            break
        communes = [gazetteer.communes[code] for code in candidate.place.current]
        if any(may_lie_in(point, commune, candidate.place.legacy) for commune in communes):
            return candidate
    return best


def _legacy_of(gazetteer: Gazetteer, village: Village, commune: Commune) -> LegacyCommune | None:
    """The old commune of a village, if it is known and went into the commune."""
    if village.legacy_commune_code is None:
        return None
    for legacy in gazetteer.legacy_by_code(village.legacy_commune_code):
        if any(part.commune_code == commune.code for part in legacy.successors):
            return legacy
    return None


def _village(villages: VillageIndex, place: CommunePlace, names: tuple[str, ...]) -> FoundVillage | None:
    """The first village that the list of the commune has, one spelt right before one that is not."""
    legacy_code = place.code if place.legacy is not None else None
    misspelt: FoundVillage | None = None
    for name in names:
        found = villages.find(name, legacy_code, place.current)
        if found is not None and not found.misspelt:
            return found
        misspelt = misspelt or found
    return misspelt


def _part(
    gazetteer: Gazetteer,
    place: CommunePlace,
    village: Village | None,
    street: str | None,
    point: Point | None,
    faults: list[Fault],
) -> Commune | None:
    """The commune of today; of a split one the part that village, street or point tell, else the likeliest, with its
    fault. `street` is the part that the street tells."""
    parts = [gazetteer.communes[code] for code in place.current]
    if len(parts) < 2:
        return parts[0] if parts else None
    if village is not None and village.commune_code in place.current:
        return gazetteer.communes[village.commune_code]
    if street is not None and (point is None or may_lie_in(point, gazetteer.communes[street], place.legacy)):
        return gazetteer.communes[street]
    guess = parts[0] if point is None else _possible(point, parts)
    if point is not None and may_lie_in(point, guess, place.legacy):
        part, clear = part_at(point, parts)
        if part is not None and clear:
            return part
        guess = part or guess
    faults.append(_SPLIT)
    return guess


def _possible(point: Point, parts: Sequence[Commune]) -> Commune:
    """The first part that its boundary speaks for, else the first that none rules out, else the first of all."""
    spoken_for = (part for part in parts if part.code in point.near)
    not_ruled_out = (part for part in parts if part.code not in point.bounded)
    return next(spoken_for, None) or next(not_ruled_out, None) or parts[0]


def _twin(ranked: tuple[Candidate, ...], best: Candidate) -> bool:
    """Whether another old commune, now in the same one of today, reads just as well: then the old one is left open."""
    for other in ranked[:8]:
        place = other.place
        if (
            other.score == best.score
            and place.legacy is not None
            and place.code != best.place.code
            and best.finer - other.finer < _SAME_READING
            and not set(place.current).isdisjoint(best.place.current)
            and not set(place.keys).isdisjoint(best.place.keys)
        ):
            return True
    return False
