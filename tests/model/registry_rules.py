"""The rules of codes, as a postal manager would tell them: homes, who lives there, and under which codes.

Written for itself, with other notions than the service has: the service keeps entries by code, here are homes that
people live in, move with, and leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from openlocationcode import openlocationcode as olc

from tests.model.ground import Commune
from tests.model.lineage_rules import Communes, Placed
from tests.model.words import Words

# Commune, kind and number.
Dwelling = tuple[str, str, int]
_METRES_PER_DEGREE = 111_195


@dataclass(eq=False)
class Home:
    """One home: its code, those it had before, and the records that live there."""

    area: str
    code: str
    lat: float | None
    dwelling: Dwelling | None
    former: list[str] = field(default_factory=list)
    residents: set[str] = field(default_factory=set)
    # What became of it when the last one left: they joined another home, or went to another area.
    joined: Home | None = None
    gone_with: tuple[str, str] | None = None


@dataclass(frozen=True)
class Arrival:
    """Words, and the commune where they place a record. `were` are the communes where it was before, as far as lineage
    leads from them to that one. `same_as` is the version whose text and point these are, None where they are new: then
    nothing has moved but the gazetteer."""

    words: Words
    commune: Commune
    were: frozenset[str]
    same_as: int | None

    @classmethod
    def of(cls, came: Placed, communes: Communes, same_as: int | None) -> Arrival:
        assert came.commune is not None
        return cls(came.words, came.commune, frozenset(communes.values()), same_as)

    @property
    def lat(self) -> float | None:
        return None if self.words.spot is None else self.words.lat

    @property
    def dwelling(self) -> Dwelling | None:
        return None if self.words.dwelling is None else (self.commune.code, *self.words.dwelling)

    def is_at(self, home: Home) -> bool:
        """Whether these words name that home, by a commune of before or of now."""
        at = home.dwelling
        if at is None or self.words.dwelling is None:
            return at == self.dwelling
        return at[1:] == self.words.dwelling and at[0] in (self.commune.code, *self.were)


@dataclass(frozen=True)
class Published:
    """What the public topics show under a code: whose word it is, in which commune and where it lies, which codes
    resolve to it."""

    record: str
    version: int
    commune: tuple[str, str]
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

    def register(self, record: str, version: int, area: str, arrives: Arrival) -> bool:
        """A record is at home where its words say. False if that is old news."""
        heard = self.seen.get((area, record), -1)
        if version <= heard:
            return False
        self.seen[area, record] = version
        old = self.here.get((area, record))
        if old is not None and arrives.same_as is not None and heard >= arrives.same_as:
            home = self._stay(old, arrives)
        else:
            home = self._arrive(old, record, area, arrives)
        home.residents.add(record)
        self.here[area, record] = home
        commune = arrives.commune.code, f"Xã {arrives.commune.name}"
        self.published[home.code] = Published(record, version, commune, home.lat, frozenset(home.former))
        return True

    def _arrive(self, old: Home | None, record: str, area: str, arrives: Arrival) -> Home:
        """By words that the area has not heard before."""
        home = self._home_meant(old, area, arrives)
        if old is not None and old is not home:
            self._leave(old, record, joins=home)
        if home is None:
            home = self._found(area, arrives)
        elif self._must_move(home, arrives, lives_there=home is old):
            self._new_code(home, arrives)
        elif arrives.lat is not None and home is old:
            home.lat = arrives.lat
        self._name(home, arrives.dwelling)
        return home

    def _stay(self, home: Home, arrives: Arrival) -> Home:
        """A change of the gazetteer moves nobody, and makes no two homes one."""
        if home.lat is None and arrives.lat is not None:
            self._new_code(home, arrives)
        named = arrives.dwelling and self.dwellings.get((home.area, arrives.dwelling))
        self._name(home, arrives.dwelling if named in (None, home) else None)
        return home

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

    def _home_meant(self, old: Home | None, area: str, arrives: Arrival) -> Home | None:
        """The home of that dwelling, if anybody gave it; else the record's own, unless it shares that with others who
        live in another dwelling by these words."""
        if arrives.dwelling is not None and (area, arrives.dwelling) in self.dwellings:
            return self.dwellings[area, arrives.dwelling]
        if old is not None and (len(old.residents) == 1 or arrives.is_at(old)):
            return old
        return None

    @staticmethod
    def _must_move(home: Home, arrives: Arrival, *, lives_there: bool) -> bool:
        """A first point gives a located code. Only who lives there moves a home, by more than 50 m."""
        if arrives.lat is None:
            return False
        return home.lat is None or (lives_there and abs(home.lat - arrives.lat) * _METRES_PER_DEGREE > 50)

    def _found(self, area: str, arrives: Arrival) -> Home:
        home = Home(area, self._issue(area, arrives), arrives.lat, None)
        self.homes[home.code] = home
        return home

    def _new_code(self, home: Home, arrives: Arrival) -> None:
        del self.published[home.code]
        home.former.append(home.code)
        home.code, home.lat = self._issue(home.area, arrives), arrives.lat
        self.homes[home.code] = home

    def _issue(self, area: str, arrives: Arrival) -> str:
        """Never one that was issued before, to whomever."""
        if arrives.lat is None:
            self.serials[area] = self.serials.get(area, 0) + 1
            return f"{area}0{self.serials[area]:06}"
        cell = area + _cell(arrives.lat, arrives.words.place.lon)
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


def _cell(lat: float, lon: float) -> str:
    full: str = olc.encode(lat, lon, 11)
    return full.replace("+", "")[4:]
