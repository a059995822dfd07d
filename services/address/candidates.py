"""Candidates: which commune of the gazetteer a text may mean, and what speaks against each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from services.address.faults import Fault
from services.address.lexicon import CommunePlace, DistrictPlace, Lexicon
from services.address.mentions import Left, Mention, Reading, person_name_before
from services.address.spelling import Accents, compare_accents
from services.address.tokens import COMMA
from services.address.words import COMMUNE_KINDS, Kind

# Bounds the work on a text that repeats names.
MAX_MENTIONS = 24
MAX_PLACES = 60
MAX_CANDIDATES = 400

BADLY_MISSPELT = 0.81


@dataclass(frozen=True, slots=True)
class Candidate:
    """One commune that the text may mean.

    `score` is 100 minus the penalties of `faults` and may be negative; `finer` breaks ties (spelling, order).
    """

    place: CommunePlace
    commune: Mention
    district: Mention | None
    province: Mention | None
    faults: tuple[Fault, ...]
    score: int
    finer: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """The mentions of a reading by what they can name."""

    communes: list[Mention]
    districts: list[Mention]
    provinces: list[Mention]
    district_keys: frozenset[str]
    province_ids: frozenset[str]
    province_ids_near: frozenset[str]
    contained: frozenset[Mention]


def evidence_of(reading: Reading, lexicon: Lexicon) -> Evidence:
    """Sort the mentions of a text by level. The last ones count most, so the first are left out of very long texts."""
    communes = [m for m in reading.mentions if m.name.communes and m.can_be_commune]
    districts = [m for m in reading.mentions if m.name.districts and m.can_be_district]
    provinces = [m for m in reading.mentions if m.name.provinces and m.can_be_province]
    ids = frozenset(id_ for m in provinces for id_ in m.name.province_ids)
    near = ids.union(*(lexicon.provinces[id_].near for id_ in ids)) if ids else ids
    return Evidence(
        communes[-MAX_MENTIONS:],
        districts[-MAX_MENTIONS:],
        provinces[-MAX_MENTIONS:],
        frozenset(key for m in districts for key in m.name.district_keys),
        ids,
        near,
        _contained(reading, near),
    )


def _contained(reading: Reading, near: frozenset[str]) -> frozenset[Mention]:
    """Mentions that are part of a longer name which stands free and fits the provinces named."""
    longer = [
        m
        for m in reading.mentions
        if m.end - m.start > 1 and m.similarity == 1 and m.left in (Left.TYPED, Left.EDGE) and _fits(m, near)
    ]
    return frozenset(
        m
        for m in reading.mentions
        for other in longer
        if other.start <= m.start and m.end <= other.end and m.end - m.start < other.end - other.start
    )


def _fits(mention: Mention, near: frozenset[str]) -> bool:
    if not near:
        return True
    return any(d.province.id in near for d in mention.name.districts) or any(
        place.province.id in near for place in mention.name.communes
    )


def candidates(reading: Reading, lexicon: Lexicon) -> list[Candidate]:
    """All candidates, best first."""
    evidence = evidence_of(reading, lexicon)
    found = [_assess(reading, evidence, place, mention) for place, mention in _pairs(evidence)]
    found += [
        _assess(reading, evidence, place, mention, town_of=town_of)
        for place, mention, town_of in _towns(reading, evidence)
    ]
    found.sort(key=lambda c: (-c.score, -c.finer))
    return found


def _pairs(evidence: Evidence) -> Iterator[tuple[CommunePlace, Mention]]:
    """Each commune mention with the places of that name which the rest of the text speaks for, else with all."""
    count = 0
    for mention in reversed(evidence.communes):
        places = [p for p in mention.name.communes if _supported(p, evidence)]
        if not places and not mention.name.numeric:
            places = mention.name.communes[:MAX_PLACES]
        for place in places:
            yield place, mention
            count += 1
            if count == MAX_CANDIDATES:
                return


def _supported(place: CommunePlace, evidence: Evidence) -> bool:
    return place.province.id in evidence.province_ids_near or not evidence.district_keys.isdisjoint(place.districts)


def _towns(reading: Reading, evidence: Evidence) -> Iterator[tuple[CommunePlace, Mention, DistrictPlace]]:
    """A town by its district's name: `TT Hàm Yên` is the town of Hàm Yên, whatever its own name. Also a bare
    `thị trấn` before the district's name."""
    for word in reading.words:
        if word.kind is not Kind.TOWN:
            continue
        named = [m for m in reading.starting.get(word.end, ()) if m.name.districts]
        bare = not named and reading.tokens.gaps[word.end : word.end + 1] != []
        followers = named or [
            m for m in evidence.districts if bare and m.outer_start <= word.end + 1 and m.start >= word.end
        ]
        for mention in followers:
            for district in mention.name.districts:
                if evidence.province_ids_near and district.province.id not in evidence.province_ids_near:
                    continue
                towns = [p for p in district.communes if p.old_town]
                if any(mention.name.key in town.keys for town in towns):
                    continue
                twins = sum(other.province is district.province for other in mention.name.districts)
                if twins > 1:
                    continue
                for town in towns:
                    where = mention if named else Mention(word.start, word.end, mention.name, word, Left.TYPED, "")
                    yield town, where, district


