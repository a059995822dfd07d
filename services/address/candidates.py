"""Candidates: which communes of the gazetteer a text may mean, ranked by what speaks against each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.address.evidence import Claim, Evidence, claim, gather
from services.address.faults import Fault
from services.address.lexicon import CommunePlace, Lexicon
from services.address.mentions import Left, Mention, Reading, TypeWord
from services.address.surroundings import text_faults
from services.address.weigh import finer, name_faults, wider_faults
from services.address.words import Kind

# Bounds the work on a text that repeats names.
MAX_PLACES = 60
MAX_CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Candidate:
    """One commune that the text may mean.

    `score` is 100 minus the penalties of `faults` and may be negative; `finer` breaks ties (spelling, order).
    """

    claim: Claim
    faults: tuple[Fault, ...]
    score: int
    finer: float

    @property
    def place(self) -> CommunePlace:
        return self.claim.place

    @property
    def mentions(self) -> list[Mention]:
        """The mentions of commune, district and province, as far as the text has them."""
        return [m for m in (self.claim.commune, self.claim.district, self.claim.province) if m is not None]


def candidates(reading: Reading, lexicon: Lexicon) -> list[Candidate]:
    """All candidates, best first."""
    evidence = gather(reading, lexicon)
    found = [_assess(one) for one in _claims(evidence)]
    found.sort(key=lambda candidate: (-candidate.score, -candidate.finer))
    return found


def _assess(one: Claim) -> Candidate:
    faults = (*name_faults(one), *wider_faults(one), *text_faults(one))
    return Candidate(one, faults, 100 - sum(fault.penalty for fault in faults), finer(one))


def _claims(evidence: Evidence) -> Iterator[Claim]:
    """Each commune mention with the places of that name which the rest of the text speaks for, else with all; and
    towns called by their district's name."""
    count = 0
    for mention in reversed(evidence.communes):
        places = [place for place in mention.name.communes if _supported(place, evidence)]
        if not places and not mention.name.numeric:
            places = mention.name.communes[:MAX_PLACES]
        for place in places:
            yield claim(evidence, place, mention)
            count += 1
            if count == MAX_CANDIDATES:
                return
    for word in evidence.reading.words:
        if word.kind is Kind.TOWN:
            yield from _towns(evidence, word)


def _supported(place: CommunePlace, evidence: Evidence) -> bool:
    return place.province.id in evidence.near or not evidence.district_keys.isdisjoint(place.districts)


def _towns(evidence: Evidence, word: TypeWord) -> Iterator[Claim]:
    """Claims for a town by its district's name: `TT Hàm Yên` is the town of Hàm Yên, whatever its own name. Also for a
    bare `thị trấn` before the district's name. Not where two districts of a province share the name."""
    named = [
        m
        for m in evidence.reading.starting.get(word.end, ())
        if m.word is word and m.name.districts and m.similarity == 1
    ]
    for mention in named or _districts_after(evidence, word):
        where = mention if named else Mention(word.start, word.end, mention.name, word, Left.TYPED, "")
        districts = [d for d in mention.name.districts if not evidence.near or d.province.id in evidence.near]
        for district in districts:
            if sum(other.province is district.province for other in districts) > 1:
                continue
            if named and any(mention.name.key in place.keys and place.kind == Kind.TOWN for place in district.communes):
                continue
            for town in district.communes:
                if town.old_town:
                    yield claim(evidence, town, where, town_of=district)


def _districts_after(evidence: Evidence, word: TypeWord) -> list[Mention]:
    return [m for m in evidence.districts if m.start >= word.end and m.outer_start <= word.end + 1]
