"""The candidates that lost: what a person who decides may choose instead, and by how much the choice leads."""

from __future__ import annotations

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune
from schemas.address import Rival
from services.address.candidates import Candidate
from services.address.decide import LEAST_SCORE, MAX_RIVALS, RIVAL_WITHIN
from services.address.faults import Fault
from services.address.lexicon import CommunePlace
from services.address.locate import Point, may_lie_in


def rivals_of(
    gazetteer: Gazetteer,
    ranked: tuple[Candidate, ...],
    chosen: CommunePlace,
    commune: Commune | None,
    point: Point | None,
    score: int,
    split: bool,
) -> tuple[tuple[Rival, ...], int]:
    """The best candidate of each other commune of today, as far as it is near the score of the one chosen; the other
    parts of an undecided split come first. And the margin to the best of them."""
    taken = {commune.code if commune is not None else ""}
    rivals: list[Rival] = []
    if split:
        for code in chosen.current:
            if code not in taken:
                taken.add(code)
                rivals.append(_rival(gazetteer, chosen, code, score))
    for candidate in ranked:
        if len(rivals) >= MAX_RIVALS or candidate.score < LEAST_SCORE:
            break
        place = candidate.place
        if place is chosen or not place.current:
            continue
        code = place.current[0]
        if code not in taken:
            taken.add(code)
            value = candidate.score - _misplaced(gazetteer, place, code, point)
            if value >= LEAST_SCORE:
                rivals.append(_rival(gazetteer, place, code, value))
    if not rivals:
        return (), score
    rivals.sort(key=lambda rival: -rival.score)
    margin = max(0, score - rivals[0].score)
    return tuple([rival for rival in rivals[:MAX_RIVALS] if rival.score >= score - RIVAL_WITHIN]), margin


def _misplaced(gazetteer: Gazetteer, place: CommunePlace, code: str, point: Point | None) -> int:
    if point is None or may_lie_in(point, gazetteer.communes[code], place.legacy):
        return 0
    return Fault.POINT_OUTSIDE_COMMUNE.penalty


def _rival(gazetteer: Gazetteer, place: CommunePlace, code: str, score: int) -> Rival:
    commune = gazetteer.communes[code]
    return Rival(
        commune_code=code,
        commune=commune.full_name,
        province=gazetteer.provinces[commune.province_code].full_name,
        legacy_commune_code=None if place.legacy is None else place.legacy.code,
        score=max(0, score),
    )
