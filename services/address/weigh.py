"""What speaks against a claim in the names themselves: spelling, kind, place in the phrase, district, province."""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import OSA

from services.address.evidence import Claim
from services.address.faults import Fault
from services.address.mentions import Left, Mention, person_name_before
from services.address.spelling import Accents, compare_accents
from services.address.tokens import COMMA, SPACE
from services.address.words import COMMUNE_KINDS, DISTRICT_KINDS, Kind

BADLY_MISSPELT: Final = 0.81
LEAST_TONED: Final = 0.62
# Compiled code asks an enum anew for a member each time it is written; these stand where it counts.
_COMMUNE: Final = Kind.COMMUNE
_TOWN: Final = Kind.TOWN
_PROVINCE: Final = Kind.PROVINCE
_TYPED: Final = Left.TYPED
_INNER: Final = Left.INNER
_NUMBER: Final = Left.NUMBER
_LOCAL: Final = Left.LOCAL
_EQUAL: Final = Accents.EQUAL
_MISSING: Final = Accents.MISSING
_DIFFER: Final = Accents.DIFFER
_TYPE_FORMER: Final = Fault.COMMUNE_TYPE_FORMER
_TYPE_DIFFERS: Final = Fault.COMMUNE_TYPE_DIFFERS
_INSIDE_NAME: Final = Fault.COMMUNE_INSIDE_NAME
_AFTER_NUMBER: Final = Fault.COMMUNE_AFTER_NUMBER
_READS_AS_OTHER: Final = Fault.COMMUNE_READS_AS_OTHER
_INSIDE_PHRASE: Final = Fault.COMMUNE_INSIDE_PHRASE
_DISTRICT_MISSING: Final = Fault.DISTRICT_MISSING
_DISTRICT_FORMER: Final = Fault.DISTRICT_FORMER
_OTHER_AGE: Final = Fault.PROVINCE_OTHER_AGE
_PROVINCE_MISSING: Final = Fault.PROVINCE_MISSING
_ALONE: Final = Fault.COMMUNE_ALONE
_OR_DISTRICT: Final = Fault.COMMUNE_OR_DISTRICT


def name_faults(claim: Claim) -> list[Fault]:
    """Faults of the commune's name: its spelling, its kind, and what stands before it."""
    mention = claim.commune
    faults: list[Fault] = []
    if claim.town_of is not None:
        faults.append(Fault.COMMUNE_POPULAR_NAME)
    elif mention.similarity < 1:
        faults.append(Fault.COMMUNE_BADLY_MISSPELT if _doubtful(claim) else Fault.COMMUNE_MISSPELT)
    elif not mention.name.numeric and _accents(claim) is _DIFFER:
        faults.append(Fault.COMMUNE_ACCENTS)
    kind = mention.kind
    if kind in COMMUNE_KINDS and kind is not _COMMUNE and kind != claim.place.kind:
        former = kind is _TOWN and claim.place.legacy is None
        faults.append(_TYPE_FORMER if former else _TYPE_DIFFERS)
    before = _fault_before(claim)
    if before is not None:
        faults.append(before)
    return faults


def _accents(claim: Claim) -> Accents:
    """How the accents of the commune's name differ from its own."""
    written, own = claim.commune.toned, claim.place.toned
    return _EQUAL if written == own else compare_accents(written, own)


def _doubtful(claim: Claim) -> bool:
    """Whether a misspelt name is too far off, or stands where a name is not expected."""
    mention = claim.commune
    if not mention.toned.isascii() and OSA.normalized_similarity(mention.toned, claim.place.toned) < LEAST_TONED:
        return True
    return (
        mention.similarity < BADLY_MISSPELT
        or (mention.kind in COMMUNE_KINDS and mention.kind not in (_COMMUNE, claim.place.kind))
        or mention.left is _INNER
        or (claim.province is None and claim.district is None)
        or (claim.province is not None and mention.start >= claim.province.end)
    )


def _fault_before(claim: Claim) -> Fault | None:
    mention = claim.commune
    if mention in claim.evidence.contained:
        return _INSIDE_NAME
    if mention.left is _NUMBER:
        return _AFTER_NUMBER
    if mention.left is _LOCAL:
        return _READS_AS_OTHER
    if mention.left is _INNER:
        other = (
            mention.end - mention.start == 1
            or person_name_before(claim.evidence.reading, mention.start)
            or (claim.district is None and _in_local_phrase(claim))
        )
        return _READS_AS_OTHER if other else _INSIDE_PHRASE
    return None


def _in_local_phrase(claim: Claim) -> bool:
    """Whether the phrase that the name ends begins with a word for a village, street or building."""
    reading = claim.evidence.reading
    index = claim.commune.start - 1
    while index >= 0:
        if index in reading.local_starts:
            return True
        if reading.tokens.gaps[index] == COMMA:
            return False
        index -= 1
    return False


