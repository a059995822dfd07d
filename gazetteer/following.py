"""What users imported, followed to the communes of a later edition, and what of it must be set aside.

Each row was checked against an edition of the gazetteer. Where its commune ended since, lineage says where the row
belongs now; where lineage leads to several communes, the row's point or a newer list does. What nothing decides is set
aside, and named: a row in the wrong commune would confirm addresses that are not there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gazetteer.boundaries import Boundaries
from gazetteer.changes import FIRST_EDITION
from gazetteer.model import Commune, Village
from gazetteer.villages import are_one, name_key

if TYPE_CHECKING:
    from gazetteer.gazetteer import Gazetteer
    from gazetteer.imports import Imports

T = TypeVar("T")

PartOf = Callable[[Village, Sequence[Commune], Boundaries | None], Commune | None]
"""Which part of a split commune a village's point lies in, None where that is not sure."""


class CommuneOf(NamedTuple):
    """A commune as an edition of the gazetteer has it."""

    code: str
    edition: str


class Listed(NamedTuple):
    """A village as it was imported, and the edition of the gazetteer that it was checked against."""

    village: Village
    edition: str


class What(StrEnum):
    """The kinds of imports."""

    VILLAGE = "village"
    BOUNDARY = "boundary"
    POSTAL_CODE = "postal code"