def _assess(
    reading: Reading,
    evidence: Evidence,
    place: CommunePlace,
    mention: Mention,
    town_of: DistrictPlace | None = None,
) -> Candidate:
    """Score one place at one mention."""
    faults: list[Fault] = []
    finer = _commune_faults(reading, evidence, place, mention, faults, town_of)
    district = _district(evidence, place, mention)
    province, exact = _province(evidence, place, mention, district)
    if province is None and district is not None and _names_province(place, district):
        exact = place.province.id in district.name.province_ids
        district, province = None, district
    finer += _wider_faults(place, mention, district, province, exact, faults, town_of)
    _text_faults(reading, evidence, place, mention, district, province, faults)
    score = 100 - sum(fault.penalty for fault in faults)
    return Candidate(place, mention, district, province, tuple(faults), score, finer)


def _commune_faults(
    reading: Reading,
    evidence: Evidence,
    place: CommunePlace,
    mention: Mention,
    faults: list[Fault],
    town_of: DistrictPlace | None,
) -> float:
    """Faults of the name itself and of what stands before it; returns how finely the spelling agrees (0 to 2)."""
    finer = mention.similarity + _edition_bonus(place)
    if town_of is not None:
        faults.append(Fault.COMMUNE_POPULAR_NAME)
    elif mention.similarity < 1:
        bad = mention.similarity < BADLY_MISSPELT or mention.left is Left.INNER
        faults.append(Fault.COMMUNE_BADLY_MISSPELT if bad else Fault.COMMUNE_MISSPELT)
        finer += 0.3 * OSA.normalized_similarity(mention.toned, place.toned)
    elif not mention.name.numeric:
        accents = compare_accents(mention.toned, place.toned)
        if accents is Accents.DIFFER:
            faults.append(Fault.COMMUNE_ACCENTS)
        elif accents is Accents.MISSING:
            finer -= 0.1
    kind = mention.kind
    if kind in COMMUNE_KINDS and kind is not Kind.COMMUNE and kind != place.kind:
        former = kind is Kind.TOWN and place.legacy is None
        faults.append(Fault.COMMUNE_TYPE_FORMER if former else Fault.COMMUNE_TYPE_DIFFERS)
    left = mention.left
    if mention in evidence.contained:
        faults.append(Fault.COMMUNE_INSIDE_NAME)
    elif left is Left.INNER:
        other = mention.end - mention.start == 1 or person_name_before(reading, mention.start)
        faults.append(Fault.COMMUNE_READS_AS_OTHER if other else Fault.COMMUNE_INSIDE_PHRASE)
    elif left is Left.NUMBER:
        faults.append(Fault.COMMUNE_AFTER_NUMBER)
    elif left is Left.LOCAL:
        faults.append(Fault.COMMUNE_READS_AS_OTHER)
    return finer


