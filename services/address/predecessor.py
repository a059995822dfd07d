"""The old commune behind a commune of today whose name it bore: what a text that fits both ages may mean as well."""

from __future__ import annotations

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import LegacyCommune
from services.address.candidates import Candidate
from services.address.lexicon import CommunePlace
from services.address.words import COMMUNE_KINDS, Kind


def predecessor(gazetteer: Gazetteer, candidate: Candidate) -> tuple[LegacyCommune | None, bool]:
    """The one old commune of the candidate's name that went into its commune of today, None if none or several; whether
    it is only assumed, no district of before July 2025 being named.

    Failing that, the only one from the district named; of several from there, the one that today's commune has its
    statistical code from is assumed. It must fit what the text says besides: kind, district, province.
    """
    mention, district = candidate.commune, candidate.district
    kind = mention.kind if mention.kind in COMMUNE_KINDS and mention.kind is not Kind.COMMUNE else None
    named = [
        place.legacy
        for place in mention.name.communes
        if place.legacy is not None
        and candidate.place.code in place.current
        and (kind is None or kind == place.kind)
        and _agrees(place, candidate)
    ]
    if not named and district is not None:
        districts = district.name.district_keys
        named = [one for one in gazetteer.predecessors(candidate.place.code) if one.district_key in districts]
    by_code = {legacy.code: legacy for legacy in sorted(named, key=lambda legacy: legacy.edition)}
    if len(by_code) == 1:
        return next(iter(by_code.values())), district is None
    same = by_code.get(candidate.place.code) if district is not None else None
    return same, same is not None


def _agrees(place: CommunePlace, candidate: Candidate) -> bool:
    """Whether an old commune lies in the district and province that the text names."""
    district, province = candidate.district, candidate.province
    if province is not None and place.province.id not in province.name.province_ids:
        return False
    return district is None or not place.districts.isdisjoint(district.name.district_keys)