class Why(StrEnum):
    """Why a row is set aside, with what mends it."""

    mend: str

    def __new__(cls, text: str, mend: str) -> Why:
        made = str.__new__(cls, text)
        made._value_ = text
        made.mend = mend
        return made

    LATER = (
        "it was imported with a later edition of the gazetteer",
        "it counts again with that one; for this one, import a list of its own",
    )
    ENDED = "its commune ended, and it is not known what became of it", "import it for a commune of today"
    NO_OLD_COMMUNE = "there is no such old commune", "import the list again"
    SPLIT = "its commune was split, and nothing tells the part", "import the lists of the parts, or their boundaries"
    ALIKE = (
        "several villages of this kind and name lie in one commune now",
        "import the list of that commune, with the old commune of each (old_commune)",
    )
    CHANGED = "its commune has another extent now", "import the boundary of the commune of today"
    OTHER_COMMUNE = (
        "its commune went into another one, or was split",
        "import the postal code of the commune of today, if the gazetteer's is not right",
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A row that is in the commune `into` now, or set aside for a reason. `commune` is where it was imported; `name` is
    the village's, or the postal code."""

    what: What
    commune: CommuneOf
    name: str
    into: str | None = None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A village in its commune of today. `settled` says that nothing has become of its commune since it was listed."""

    village: Village
    origin: CommuneOf
    settled: bool


@dataclass(frozen=True)
class Followed:
    """Imports as they count in one gazetteer. `superseded` rows are those for which a newer import stands."""

    villages: tuple[Entry, ...] = ()
    postal_codes: Mapping[str, str] = field(default_factory=dict)
    boundaries: Boundaries | None = None
    carried: tuple[Moved, ...] = ()
    set_aside: tuple[Moved, ...] = ()
    superseded: int = 0

    @property
    def moves(self) -> tuple[Moved, ...]:
        """The rows that are set aside, and those that followed their commune."""
        return (*self.set_aside, *self.carried)

    @property
    def rows(self) -> int:
        """How many count."""
        return len(self.villages) + len(self.postal_codes) + (len(self.boundaries.codes) if self.boundaries else 0)

    @cached_property
    def counts(self) -> Counter[str]:
        """How many rows are set aside, by kind."""
        return Counter(one.what.value for one in self.set_aside)

    @cached_property
    def origins(self) -> Mapping[str, tuple[Entry, ...]]:
        """The villages by commune of today, with where each came from."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.villages:
            found[entry.village.commune_code or ""].append(entry)
        return {code: tuple(entries) for code, entries in found.items()}

    @cached_property
    def ambiguous(self) -> frozenset[tuple[str, str]]:
        """Communes of today with names that several imported villages bear there, so that none counts."""
        return frozenset((one.into or "", one.name) for one in self.set_aside if one.why is Why.ALIKE)


def follow(gazetteer: Gazetteer, imports: Imports, part_of: PartOf | None = None) -> Followed:
    """What of the imports counts with a gazetteer (that has none laid over it), and where. Without `part_of`, a split
    commune is told by newer lists alone."""
    postal_codes, postal_moves = _of_communes(
        gazetteer, imports.postal_codes, What.POSTAL_CODE, lambda of: Why.OTHER_COMMUNE
    )
    outlines, outline_moves = _of_communes(gazetteer, imports.outlines, What.BOUNDARY, lambda of: Why.CHANGED)
    boundaries = Boundaries(outlines) if outlines else None
    villages = _Villages(gazetteer, imports.villages, boundaries, part_of)
    moves = [*villages.moves, *outline_moves, *postal_moves]
    return Followed(
        villages=tuple(villages.entries),
        postal_codes=postal_codes,
        boundaries=boundaries,
        carried=tuple(one for one in moves if one.why is None),
        set_aside=tuple(one for one in moves if one.why is not None),
        superseded=villages.superseded,
    )


def place(
    gazetteer: Gazetteer, listed: Listed, boundaries: Boundaries | None, part_of: PartOf | None
) -> Entry | tuple[Why, tuple[str, ...]]:
    """A village with a commune in what that became; or why it has no place, and the communes that it may be in."""
    village, origin = listed.village, CommuneOf(listed.village.commune_code or "", listed.edition)
    if listed.edition > gazetteer.edition:
        return Why.LATER, ()
    ways = tuple(one.commune_code for one in gazetteer.became(*origin))
    if not ways:
        return Why.ENDED, ()
    target: str | None = ways[0]
    if len(ways) > 1:
        parts = [gazetteer.communes[code] for code in ways]
        pointed = village.lat is not None and village.lon is not None and part_of is not None
        part = part_of(village, parts, boundaries) if pointed and part_of is not None else None
        target = None if part is None else part.code
    if target is None:
        return Why.SPLIT, ways
    # A commune of before July 2025 is the old commune of its villages.
    old = village.legacy_commune_code or (origin.code if _before_reform(gazetteer, origin.edition) else None)
    settled = len(ways) == 1 and target == origin.code and not gazetteer.grown(*origin)
    return Entry(replace(village, commune_code=target, legacy_commune_code=old), origin, settled)


def clashing(gazetteer: Gazetteer, entries: Sequence[Entry]) -> tuple[set[int], set[int]]:
    """Of entries of one commune, kind and name: the places of those that another one stands for, and of those that
    cannot be told apart any more: they were villages of several communes."""
    covered: set[int] = set()
    alike: set[int] = set()
    for nth, one in enumerate(entries):
        others = [other for other in entries if other is not one and are_one(one.village, other.village)]
        others = [other for other in others if other.origin != one.origin]
        if one.settled or not others:
            continue
        if any(other.settled or succeeds(gazetteer, other.origin, one.origin) for other in others):
            covered.add(nth)
        elif not all(succeeds(gazetteer, one.origin, other.origin) for other in others):
            alike.add(nth)
    return covered, alike


def _before_reform(gazetteer: Gazetteer, edition: str) -> bool:
    return edition < FIRST_EDITION <= gazetteer.edition


def succeeds(gazetteer: Gazetteer, later: CommuneOf, earlier: CommuneOf) -> bool:
    """Whether a commune is what another one was at an earlier edition."""
    if later.edition <= earlier.edition:
        return False
    ways = gazetteer.became_until(*earlier, later.edition)
    return [one.commune_code for one in ways] == [later.code]


def _of_communes(
    gazetteer: Gazetteer, rows: Mapping[CommuneOf, T], what: What, why: Callable[[CommuneOf], Why]
) -> tuple[dict[str, T], list[Moved]]:
    """What belongs to a commune as a whole stays with it as long as it is the same commune; the newest counts."""
    newest: dict[str, tuple[str, T]] = {}
    left: list[tuple[CommuneOf, Why, tuple[str, ...]]] = []
    for of, value in rows.items():
        ways = tuple(one.commune_code for one in gazetteer.became(*of))
        if of.edition > gazetteer.edition:
            left.append((of, Why.LATER, ()))
        elif not ways:
            left.append((of, Why.ENDED, ()))
        elif (
            ways != (of.code,)
            or _before_reform(gazetteer, of.edition)
            or (what is What.BOUNDARY and gazetteer.grown(*of))
        ):
            left.append((of, why(of), ways))
        elif of.code not in newest or newest[of.code][0] < of.edition:
            newest[of.code] = of.edition, value
    named = {of: str(value) if what is What.POSTAL_CODE else "" for of, value in rows.items()}
    moves = [
        Moved(what, of, named[of], ways[0] if len(ways) == 1 else None, reason)
        for of, reason, ways in left
        # Where each commune that it went into has one of its own since, nothing is missing.
        if not (ways and all(code in newest and newest[code][0] > of.edition for code in ways))
    ]
    return {code: value for code, (_, value) in newest.items()}, moves


class _Villages:
    """The villages of lists, followed one by one."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        rows: Sequence[Listed],
        boundaries: Boundaries | None,
        part_of: PartOf | None,
    ) -> None:
        self._gazetteer = gazetteer
        self.entries: list[Entry] = []
        self.moves: list[Moved] = []
        self.superseded = 0
        # By edition, up to this one, and commune: the names of its list.
        self._lists: dict[str, dict[str, list[Village]]] = defaultdict(lambda: defaultdict(list))
        for village, edition in rows:
            if village.commune_code is not None and edition <= gazetteer.edition:
                self._lists[edition][village.commune_code].append(village)
        old = {one.code for one in gazetteer.legacy}
        placed = [one for row in rows if (one := self._placed(row, old, boundaries, part_of)) is not None]
        self._tell_apart(placed)

    def _placed(
        self, row: Listed, old: set[str], boundaries: Boundaries | None, part_of: PartOf | None
    ) -> Entry | None:
        village, origin = row.village, CommuneOf(row.village.commune_code or "", row.edition)
        if village.legacy_commune_code is not None and village.legacy_commune_code not in old:
            self._aside(row, Why.NO_OLD_COMMUNE)
            return None
        if village.commune_code is None:
            return Entry(village, origin, True)
        found = place(self._gazetteer, row, boundaries, part_of)
        target = found.village.commune_code if isinstance(found, Entry) else None
        if self._has_newer(row, target):
            self.superseded += 1
            return None
        if isinstance(found, Entry):
            return found
        why, _ = found
        if why is Why.SPLIT and _before_reform(self._gazetteer, row.edition) and village.commune_code in old:
            # As a list that names the old commune alone: text and points still tell the part.
            return Entry(replace(village, commune_code=None, legacy_commune_code=village.commune_code), origin, False)
        self._aside(row, why)
        return None

    def _has_newer(self, row: Listed, target: str | None) -> bool:
        """Whether a newer list stands for a row: it is the whole list of each commune in it."""
        code = row.village.commune_code or ""
        for edition, lists in self._lists.items():
            if edition <= row.edition:
                continue
            ways = [one.commune_code for one in self._gazetteer.became_until(code, row.edition, edition)]
            if not ways:
                continue
            if (target in ways and target in lists) or all(way in lists for way in ways):
                return True
            if any(_may_be(row.village, other) for way in ways if way in lists for other in lists[way]):
                return True
        return False

    def _tell_apart(self, placed: Iterable[Entry]) -> None:
        by_name: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        for entry in placed:
            by_name[entry.village.commune_code or "", name_key(entry.village)].append(entry)
        attested: dict[tuple[str, str], list[Village]] = defaultdict(list)
        for village in self._gazetteer.villages:
            attested[village.commune_code or "", name_key(village)].append(village)
        for key, entries in by_name.items():
            covered, alike = clashing(self._gazetteer, entries)
            self.superseded += len(covered)
            for nth, entry in enumerate(entries):
                if nth in covered:
                    continue
                if nth in alike or (key[0] and any(_doubtful(entry, other) for other in attested.get(key, ()))):
                    self._aside(Listed(entry.village, entry.origin.edition), Why.ALIKE, entry.origin)
                else:
                    self._take(entry)

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        if entry.origin.code and entry.village.commune_code != entry.origin.code:
            self.moves.append(Moved(What.VILLAGE, entry.origin, name_key(entry.village), entry.village.commune_code))

    def _aside(self, row: Listed, why: Why, origin: CommuneOf | None = None) -> None:
        village = row.village
        of = origin or CommuneOf(village.commune_code or village.legacy_commune_code or "", row.edition)
        into = village.commune_code if origin is not None else None
        self.moves.append(Moved(What.VILLAGE, of, name_key(village), into, why))


def _may_be(one: Village, other: Village) -> bool:
    """Whether two villages, one of them followed from another commune, bear one name, and no old commune parts them."""
    old = (one.legacy_commune_code, other.legacy_commune_code)
    return name_key(one) == name_key(other) and (None in old or old[0] == old[1])


def _doubtful(entry: Entry, attested: Village) -> bool:
    """Whether a village that was followed would pass for one of the gazetteer's that may be another."""
    told = entry.village.legacy_commune_code is not None
    return not entry.settled and not told and are_one(entry.village, attested)


def moves_by_commune(moves: Iterable[Moved]) -> Iterator[tuple[Moved, int]]:
    """Moves that differ in nothing but the name, as one of them and their number; the order is that of the moves."""
    counts: dict[tuple[object, ...], tuple[Moved, int]] = {}
    for one in moves:
        key = (one.what, one.commune, one.into, one.why)
        first, count = counts.get(key, (one, 0))
        counts[key] = first, count + 1
    return iter(counts.values())
