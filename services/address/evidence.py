"""The mentions of a text by what they can name, and what they say together."""

from __future__ import annotations

from typing import Final

from services.address.lexicon import CommunePlace, DistrictPlace, Lexicon
from services.address.mentions import Left, Mention, Reading
from services.address.words import Kind

# Bounds the work on a text that repeats names.
MAX_MENTIONS: Final = 24
_NONE: Final[frozenset[Mention]] = frozenset()
# Compiled code asks an enum anew for a member each time it is written; these stand where it counts.
_PROVINCE: Final = Kind.PROVINCE
_TYPED: Final = Left.TYPED
_EDGE: Final = Left.EDGE


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
    communes: list[Mention] = []
    districts: list[Mention] = []
    provinces: list[Mention] = []
    district_keys: set[str] = set()
    near: set[str] = set()
    for mention in reading.mentions:
        name = mention.name
        if name.communes and mention.can_be_commune:
            communes.append(mention)
        if name.districts and mention.can_be_district:
            districts.append(mention)
            district_keys.update(name.district_keys)
        if name.provinces and mention.can_be_province and not _begins_longer(mention, reading):
            provinces.append(mention)
            for id_ in name.province_ids:
                near.add(id_)
                near.update(lexicon.provinces[id_].near)
    named = frozenset(near)
    return Evidence(
        reading=reading,
        communes=communes[-MAX_MENTIONS:],
        districts=districts[-MAX_MENTIONS:],
        provinces=provinces[-MAX_MENTIONS:],
        district_keys=frozenset(district_keys),
        near=named,
        contained=_contained(reading, named),
    )


def fits(mention: Mention, near: frozenset[str]) -> bool:
    """Whether a name is that of a province, or of a district or commune in the provinces named; any will do where none
    is."""
    return not near or bool(mention.name.provinces) or not near.isdisjoint(mention.name.homes)


def _begins_longer(mention: Mention, reading: Reading) -> bool:
    """Whether a mention is only the beginning of a longer name that is spelt right: Phú Thọ in Phú Thọ Hòa."""
    for other in reading.starting[mention.start]:
        if other.end > mention.end and other.similarity == 1 and _stands_free(other):
            return True
    return False


def _stands_free(mention: Mention) -> bool:
    return mention.left is _TYPED or mention.left is _EDGE


def _contained(reading: Reading, near: frozenset[str]) -> frozenset[Mention]:
    found: set[Mention] | None = None
    for longer in reading.mentions:
        length = longer.end - longer.start
        if length == 1 or longer.similarity != 1 or not _stands_free(longer) or not fits(longer, near):
            continue
        for mention in reading.mentions:
            if longer.start <= mention.start and mention.end <= longer.end and mention.end - mention.start < length:
                found = found or set()
                found.add(mention)
    return _NONE if found is None else frozenset(found)


def disjoint(mention: Mention, other: Mention | None) -> bool:
    """Whether two mentions share no token."""
    return other is None or mention.end <= other.start or other.end <= mention.start


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
        if not place.lies_in(mention.name.district_keys) or not disjoint(mention, commune):
            continue
        if mention.start >= commune.end:
            if after is None or _likelier_district(mention, after):
                after = mention
        elif mention.similarity == 1:
            before = mention
    return after or before


def _likelier_district(one: Mention, other: Mention) -> bool:
    if (one.kind is _PROVINCE) != (other.kind is _PROVINCE):
        return other.kind is _PROVINCE
    return one.similarity > other.similarity


def _province(
    evidence: Evidence, place: CommunePlace, commune: Mention, district: Mention | None
) -> tuple[Mention | None, bool]:
    """The last mention of the place's province; whether it is the province of the place's own age."""
    best: Mention | None = None
    same_age = False
    near = place.province.near
    for mention in evidence.provinces:
        if not (disjoint(mention, commune) and disjoint(mention, district)):
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