def wider_faults(claim: Claim) -> list[Fault]:
    """Faults of district and province, and of their order."""
    faults = _district_faults(claim)
    province = claim.province
    if province is not None:
        if not claim.same_age:
            faults.append(_OTHER_AGE)
        if province.similarity < 1:
            faults.append(Fault.PROVINCE_MISSPELT)
    elif claim.district is None and claim.town_of is None:
        faults.append(_ALONE)
    else:
        faults.append(_PROVINCE_MISSING)
    if _may_be_wider(claim):
        faults.append(_OR_DISTRICT)
    wider = claim.district or province
    if wider is not None and wider.end <= claim.commune.start:
        faults.append(Fault.TEXT_OUT_OF_ORDER)
    return faults


def _district_faults(claim: Claim) -> list[Fault]:
    old = claim.place.district is not None
    if _meant_in_capital(claim):
        return [Fault.DISTRICT_DOUBTFUL]
    if claim.district is not None:
        faults = [] if old else [_DISTRICT_FORMER]
        if claim.district.similarity < 1:
            faults.append(Fault.DISTRICT_MISSPELT)
        return faults
    if not old or claim.town_of is not None:
        return []
    province = claim.province
    same_name = province is not None and not province.name.district_keys.isdisjoint(claim.place.districts)
    return [Fault.DISTRICT_SAME_AS_PROVINCE if same_name else _DISTRICT_MISSING]


def _meant_in_capital(claim: Claim) -> bool:
    """Whether a bare name of the province is its capital's as well, and a commune there has the claim's name and the
    kind written: of two in the province, `Phường 3, Sóc Trăng` means the one in the town of Sóc Trăng."""
    province, kind = claim.province, claim.commune.kind
    if claim.district is not None or province is None or province.kind is not None or province.similarity < 1:
        return False
    if claim.place.district is None and claim.same_age:
        return False
    ids = province.name.province_ids
    capitals = frozenset(d.key for d in province.name.districts if d.province.id in ids)
    if not capitals or not capitals.isdisjoint(claim.place.districts) or claim.commune.similarity < 1:
        return False
    for place in claim.commune.name.communes:
        if place.district is not None and place.district.key in capitals and kind == place.kind:
            return True
    return False


def _may_be_wider(claim: Claim) -> bool:
    """Whether the commune's name may as well be that of a district or province, which would leave the commune unsaid.

    Not if the commune's kind stands before it for sure, nor if the text names district and province besides, nor if the
    province it names is not the one that such a district was in.
    """
    commune, district, province = claim.commune, claim.district, claim.province
    if commune.kind in DISTRICT_KINDS:
        return True
    if commune.left is _TYPED and commune.kind in (_COMMUNE, claim.place.kind) and not _kind_ends_name(claim):
        return False
    if province is None and commune.name.provinces:
        return True
    if district is not None and (province is not None or district.name is not commune.name):
        same = not commune.name.district_keys.isdisjoint(district.name.district_keys)
        return same and (district.start < commune.start or _said_twice(claim, district))
    around = claim.place.province
    for other in commune.name.districts:
        id_ = other.province.id
        if id_ == around.id or id_ in around.near if province is None else id_ in province.name.province_ids:
            return True
    return False


def _kind_ends_name(claim: Claim) -> bool:
    """Whether the word for the commune's kind may be the end of a commune's name, in the district that bears the name
    behind it: `Bình Xa Hàm Yên`."""
    word, keys = claim.commune.word, claim.commune.name.district_keys
    return word is not None and any(
        other.end == word.end
        and other.start < word.start
        and other.similarity == 1
        and any(not place.districts.isdisjoint(keys) for place in other.name.communes)
        for other in claim.evidence.communes
    )


def _said_twice(claim: Claim, district: Mention) -> bool:
    """Whether one name stands twice with nothing between, as some sources write a district: `Nga Sơn Nga Sơn`."""
    return (
        district.word is None
        and district.start == claim.commune.end
        and claim.evidence.reading.tokens.gaps[district.start] <= SPACE
    )


def finer(claim: Claim) -> float:
    """What tells claims of one score apart: closeness of spelling, edition, neighbourhood. Between 0 and 3."""
    mention, place = claim.commune, claim.place
    value = mention.similarity
    if mention.similarity < 1:
        value += 0.3 * OSA.normalized_similarity(mention.toned, place.toned)
    elif not mention.name.numeric and _accents(claim) is _MISSING:
        value -= 0.1
    if place.legacy is not None:
        # Of two old communes that read alike, the one of the later list is meant.
        value += (place.legacy.edition - 2019) * 0.015
    if claim.district is not None:
        value += 0.2 * claim.district.similarity
        value += 0.1 if 0 <= claim.district.outer_start - mention.end <= 1 else 0.0
    if claim.province is not None:
        value += 0.2 * claim.province.similarity
    return value
