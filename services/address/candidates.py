"""Candidates: which communes of the gazetteer a text may mean, ranked by what speaks against each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.address.decide import PERFECT_SCORE, RIVAL_WITHIN, total_penalty
from services.address.evidence import Claim, Evidence, claim
from services.address.faults import Fault
from services.address.lexicon import CommunePlace
from services.address.mentions import Left, Mention
from services.address.surroundings import text_faults
from services.address.tokens import COMMA
from services.address.type_words import TypeWord
from services.address.weigh import finer, name_faults, wider_faults
from services.address.words import Kind

# Bounds the work on a text that repeats names.
MAX_PLACES: Final = 60
MAX_CANDIDATES: Final = 400
MAX_WEIGHED: Final = 60
_TOWN: Final = Kind.TOWN
_READS_AS_OTHER: Final = Fault.COMMUNE_READS_AS_OTHER
_INSIDE_PHRASE: Final = Fault.COMMUNE_INSIDE_PHRASE
# Faults of a name that runs on from other words.
BEFORE_THE_NAME: Final = frozenset({_READS_AS_OTHER, _INSIDE_PHRASE})


class Candidate:
    """One commune that the text may mean, and where it names commune, district and province.

    `score` is 100 minus the penalties of `faults` and may be negative; `finer` breaks ties (spelling, order). `before`
    is what stands right before the commune's name where that speaks against it; a village's name would not.
    """

    def __init__(
        self,
        place: CommunePlace,
        commune: Mention,
        district: Mention | None,
        province: Mention | None,
        faults: tuple[Fault, ...],
        score: int,
        finer: float,
        before: str = "",
    ) -> None:
        self.place: Final = place
        self.commune: Final = commune
        self.district: Final = district
        self.province: Final = province
        self.faults: Final = faults
        self.score: Final = score
        self.finer: Final = finer
        self.before: Final = before

    def without(self, excused: frozenset[Fault]) -> Candidate:
        """The candidate without some of its faults and their penalties."""
        faults = tuple([fault for fault in self.faults if fault not in excused])
        score = self.score + total_penalty([fault for fault in self.faults if fault in excused])
        return Candidate(self.place, self.commune, self.district, self.province, faults, score, self.finer, self.before)

    @property
    def mentions(self) -> list[Mention]:
        """The mentions of commune, district and province, as far as the text has them."""
        return [m for m in (self.commune, self.district, self.province) if m is not None]


class _Weighed:
    """A claim with the faults of its names, and what they leave of its score."""

    def __init__(self, claim: Claim, faults: list[Fault]) -> None:
        self.claim: Final = claim
        self.faults: Final = faults
        self.score: Final = PERFECT_SCORE - total_penalty(faults)


def _by_rank(candidate: Candidate) -> tuple[int, float]:
    return -candidate.score, -candidate.finer


def candidates(evidence: Evidence) -> list[Candidate]:
    """The candidates, best first; without those that cannot come near the best."""
    weighed: list[_Weighed] = []
    for one in _claims(evidence):
        faults = name_faults(one)
        faults += wider_faults(one)
        row = _Weighed(one, faults)
        # The best first, those of one score as they come. They are few: faster than to sort them by a key.
        at = len(weighed)
        while at > 0 and weighed[at - 1].score < row.score:
            at -= 1
        weighed.insert(at, row)
    # The rest of the text can only lower a score, so that most claims need not be held against it.
    found: list[Candidate] = []
    best = 0
    for row in weighed[:MAX_WEIGHED]:
        if row.score < best - RIVAL_WITHIN:
            break
        one = row.claim
        more = text_faults(one)
        total = row.score - total_penalty(more)
        best = max(best, total)
        before = _before(one) if _runs_on(row.faults) else ""
        faults = row.faults
        faults += more
        found.append(
            Candidate(one.place, one.commune, one.district, one.province, tuple(faults), total, finer(one), before)
        )
    for index in range(1, len(found)):
        if _by_rank(found[index - 1]) > _by_rank(found[index]):
            found.sort(key=_by_rank)
            break
    return found


def _runs_on(faults: list[Fault]) -> bool:
    """Whether one of a name's faults is that it runs on from other words."""
    return any(fault is _READS_AS_OTHER or fault is _INSIDE_PHRASE for fault in faults)


def _before(claim: Claim) -> str:
    """The words before the commune's name, from the comma or the word for a village, street or building on."""
    reading, end = claim.evidence.reading, claim.commune.start
    start = end
    while start > 0 and reading.tokens.gaps[start] < COMMA and start not in reading.local_starts:
        start -= 1
    return " ".join(reading.tokens.words[start:end])


def may_settle(evidence: Evidence) -> bool:
    """Whether a candidate could be without the fault of a commune that stands alone: a quick look that never denies
    what `candidates` would find."""
    reading = evidence.reading
    if len(reading.tokens) == 0:
        return True
    for word in reading.words:
        if word.kind is _TOWN:
            return True
    for mention in evidence.communes:
        for place in mention.name.communes:
            if _supported(place, evidence):
                return True
    return False


def _claims(evidence: Evidence) -> list[Claim]:
    """Each commune mention with the places of that name which the rest of the text speaks for, else with all; and
    towns called by their district's name."""
    claims: list[Claim] = []
    for mention in reversed(evidence.communes):
        places = [place for place in mention.name.communes if _supported(place, evidence)]
        if not places and not mention.name.numeric:
            places = mention.name.communes[:MAX_PLACES]
        for place in places:
            claims.append(claim(evidence, place, mention))
            if len(claims) == MAX_CANDIDATES:
                return claims
    for word in evidence.reading.words:
        if word.kind is _TOWN:
            claims += _towns(evidence, word)
    return claims


def _supported(place: CommunePlace, evidence: Evidence) -> bool:
    if place.province.id in evidence.near:
        return True
    return bool(evidence.district_keys) and place.lies_in(evidence.district_keys)


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