def _edition_bonus(place: CommunePlace) -> float:
    """Of two old communes that read alike, the one of the later list is meant."""
    return 0.0 if place.legacy is None else (place.legacy.edition - 2019) * 0.015


def _disjoint(mention: Mention, other: Mention | None) -> bool:
    return other is None or mention.end <= other.start or other.end <= mention.start


def _district(evidence: Evidence, place: CommunePlace, commune: Mention) -> Mention | None:
    """The mention of the place's old district: the nearest after the commune, else the nearest before."""
    best: Mention | None = None
    for mention in evidence.districts:
        if mention.similarity < 1 and mention.start < commune.end:
            continue
        if not place.districts.isdisjoint(mention.name.district_keys) and _disjoint(mention, commune):
            if mention.start >= commune.end:
                if best is None or best.start < commune.end or mention.similarity > best.similarity:
                    best = mention
            elif best is None or best.start < commune.end:
                best = mention
    return best


def _names_province(place: CommunePlace, mention: Mention) -> bool:
    """Whether a mention that can be the place's district can also be its province, of either age."""
    ids = mention.name.province_ids
    return mention.can_be_province and (place.province.id in ids or not place.province.near.isdisjoint(ids))


def _province(
    evidence: Evidence, place: CommunePlace, commune: Mention, district: Mention | None
) -> tuple[Mention | None, bool]:
    """The mention of the place's province, the last one; whether it is the province of the place's own age."""
    best: Mention | None = None
    exact = False
    near = place.province.near
    for mention in evidence.provinces:
        if not (_disjoint(mention, commune) and _disjoint(mention, district)):
            continue
        if place.province.id in mention.name.province_ids:
            best, exact = mention, True
        elif not exact and not near.isdisjoint(mention.name.province_ids):
            best = mention
    return best, exact


def _wider_faults(
    place: CommunePlace,
    commune: Mention,
    district: Mention | None,
    province: Mention | None,
    exact: bool,
    faults: list[Fault],
    town_of: DistrictPlace | None,
) -> float:
    """Faults of district and province; returns a small bonus for good order and spelling."""
    finer = 0.0
    old = place.district is not None
    same_name = False
    if district is not None:
        if not old:
            faults.append(Fault.DISTRICT_FORMER)
        if district.similarity < 1:
            faults.append(Fault.DISTRICT_MISSPELT)
        finer += 0.2 * district.similarity + (0.1 if 0 <= district.outer_start - commune.end <= 1 else 0.0)
    elif old and town_of is None and place.district is not None:
        same_name = province is not None and not province.name.district_keys.isdisjoint(place.districts)
        faults.append(Fault.DISTRICT_SAME_AS_PROVINCE if same_name else Fault.DISTRICT_MISSING)
    if province is not None:
        if not exact:
            faults.append(Fault.PROVINCE_OTHER_AGE)
        if province.similarity < 1:
            faults.append(Fault.PROVINCE_MISSPELT)
        finer += 0.2 * province.similarity
    elif district is None and town_of is None:
        faults.append(Fault.COMMUNE_ALONE)
    else:
        faults.append(Fault.PROVINCE_MISSING)
    if _may_be_wider(place, commune, district, province):
        faults.append(Fault.COMMUNE_OR_DISTRICT)
    if (district is not None and district.end <= commune.start) or (
        province is not None and province.end <= commune.start and district is None
    ):
        faults.append(Fault.TEXT_OUT_OF_ORDER)
    return finer


