"""Confirmed villages in the communes of a gazetteer: each follows its commune, as imported ones do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gazetteer.following import CommuneOf, Entry, Listed, Why, clashing, place, succeeds
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from gazetteer.villages import are_one, name_key
from services.normaliser.listed_parts import part_of

_Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Aside:
    """A confirmation that does not count: its offset, and why."""

    offset: int
    why: Why


class Overlay:
    """All confirmations that hold, by key, and which of them count with one gazetteer.

    Where two that were villages of different communes become one of a name, neither counts; one that was confirmed for
    the commune of today stands for those that followed theirs.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._offsets: dict[str, int] = {}
        self._entries: dict[str, Entry] = {}
        self._keys: dict[_Name, dict[str, None]] = {}
        # What the core knows, by key.
        self._counting: dict[str, Village] = {}
        self.aside: dict[str, Aside] = {}
        self._listed: dict[_Name, list[Village]] = {}
        for village in gazetteer.villages:
            self._listed.setdefault(_name(village), []).append(village)

    def take(self, news: Mapping[str, tuple[int, Listed | None]]) -> dict[str, Village | None]:
        """Take up confirmations by key, each with its offset, None for one that is taken back. Returns what that
        changes: villages that count now, None for those that count no more."""
        touched: dict[_Name, None] = {}
        gone: dict[str, None] = {}
        for key, (offset, listed) in news.items():
            before = self._entries.pop(key, None)
            if before is not None:
                touched[_name(before.village)] = None
                del self._keys[_name(before.village)][key]
            self.aside.pop(key, None)
            gone[key] = None
            if listed is None:
                continue
            self._offsets[key] = offset
            found = place(self._gazetteer, listed, self._gazetteer.boundaries, part_of)
            if not isinstance(found, Entry):
                self.aside[key] = Aside(offset, found[0])
                continue
            self._entries[key] = found
            self._keys.setdefault(_name(found.village), {})[key] = None
            touched[_name(found.village)] = None
        changes: dict[str, Village | None] = dict.fromkeys(key for key in gone if key not in self._entries)
        for name in touched:
            changes |= self._tell_apart(name)
        return self._noted(changes)

    def _tell_apart(self, name: _Name) -> dict[str, Village | None]:
        keys = list(self._keys[name])
        entries = [self._entries[key] for key in keys]
        covered, alike = clashing(self._gazetteer, entries)
        found: dict[str, Village | None] = {}
        for nth, (key, entry) in enumerate(zip(keys, entries, strict=True)):
            doubtful = nth in alike or (not entry.settled and self._is_another(name, entry))
            self.aside.pop(key, None)
            if doubtful and nth not in covered:
                self.aside[key] = Aside(self._offsets[key], Why.ALIKE)
            found[key] = None if doubtful or nth in covered else entry.village
        if not keys:
            del self._keys[name]
        return found

    def _is_another(self, name: _Name, entry: Entry) -> bool:
        """Whether a confirmation that followed its commune would pass for a listed village that came from elsewhere."""
        imports = self._gazetteer.imports
        if name in imports.ambiguous:
            return True
        if not any(are_one(other, entry.village) for other in self._listed.get(name, ())):
            return False
        alike = (one for one in imports.origins.get(name[0], ()) if are_one(one.village, entry.village))
        return not any(self._same(one.origin, entry.origin) for one in alike)

    def _same(self, one: CommuneOf, other: CommuneOf) -> bool:
        earlier, later = sorted((one, other), key=lambda of: of.edition)
        return earlier.code == later.code or succeeds(self._gazetteer, later, earlier)

    def _noted(self, changes: Mapping[str, Village | None]) -> dict[str, Village | None]:
        """Those of the changes that the core does not know yet."""
        news = {key: village for key, village in changes.items() if self._counting.get(key) != village}
        for key, village in news.items():
            if village is None:
                del self._counting[key]
            else:
                self._counting[key] = village
        return news


def _name(village: Village) -> _Name:
    return village.commune_code or "", name_key(village)


def offsets(aside: Iterable[Aside], most: int) -> list[int]:
    """The offsets of confirmations, in order, `most` at the most."""
    return sorted(one.offset for one in aside)[:most]
