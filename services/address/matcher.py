"""Texts to matches, in batches: read, rank, and read again with fuzzy names where that did not settle it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.address import MatchLevel
from services.address.below import pieces_of
from services.address.cache import BoundedCache
from services.address.candidates import Candidate, candidates, may_settle
from services.address.evidence import Evidence, gather
from services.address.faults import Fault
from services.address.fuzzy import FuzzyNames
from services.address.glance import Text
from services.address.lexicon import Lexicon
from services.address.mentions import Reading
from services.address.pieces import Piece
from services.address.ranking import Contenders, KnownContenders, Ranking
from services.address.reader import Reader
from services.address.residue import without_residue
from services.address.resolve import is_urban_group
from services.address.segments import Segmenter

# Candidates kept of each text: the leader, its rivals, and a few homonyms that a point may choose among.
MAX_KEPT: Final = 24
_CACHED_TAILS: Final = 32_768
_NO_LEVEL: Final = MatchLevel.NONE

# From this score on, exact names settle a text, unless one of these faults hints at a name not found.
SETTLED_SCORE: Final = 90
_TOO_LONG: Final = (Fault.TEXT_TOO_LONG,)
_VILLAGES: Final = frozenset({"village", "group", "name"})
_STREETS: Final = frozenset({"street", "name"})
_ASKING: Final = frozenset({Fault.TEXT_STRAY_WORD, Fault.TEXT_UNEXPLAINED, Fault.COMMUNE_OR_DISTRICT})


class Match:
    """What the text alone says: where it lies, the pieces of what stands below that, and faults of the text itself."""

    def __init__(self, ranking: Ranking, pieces: tuple[Piece, ...], faults: tuple[Fault, ...]) -> None:
        self.ranking: Final = ranking
        self.pieces: Final = pieces
        self.faults: Final = faults

    @property
    def village_names(self) -> tuple[str, ...]:
        """What may name a village."""
        return tuple([piece.value for piece in self.pieces if piece.label in _VILLAGES])

    @property
    def street_names(self) -> tuple[str, ...]:
        """What may name a street."""
        return tuple([piece.value for piece in self.pieces if piece.label in _STREETS])

    @property
    def names_urban_group(self) -> bool:
        """Whether a group of a town is named."""
        return any(piece.label in _VILLAGES and is_urban_group(piece.value) for piece in self.pieces)


_UNSETTLED: Final = Ranking(Contenders((), empty=False), (), _NO_LEVEL, settled=False)


class Matcher:
    """Matches texts against one lexicon, remembering the administrative tails it has seen."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.fuzzy = FuzzyNames(lexicon)
        self._reader = Reader(lexicon)
        self._segmenter = Segmenter(lexicon, self._reader)
        self._contenders = KnownContenders()
        self._tails: BoundedCache[str, Ranking] = BoundedCache(_CACHED_TAILS)
        self._wholes: BoundedCache[str, Ranking] = BoundedCache(_CACHED_TAILS)

    def match(self, texts: Sequence[Text]) -> list[Match]:
        """One match for each text, in order."""
        cuts = [self._segmenter.cut(self._restored(text)) for text in texts]
        readings: dict[str, Reading] = {}
        tails = self._exact([cut.tail for cut in cuts], readings)
        wholes = self._fuzzy([cut.whole for cut in cuts if not tails[cut.tail].settled], readings)
        matches = []
        for cut in cuts:
            faults = _TOO_LONG if cut.cut_short else ()
            tail = tails[cut.tail]
            if tail.settled:
                matches.append(Match(tail, cut.with_tail_pieces(tail.pieces), faults))
            else:
                whole = wholes[cut.whole]
                matches.append(Match(whole, cut.with_whole_pieces(whole.pieces), faults))
        return matches

    def _restored(self, text: Text) -> Text:
        if not text.may_hold_residue:
            return text
        restored = without_residue(text.text, self.lexicon.syllables)
        return text if restored == text.text else Text(restored)

    def _exact(self, texts: Sequence[str], readings: dict[str, Reading]) -> dict[str, Ranking]:
        """The rankings of texts by names spelt right; adds the readings that did not settle their texts."""
        found: dict[str, Ranking] = {}
        for text in texts:
            if text not in found:
                ranking = self._tails.get(text)
                if ranking is None:
                    reading = self.read(text)
                    evidence = gather(reading, self.lexicon)
                    ranking = self._rank(evidence, final=False) if may_settle(evidence) else _UNSETTLED
                    if ranking.settled:
                        ranking = self._contenders.same(ranking)
                    else:
                        ranking = _UNSETTLED
                        readings[text] = reading
                    self._tails.put(text, ranking)
                found[text] = ranking
        return found

    def _fuzzy(self, texts: Sequence[str], readings: dict[str, Reading]) -> dict[str, Ranking]:
        """The rankings of texts with misspelt names."""
        found: dict[str, Ranking] = {}
        new: list[str] = []
        for text in dict.fromkeys(texts):
            ranking = self._wholes.get(text)
            if ranking is None:
                new.append(text)
            else:
                found[text] = ranking
        rankings = self.rank_fuzzy([readings.get(text) or self.read(text) for text in new])
        for text, one in zip(new, rankings, strict=True):
            ranking = self._contenders.same(one)
            self._wholes.put(text, ranking)
            found[text] = ranking
        return found

    def read(self, text: str) -> Reading:
        """The reading of a text by names spelt right."""
        return self._reader.read(text)

    def read_cut(self, text: str) -> Reading:
        """The reading of a whole text, with the mentions that count in `match`: none of those in its inert head."""
        text = without_residue(text, self.lexicon.syllables)
        reading = self.read(text)
        tail_start = self._segmenter.cut(Text(text)).tail_start
        starts = reading.tokens.starts
        reading.keep([mention for mention in reading.mentions if starts[mention.start] >= tail_start])
        return reading

    def rank_fuzzy(self, readings: Sequence[Reading]) -> list[Ranking]:
        """Add the misspelt names to the readings, and rank."""
        self.fuzzy.extend(readings)
        return [self.rank(reading, final=True) for reading in readings]

    def rank(self, reading: Reading, *, final: bool = False) -> Ranking:
        """The candidates of a reading; the pieces only if it is settled or `final`, else they are not asked for."""
        return self._rank(gather(reading, self.lexicon), final=final)

    def _rank(self, evidence: Evidence, final: bool) -> Ranking:
        reading, ranked = evidence.reading, candidates(evidence)
        settled = is_settled(ranked)
        pieces = tuple(pieces_of(reading, ranked[0].mentions if ranked else [])) if settled or final else ()
        level = _NO_LEVEL
        if not ranked:
            if evidence.districts:
                level = MatchLevel.DISTRICT
            elif evidence.provinces:
                level = MatchLevel.PROVINCE
        return Ranking(Contenders(tuple(ranked[:MAX_KEPT]), len(reading.tokens) == 0), pieces, level, settled)


def is_settled(ranked: Sequence[Candidate]) -> bool:
    """Whether exact names leave so little open that misspelt ones need not be looked for."""
    return bool(ranked) and ranked[0].score >= SETTLED_SCORE and _ASKING.isdisjoint(ranked[0].faults)
