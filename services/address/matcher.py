"""Texts to matches, in batches: read, rank, and read again with fuzzy names where that did not settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.address import MatchLevel
from services.address.candidates import Candidate, candidates, evidence_of
from services.address.details import Piece, parse_details
from services.address.faults import Fault
from services.address.lexicon import Lexicon
from services.address.mentions import Reading, read
from services.address.tokens import tokenise

# Candidates kept of each text: the leader, its rivals, and a few homonyms that a point may choose among.
MAX_KEPT = 40


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

    def match(self, texts: Sequence[str]) -> list[Match]:
        """One match for each text, in order."""
        known: dict[str, Match] = {}
        for text in texts:
            if text not in known:
                known[text] = self._match(text)
        return [known[text] for text in texts]

    def _match(self, text: str) -> Match:
        reading = read(tokenise(text), self.lexicon)
        ranked = candidates(reading, self.lexicon)[:MAX_KEPT]
        return finish(reading, ranked, self.lexicon)


def finish(reading: Reading, ranked: list[Candidate], lexicon: Lexicon) -> Match:
    """The match of a reading with its ranking: what stands before the commune becomes components."""
    until = _head_end(reading, ranked)
    pieces = parse_details(reading, until)
    names = [piece.value for piece in pieces if piece.label in ("village", "group", "name")]
    level = MatchLevel.NONE
    if not ranked:
        evidence = evidence_of(reading, lexicon)
        if evidence.districts:
            level = MatchLevel.DISTRICT
        elif evidence.provinces:
            level = MatchLevel.PROVINCE
    faults = (Fault.TEXT_TOO_LONG,) if reading.tokens.cut else ()
    return Match(reading, ranked, pieces, names, level, faults, len(reading.tokens) == 0)


def _head_end(reading: Reading, ranked: list[Candidate]) -> int:
    """The first token of the administrative part: of the best candidate, or of the first wide name without one."""
    if ranked:
        best = ranked[0]
        mentions = [m for m in (best.commune, best.district, best.province) if m is not None]
        return min(m.outer_start for m in mentions) if best.commune.start > 0 else best.commune.outer_start
    return len(reading.tokens)
