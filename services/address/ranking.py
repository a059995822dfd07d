"""What the administrative part of a text says: its candidates, and where they stand."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from schemas.address import MatchLevel
from services.address.cache import BoundedCache
from services.address.candidates import Candidate
from services.address.mentions import Mention
from services.address.pieces import Piece
from services.address.placement import Placement

_CACHED: Final = 16_384


class Standing:
    """What contenders come to while the villages known are of one `age`. `told` says that villages or streets may
    tell, `streets` that streets may; where neither can, all without a point come to one of two placements, which are
    remembered here: `urban` is that of texts which name a group of a town, if that makes a difference."""

    def __init__(self, age: int, told: bool, streets: bool, turns_urban: bool) -> None:
        self.age: Final = age
        self.told: Final = told
        self.streets: Final = streets
        self.turns_urban: Final = turns_urban
        self.plain: Placement | None = None
        self.urban: Placement | None = None


class Contenders:
    """The candidates of a text, best first; `empty` says that it has no words. Equal only to themselves, so that what
    follows from them can be remembered by them or in their `standing`."""

    def __init__(self, ranked: tuple[Candidate, ...], empty: bool) -> None:
        self.ranked: Final = ranked
        self.empty: Final = empty
        self.standing: Standing | None = None


class Ranking:
    """The contenders of a text. `pieces` are what it says below the commune; `settled` says that no misspelt name was
    looked for; `wider_level` is the level reached without a commune."""

    def __init__(
        self, contenders: Contenders, pieces: tuple[Piece, ...], wider_level: MatchLevel, settled: bool
    ) -> None:
        self.contenders: Final = contenders
        self.pieces: Final = pieces
        self.wider_level: Final = wider_level
        self.settled: Final = settled

    @property
    def ranked(self) -> tuple[Candidate, ...]:
        """The candidates, best first."""
        return self.contenders.ranked


class KnownContenders:
    """Contenders that came before: three of four tails come to the same as another that is written otherwise."""

    def __init__(self) -> None:
        self._known: BoundedCache[Hashable, Contenders] = BoundedCache(_CACHED)
        self._mentions: BoundedCache[Hashable, Mention] = BoundedCache(_CACHED)

    def same(self, ranking: Ranking) -> Ranking:
        """The ranking with the contenders that came first of all that mean the same; the mentions of these may stand
        elsewhere in another text."""
        new = ranking.contenders
        meaning = (new.empty, *[_meaning(one) for one in new.ranked])
        known = self._known.get(meaning)
        if known is None:
            known = Contenders(tuple([self._kept(one) for one in new.ranked]), new.empty)
            self._known.put(meaning, known)
        return Ranking(known, ranking.pieces, ranking.wider_level, ranking.settled)

    def _kept(self, one: Candidate) -> Candidate:
        """A candidate as it is remembered: with mentions that others share."""
        district = None if one.district is None else self._mention(one.district)
        province = None if one.province is None else self._mention(one.province)
        commune = self._mention(one.commune)
        return Candidate(one.place, commune, district, province, one.faults, one.score, one.finer, one.before)

    def _mention(self, one: Mention) -> Mention:
        """The mention of the same name in the same words that came first; it may have stood elsewhere."""
        word = one.word
        written = None if word is None else (word.kind, word.weak)
        key = (one.name, written, one.left, one.toned, one.similarity, one.wider_only)
        known = self._mentions.get(key)
        if known is None:
            self._mentions.put(key, one)
            return one
        return known


def _meaning(one: Candidate) -> Hashable:
    """All that the choice among candidates asks of one."""
    commune, district, province = one.commune, one.district, one.province
    return (
        one.place,
        one.faults,
        one.score,
        one.finer,
        one.before,
        commune.name,
        commune.kind,
        None if district is None else district.name,
        None if province is None else province.name,
    )
