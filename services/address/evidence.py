"""The mentions of a text by what they can name, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.address.lexicon import CommunePlace, DistrictPlace, Lexicon
from services.address.mentions import Left, Mention, Reading
from services.address.words import Kind

# Bounds the work on a text that repeats names.
MAX_MENTIONS: Final = 24


class Evidence:
    """The mentions of a reading by level, in the order of the text.

    `district_keys` and `province_ids` are all that they can name, `near` the provinces with those of the other age.
    `contained` are mentions that are part of a longer name which stands free and fits.
    """

    def __init__(
        self,
        reading: Reading,
        communes: list[Mention],
        districts: list[Mention],
        provinces: list[Mention],
        district_keys: frozenset[str],
        near: frozenset[str],
        contained: frozenset[Mention],
    ) -> None:
        self.reading: Final = reading
        self.communes: Final = communes
        self.districts: Final = districts
        self.provinces: Final = provinces
        self.district_keys: Final = district_keys
        self.near: Final = near
        self.contained: Final = contained


class Claim:
    """That a text means one commune: where it names it, its district and its province.

    `same_age` says that the province named is the one of the commune's own age; `town_of` is the district by whose
    name the text calls a town.
    """

    def __init__(
        self,
        evidence: Evidence,
        place: CommunePlace,
        commune: Mention,
        district: Mention | None,
        province: Mention | None,
        same_age: bool,
        town_of: DistrictPlace | None,
    ) -> None:
        self.evidence: Final = evidence
        self.place: Final = place
        self.commune: Final = commune
        self.district: Final = district
        self.province: Final = province
        self.same_age: Final = same_age
        self.town_of: Final = town_of


def gather(reading: Reading, lexicon: Lexicon) -> Evidence:
    """Sort the mentions of a text by level. The last ones count most: the first are left out of very long texts."""
    communes = [m for m in reading.mentions if m.name.communes and m.can_be_commune]
    districts = [m for m in reading.mentions if m.name.districts and m.can_be_district]
    provinces = [m for m in reading.mentions if m.name.provinces and m.can_be_province]
    provinces = [m for m in provinces if not any(_begins(m, other) for other in reading.starting[m.start])]
    ids = {id_ for m in provinces for id_ in m.name.province_ids}
    near = frozenset(ids.union(*(lexicon.provinces[id_].near for id_ in ids)))
    return Evidence(
        reading=reading,
        communes=communes[-MAX_MENTIONS:],
        districts=districts[-MAX_MENTIONS:],
        provinces=provinces[-MAX_MENTIONS:],
        district_keys=frozenset(key for m in districts for key in m.name.district_keys),
        near=near,
        contained=_contained(reading, near),
    )


def fits(mention: Mention, near: frozenset[str]) -> bool:
    """Whether a name is that of a province, or of a district or commune in the provinces named; any will do where none
    is."""
    return not near or bool(mention.name.provinces) or not near.isdisjoint(mention.name.homes)


def _begins(mention: Mention, other: Mention) -> bool:
    """Whether a mention is only the beginning of a longer name that is spelt right: Phú Thọ in Phú Thọ Hòa."""
    return other.end > mention.end and other.similarity == 1 and other.left in (Left.TYPED, Left.EDGE)


def _contained(reading: Reading, near: frozenset[str]) -> frozenset[Mention]:
    longer = [
        m
        for m in reading.mentions
        if m.end - m.start > 1 and m.similarity == 1 and m.left in (Left.TYPED, Left.EDGE) and fits(m, near)
    ]
    if not longer:
        return frozenset()
    return frozenset(
        m
        for m in reading.mentions
        for other in longer
        if other.start <= m.start and m.end <= other.end and m.end - m.start < other.end - other.start
    )


def disjoint(mention: Mention, others: Iterable[Mention | None]) -> bool:
    """Whether a mention shares no token with any of the others."""
    return all(other is None or mention.end <= other.start or other.end <= mention.start for other in others)


def claim(evidence: Evidence, place: CommunePlace, commune: Mention, town_of: DistrictPlace | None = None) -> Claim:
    """The claim for one place at one mention: with the district and province mentions that speak for it."""
    district = _district(evidence, place, commune)
    province, same_age = _province(evidence, place, commune, district)
    if province is None and district is not None and _names_province(place, district):
        province, district = district, None
        same_age = place.province.id in province.name.province_ids
    return Claim(evidence, place, commune, district, province, same_age, town_of)


def _district(evidence: Evidence, place: CommunePlace, commune: Mention) -> Mention | None:
    """The mention of the place's old district: of those after the commune the one spelt best, a province's word before
    it coming last (`TP Tuyen Qquang, tinh Tuyen Quang`); else the last one before the commune, if spelt right."""
    before: Mention | None = None
    after: Mention | None = None
    for mention in evidence.districts:
        if place.districts.isdisjoint(mention.name.district_keys) or not disjoint(mention, (commune,)):
            continue
        if mention.start >= commune.end:
            if after is None or _likelier_district(mention, after):
                after = mention
        elif mention.similarity == 1:
            before = mention
    return after or before


def _likelier_district(one: Mention, other: Mention) -> bool:
    if (one.kind is Kind.PROVINCE) != (other.kind is Kind.PROVINCE):
        return other.kind is Kind.PROVINCE
    return one.similarity > other.similarity


def _province(
    evidence: Evidence, place: CommunePlace, commune: Mention, district: Mention | None
) -> tuple[Mention | None, bool]:
    """The last mention of the place's province; whether it is the province of the place's own age."""
    best: Mention | None = None
    same_age = False
    near = place.province.near
    for mention in evidence.provinces:
        if not disjoint(mention, (commune, district)):
            continue
        if place.province.id in mention.name.province_ids:
            best, same_age = mention, True
        elif not same_age and not near.isdisjoint(mention.name.province_ids):
            best = mention
    return best, same_age


def _names_province(place: CommunePlace, mention: Mention) -> bool:
    """Whether a mention that can be the place's district can also be its province, of either age."""
    ids = mention.name.province_ids
    return mention.can_be_province and (place.province.id in ids or not place.province.near.isdisjoint(ids))
