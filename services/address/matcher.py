"""Texts to matches, in batches: read, rank, and read again with fuzzy names where that did not settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.address import MatchLevel
from services.address.candidates import Candidate, candidates
from services.address.details import Piece, parse_details
from services.address.evidence import gather
from services.address.faults import Fault
from services.address.fuzzy import FuzzyNames
from services.address.lexicon import Lexicon
from services.address.mentions import Reading, read
from services.address.tokens import tokenise

# Candidates kept of each text: the leader, its rivals, and a few homonyms that a point may choose among.
MAX_KEPT = 40

# From this score on, exact names settle a text, unless one of these faults hints at a name not found.
SETTLED_SCORE = 90
_ASKING = frozenset({Fault.TEXT_STRAY_WORD, Fault.TEXT_UNEXPLAINED, Fault.COMMUNE_OR_DISTRICT})


@dataclass(frozen=True, slots=True)
class Match:
    """What the text alone says. `ranked` is best first; `wider_level` is the level reached without a commune."""

    reading: Reading
    ranked: list[Candidate]
    pieces: list[Piece]
    village_names: list[str]
    wider_level: MatchLevel
    faults: tuple[Fault, ...]
    empty: bool


class Matcher:
    """Matches texts against one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.fuzzy = FuzzyNames(lexicon)

    def match(self, texts: Sequence[str]) -> list[Match]:
        """One match for each text, in order."""
        distinct = list(dict.fromkeys(texts))
        readings = [read(tokenise(text, self.lexicon.syllables), self.lexicon) for text in distinct]
        ranked = [candidates(reading, self.lexicon) for reading in readings]
        unsettled = [row for row in range(len(distinct)) if _unsettled(ranked[row])]
        self.fuzzy.extend([readings[row] for row in unsettled])
        for row in unsettled:
            ranked[row] = candidates(readings[row], self.lexicon)
        matches = {
            text: finish(reading, found[:MAX_KEPT], self.lexicon)
            for text, reading, found in zip(distinct, readings, ranked, strict=True)
        }
        return [matches[text] for text in texts]


def _unsettled(ranked: list[Candidate]) -> bool:
    """Whether exact names leave enough open that misspelt ones should be looked for."""
    return not ranked or ranked[0].score < SETTLED_SCORE or not _ASKING.isdisjoint(ranked[0].faults)


def finish(reading: Reading, ranked: list[Candidate], lexicon: Lexicon) -> Match:
    """The match of a reading with its ranking: what stands before the commune becomes components."""
    until = _head_end(reading, ranked)
    pieces = parse_details(reading, until)
    names = [piece.value for piece in pieces if piece.label in ("village", "group", "name")]
    level = MatchLevel.NONE
    if not ranked:
        evidence = gather(reading, lexicon)
        if evidence.districts:
            level = MatchLevel.DISTRICT
        elif evidence.provinces:
            level = MatchLevel.PROVINCE
    faults = (Fault.TEXT_TOO_LONG,) if reading.tokens.cut else ()
    return Match(reading, ranked, pieces, names, level, faults, len(reading.tokens) == 0)


def _head_end(reading: Reading, ranked: list[Candidate]) -> int:
    """The first token of the administrative part: of the best candidate, or of the first wide name without one."""
    if ranked:
        return min(mention.outer_start for mention in ranked[0].mentions)
    return len(reading.tokens)
