"""What speaks against a claim in the rest of the text: names it does not explain, other communes, other districts."""

from __future__ import annotations

from typing import Final

from services.address.evidence import Claim, fits
from services.address.faults import Fault
from services.address.mentions import Left, Mention, reads_as_street
from services.address.tokens import COMMA, SPACE
from services.address.words import COMMUNE_KINDS, Kind

# Compiled code asks an enum anew for a member each time it is written; these stand where it counts.
_DISTRICT_CONTRADICTS: Final = Fault.DISTRICT_CONTRADICTS
_PROVINCE_CONTRADICTS: Final = Fault.PROVINCE_CONTRADICTS
_SECOND_COMMUNE: Final = Fault.TEXT_SECOND_COMMUNE
_OTHER_COMMUNE: Final = Fault.TEXT_OTHER_COMMUNE
_NAME_UNKNOWN: Final = Fault.COMMUNE_NAME_UNKNOWN
_STRAY_WORD: Final = Fault.TEXT_STRAY_WORD
_WIDER: Final = frozenset({_DISTRICT_CONTRADICTS, _PROVINCE_CONTRADICTS})
_PHUONG: Final = Kind.PHUONG
_XA: Final = Kind.XA
_EDGE: Final = Left.EDGE
_TYPED: Final = Left.TYPED
_INNER: Final = Left.INNER
_NUMBER: Final = Left.NUMBER


def text_faults(claim: Claim) -> list[Fault]:
    """Faults of what stands beside the names of the claim."""
    covered = [claim.commune]
    if claim.district is not None:
        covered.append(claim.district)
    if claim.province is not None:
        covered.append(claim.province)
    found: list[Fault] = []
    _add(found, _other_typed(claim, covered))
    _add(found, _other_before(claim))
    _add(found, _second_address(claim))
    _add(found, _capital_named(claim))
    for fault in _unexplained(claim, covered):
        _add(found, fault)
    return found


def _add(found: list[Fault], fault: Fault | None) -> None:
    if fault is not None and fault not in found:
        found.append(fault)


def _other_typed(claim: Claim, covered: list[Mention]) -> Fault | None:
    """A type word for a commune whose name is not this claim's: `xã X, Hàm Yên` is not the commune Hàm Yên."""
    reading = claim.evidence.reading
    tokens = reading.tokens
    strong = claim.commune.word is not None and not claim.commune.word.weak
    for word in reading.words:
        if word.kind not in COMMUNE_KINDS or word is claim.commune.word:
            continue
        if word.end >= len(tokens) or tokens.gaps[word.end] >= COMMA:
            continue
        if any(m.start < word.end and word.start < m.end for m in covered):
            continue
        if word.weak and (strong or word.kind not in (_PHUONG, _XA) or reads_as_street(reading, word)):
            continue
        if tokens.words[word.start] == "f":
            # F10 is as often a flat.
            continue
        if any(other.start == word.end and other.kind in COMMUNE_KINDS for other in reading.words):
            continue
        mentions = reading.starting.get(word.end, ())
        if any(m.name.key in claim.place.keys and m.similarity == 1 for m in mentions):
            continue
        if any(m.name.communes and m.similarity == 1 for m in mentions):
            return _OTHER_COMMUNE
        return _NAME_UNKNOWN if not word.weak or mentions else _STRAY_WORD
    return None


def _other_before(claim: Claim) -> Fault | None:
    """An old commune of the same province that stands by itself right before a name which is a district's as well:
    `Hữu Hòa, Hà Đông` is not the ward Hà Đông of today."""
    commune = claim.commune
    if claim.district is not None or commune.left not in (_EDGE, _INNER) or not claim.evidence.near:
        return None
    for other in claim.evidence.communes:
        if other.end != commune.outer_start or other.similarity < 1 or claim.place.explains(other.name.key):
            continue
        if other.left is _EDGE or (other.left is _TYPED and other.end - other.start > 1):
            places = [place for place in other.name.communes if place.province.id in claim.evidence.near]
            if places and not any(claim.place.code in place.current for place in places):
                return _OTHER_COMMUNE
    return None


