"""What the administrative part of a text says: its candidates, and where they stand."""

from __future__ import annotations

from typing import Final

from schemas.address import MatchLevel
from services.address.candidates import Candidate
from services.address.pieces import Piece
from services.address.placement import Placement


class Standing:
    """What a ranking comes to while the villages known are of one `age`. `told` says that villages or streets may
    tell, `streets` that streets may; where neither can, all without a point come to one of two placements, which are
    remembered here: `urban` is that of texts which name a group of a town, if that makes a difference."""

    def __init__(self, age: int, told: bool, streets: bool, turns_urban: bool) -> None:
        self.age: Final = age
        self.told: Final = told
        self.streets: Final = streets
        self.turns_urban: Final = turns_urban
        self.plain: Placement | None = None
        self.urban: Placement | None = None


class Ranking:
    """The candidates of a text, best first. `pieces` are what it says below the commune; `settled` says that no
    misspelt name was looked for; `wider_level` is the level reached without a commune. Shared by the texts with one
    tail, and equal only to itself, so that what follows from it can be remembered by it or in its `standing`."""

    def __init__(
        self,
        ranked: tuple[Candidate, ...],
        pieces: tuple[Piece, ...],
        wider_level: MatchLevel,
        settled: bool,
        empty: bool,
    ) -> None:
        self.ranked: Final = ranked
        self.pieces: Final = pieces
        self.wider_level: Final = wider_level
        self.settled: Final = settled
        self.empty: Final = empty
        self.standing: Standing | None = None