def _may_be_wider(place: CommunePlace, commune: Mention, district: Mention | None, province: Mention | None) -> bool:
    """Whether the commune's name may as well be that of a district or province, which would leave the commune unsaid.

    Not if a type word says commune, nor if the text names district and province besides, nor if the province
    it names is not the one that such a district was in.
    """
    if commune.left is Left.TYPED and commune.word is not None and commune.word.kind in COMMUNE_KINDS:
        return False
    around = frozenset((place.province.id, *place.province.near))
    if province is None and not commune.name.province_ids.isdisjoint(around):
        return True
    if district is not None and (province is not None or district.name is not commune.name):
        same = not commune.name.district_keys.isdisjoint(district.name.district_keys)
        return same and district.start < commune.start
    home = around if province is None else province.name.province_ids
    return any(d.province.id in home for d in commune.name.districts)


def _text_faults(
    reading: Reading,
    evidence: Evidence,
    place: CommunePlace,
    commune: Mention,
    district: Mention | None,
    province: Mention | None,
    faults: list[Fault],
) -> None:
    """What else the text says: names to the right of the commune that it does not explain, a second typed commune."""
    covered = [m for m in (commune, district, province) if m is not None]
    explained = place.explained
    _typed_elsewhere(reading, commune, place.own_keys, covered, faults)
    tokens, neutral = reading.tokens, reading.neutral
    index, stray = commune.end, 0
    contradicting: Fault | None = None
    while index < len(tokens):
        end = next((m.end for m in covered if m.start <= index < m.end), 0)
        if not end and not neutral[index]:
            end = max((m.end for m in reading.starting.get(index, ()) if m.name.key in explained), default=0)
        if not end and not neutral[index]:
            contradicting = contradicting or _contradiction(reading, index, place)
            stray += 1
            end = index + 1
        index = end or index + 1
    if contradicting is not None:
        faults.append(contradicting)
    elif stray:
        faults.append(Fault.TEXT_UNEXPLAINED if stray > 1 else Fault.TEXT_STRAY_WORD)


def _contradiction(reading: Reading, index: int, place: CommunePlace) -> Fault | None:
    """The fault of a name at `index` that belongs to another place, if there is one."""
    worst: Fault | None = None
    for mention in reading.starting.get(index, ()):
        if mention.similarity < 1 or (mention.end - mention.start < 2 and not mention.name.numeric):
            continue
        if mention.name.provinces and mention.can_be_province:
            return Fault.PROVINCE_CONTRADICTS
        if mention.name.districts and mention.can_be_district:
            worst = Fault.DISTRICT_CONTRADICTS
        elif mention.name.communes and worst is None and mention.left is not Left.INNER:
            worst = Fault.TEXT_SECOND_COMMUNE
    return worst


def _typed_elsewhere(
    reading: Reading, commune: Mention, own_keys: frozenset[str], covered: list[Mention], faults: list[Fault]
) -> None:
    """A type word for a commune whose name is not this candidate's: `xã X, Hàm Yên` is not the commune Hàm Yên."""
    tokens = reading.tokens
    for word in reading.words:
        if word.kind not in COMMUNE_KINDS or word is commune.word:
            continue
        if any(m.start < word.end and word.start < m.end for m in covered):
            continue
        mentions = reading.starting.get(word.end, ())
        if any(m.name.key in own_keys and m.similarity == 1 for m in mentions):
            continue
        if word.end >= len(tokens) or tokens.gaps[word.end] >= COMMA:
            continue
        if word.weak and (word.kind is not Kind.PHUONG or _weak_street(reading, word.start)):
            continue
        if word.weak and not mentions:
            faults.append(Fault.TEXT_STRAY_WORD)
            return
        if any(m.name.communes and m.similarity == 1 for m in mentions):
            faults.append(Fault.TEXT_SECOND_COMMUNE)
        else:
            faults.append(Fault.COMMUNE_NAME_UNKNOWN)
        return


def _weak_street(reading: Reading, index: int) -> bool:
    return any(m.word is not None and m.word.start == index and m.left is Left.NUMBER for m in reading.mentions) or (
        index > 0 and reading.tokens.gaps[index] < COMMA and reading.tokens.words[index - 1].isdigit()
    )