def _second_address(claim: Claim) -> Fault | None:
    """Another commune with its own district before this one: two addresses in one text."""
    for district in claim.evidence.districts:
        if district.end > claim.commune.start or district.similarity < 1:
            continue
        if claim.place.explains(district.name.key) or district.left not in (_EDGE, _TYPED):
            continue
        for other in claim.evidence.communes:
            if 0 <= district.outer_start - other.end <= 1 and other.left is not _NUMBER:
                keys = district.name.district_keys
                if any(not place.districts.isdisjoint(keys) for place in other.name.communes):
                    return _OTHER_COMMUNE
    return None


def _capital_named(claim: Claim) -> Fault | None:
    """A province's name written twice, apart, is that of its capital and then its own; then the commune does not lie
    elsewhere in the province."""
    province = claim.province
    if claim.district is not None or province is None or not province.name.districts:
        return None
    if not province.name.district_keys.isdisjoint(claim.place.districts):
        return None
    ids = province.name.province_ids
    for mention in claim.evidence.districts:
        if mention.name is province.name and claim.commune.end <= mention.start and mention.end <= province.start:
            capital = any(district.province.id in ids for district in mention.name.districts)
            if capital and mention.left in (_EDGE, _TYPED) and province.left in (_EDGE, _TYPED):
                return Fault.DISTRICT_DOUBTFUL
    return None


def _unexplained(claim: Claim, covered: list[Mention]) -> list[Fault]:
    """Words after the commune that no name of the claim accounts for. Where the claim has neither district nor province
    for itself, another district and another province weigh both."""
    reading = claim.evidence.reading
    count, neutral = len(reading.tokens), reading.neutral
    reverse = claim.district is not None and claim.province is not None and claim.province.end <= claim.commune.start
    if reverse and claim.district is not None and claim.district.end <= claim.commune.start:
        return []
    stray, adjoins = 0, False
    against: list[Fault] = []
    index = claim.commune.end
    while index < count:
        step = 0
        for mention in covered:
            if mention.start == index:
                step = mention.end
        mentions = reading.starting.get(index)
        if not step and mentions:
            step = _explained_until(claim, mentions)
        if not step and not neutral[index]:
            if mentions:
                contradiction = _contradiction(mentions)
                _add(against, contradiction)
            stray += 1
            adjoins |= index == claim.commune.end and reading.tokens.gaps[index] <= SPACE
        index = step or index + 1
    if against:
        ordered = sorted(against, key=lambda fault: -fault.penalty)
        alone = claim.district is None and claim.province is None
        return [fault for fault in ordered if fault in _WIDER] if alone and _WIDER.issubset(against) else ordered[:1]
    if not stray:
        return []
    return [Fault.TEXT_UNEXPLAINED if stray > 1 or adjoins else _STRAY_WORD]


def _explained_until(claim: Claim, mentions: list[Mention]) -> int:
    """Where a repetition of the claim's own names, among the mentions that start at one token, ends; 0 if there is
    none, or if a longer name starts there."""
    explained = longest = 0
    near = claim.evidence.near
    for mention in mentions:
        if mention.end > explained and _explains(claim, mention):
            explained = mention.end
        if mention.end > longest and mention.similarity == 1 and fits(mention, near):
            longest = mention.end
    return explained if explained >= longest else 0


def _explains(claim: Claim, mention: Mention) -> bool:
    """Whether a mention repeats a name of the claim, at the level that its type word says."""
    key, place = mention.name.key, claim.place
    if not place.explains(key):
        return False
    if mention.name.numeric:
        return key in (place.keys if mention.kind in COMMUNE_KINDS else place.district_names)
    return mention.can_be_province or key in place.district_names or key in place.keys


def _contradiction(mentions: list[Mention]) -> Fault | None:
    """The fault of a name, among those that start at one token, that belongs to another place, if there is one."""
    worst: Fault | None = None
    for mention in mentions:
        if mention.similarity < 1 or (mention.end - mention.start < 2 and not mention.name.numeric):
            continue
        if mention.name.provinces and mention.can_be_province:
            return _PROVINCE_CONTRADICTS
        if mention.name.districts and mention.can_be_district:
            worst = _DISTRICT_CONTRADICTS
        elif mention.name.communes and mention.left is not _INNER:
            worst = _heavier(worst, _SECOND_COMMUNE)
    return worst


def _heavier(one: Fault | None, other: Fault | None) -> Fault | None:
    if one is None or other is None:
        return one or other
    return one if one.penalty >= other.penalty else other
