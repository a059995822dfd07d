"""The rules of codes, as a postal manager would tell them: homes, who lives there, and under which codes.

Written for itself, with other notions than the service has: the service keeps entries by code, here are homes that
people live in, move with, and leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from openlocationcode import openlocationcode as olc

from tests.model.words import STEP_M, Place, Words, latitude

Dwelling = tuple[str, int]


@dataclass(eq=False)
class Home:
    """One home: its code, those it had before, and the records that live there."""

    area: str
    code: str
    spot: int | None
    dwelling: Dwelling | None
    former: list[str] = field(default_factory=list)
    residents: set[str] = field(default_factory=set)
    # What became of it when the last one left: they joined another home, or went to another area.
    joined: Home | None = None
    gone_with: tuple[str, str] | None = None


@dataclass(frozen=True)
class Published:
    """What the public topics show under a code: whose word it is, where it lies, which codes resolve to it."""

    record: str
    version: int
    lat: float | None
    aliases: frozenset[str]


class CodeRules:
    """All areas. `here` is where a record lives in an area, `seen` the latest version heard there."""

    def __init__(self) -> None:
        self.homes: dict[str, Home] = {}  # by every code ever issued
        self.dwellings: dict[tuple[str, Dwelling], Home] = {}
        self.here: dict[tuple[str, str], Home] = {}
        self.seen: dict[tuple[str, str], int] = {}
        self.left_for: dict[tuple[str, str], str | None] = {}
        self.published: dict[str, Published] = {}
        self.serials: dict[str, int] = {}

    def register(self, record: str, version: int, words: Words) -> bool:
        """A record is at home where its words say. False if that is old news."""
        area = words.place.area
        if version <= self.seen.get((area, record), -1):
            return False
        self.seen[area, record] = version
        old = self.here.get((area, record))
        home = self._home_meant(old, words)
        if old is not None and old is not home:
            self._leave(old, record, joins=home)
        if home is None:
            home = self._found(words)
        elif self._must_move(home, words, lives_there=home is old):
            self._new_code(home, words)
        elif words.spot is not None and home is old:
            home.spot = words.spot
        home.residents.add(record)
        self.here[area, record] = home
        self._name(home, words.dwelling)
        lat = None if home.spot is None else latitude(words.place, home.spot)
        self.published[home.code] = Published(record, version, lat, frozenset(home.former))
        return True

    def release(self, record: str, version: int, area: str, moved_to: str | None) -> bool:
        """A record is at home here no more: withdrawn, or gone to another area. False if that is old news."""
        if version <= self.seen.get((area, record), -1):
            return False
        self.seen[area, record] = version
        self.left_for[area, record] = moved_to
        home = self.here.pop((area, record), None)
        if home is not None:
            self._leave(home, record, joins=None)
            if not home.residents and moved_to is not None:
                home.gone_with = (moved_to, record)
        return True

    def resolve(self, code: str) -> str | None:
        """The living code that a code stands for today; None if nobody lives there or where they went."""
        home: Home | None = self.homes[code]
        visited: set[int] = set()
        while home is not None and id(home) not in visited:
            visited.add(id(home))
            if home.residents:
                return home.code
            home = home.joined or self._followed(home.gone_with)
        return None

    def _followed(self, gone: tuple[str, str] | None) -> Home | None:
        visited: set[str] = set()
        while gone is not None and gone[0] not in visited:
            area, record = gone
            visited.add(area)
            if (area, record) in self.here:
                return self.here[area, record]
            further = self.left_for.get((area, record))
            gone = None if further is None else (further, record)
        return None

    def _home_meant(self, old: Home | None, words: Words) -> Home | None:
        """The home of that dwelling, if anybody gave it; else the record's own, unless it shares that with others who
        live in another dwelling by these words."""
        if words.dwelling is not None and (words.place.area, words.dwelling) in self.dwellings:
            return self.dwellings[words.place.area, words.dwelling]
        if old is not None and (len(old.residents) == 1 or old.dwelling == words.dwelling):
            return old
        return None

    @staticmethod
    def _must_move(home: Home, words: Words, *, lives_there: bool) -> bool:
        """A first point gives a located code. Only who lives there moves a home, by more than 50 m."""
        if words.spot is None:
            return False
        return home.spot is None or (lives_there and abs(home.spot - words.spot) * STEP_M > 50)

    def _found(self, words: Words) -> Home:
        home = Home(words.place.area, self._issue(words), words.spot, None)
        self.homes[home.code] = home
        return home

    def _new_code(self, home: Home, words: Words) -> None:
        del self.published[home.code]
        home.former.append(home.code)
        home.code, home.spot = self._issue(words), words.spot
        self.homes[home.code] = home

    def _issue(self, words: Words) -> str:
        """Never one that was issued before, to whomever."""
        area = words.place.area
        if words.spot is None:
            self.serials[area] = self.serials.get(area, 0) + 1
            return f"{area}0{self.serials[area]:06}"
        cell = area + _cell(words.place, words.spot)
        if cell not in self.homes:
            return cell
        unit = 2
        while f"{cell}-{unit:02}" in self.homes:
            unit += 1
        return f"{cell}-{unit:02}"

    def _name(self, home: Home, dwelling: Dwelling | None) -> None:
        if home.dwelling is not None and home.dwelling != dwelling:
            del self.dwellings[home.area, home.dwelling]
        home.dwelling = dwelling
        if dwelling is not None:
            self.dwellings[home.area, dwelling] = home

    def _leave(self, home: Home, record: str, *, joins: Home | None) -> None:
        """The code retires with the last who leaves; it stays as an alias of the home that they join."""
        home.residents.discard(record)
        if home.residents:
            return
        del self.published[home.code]
        self._name(home, None)
        if joins is not None:
            home.joined = joins
            joins.former += [*home.former, home.code]


def _cell(place: Place, spot: int) -> str:
    full = olc.encode(latitude(place, spot), place.lon, 11)
    return full.replace("+", "")[4:]
