"""The gazetteer as the matcher reads it: every name under one glued key, with the places that bear it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from sys import intern
from typing import Final

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, District, LegacyCommune, Province
from gazetteer.names import fold, tone_key
from services.address.misspelt_words import slips
from services.address.nicknames import DISTRICT_NICKNAMES, PROVINCE_NICKNAMES, number_spellings

LONGEST_KEY: Final = 28
_RURAL: Final = "Xã"
_GLUED_WORDS: Final = frozenset(
    {"tinh", "huyen", "quan", "thanh", "pho", "thi", "xa", "tran", "phuong", "tp", "tx", "thon", "duong"}
)


def glue(folded: str) -> str:
    """A name's key: folded, without spaces, so that `Plei Ku` is `Pleiku` and `HồChíMinh` is `Hồ Chí Minh`."""
    return folded.replace(" ", "")


@dataclass(slots=True, eq=False)
class ProvincePlace:
    """A province of one age. The two ages number their provinces alike: `id` is the code with `n` (now) or `o` (old)
    before it. `near` are the ids of the provinces it became or was made from, `names` the keys of it and of those."""

    code: str
    name: str
    kind: str
    toned: str
    current: bool
    keys: tuple[str, ...]
    successor: str | None
    id: str
    near: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class DistrictPlace:
    """A district of before July 2025 (or earlier)."""

    key: str
    code: str
    name: str
    toned: str
    kind: str
    province: ProvincePlace
    keys: tuple[str, ...]
    communes: list[CommunePlace] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CommunePlace:
    """A commune of either age. `district` and `legacy` are None for a commune of today.

    `current` are the codes of the communes of today that it is, or went into, the usual one first. `districts` are
    the keys of its old district, or of those that a commune of today was made from, `district_names` what they are
    called. `old_town` says that it was a thị trấn in all lists, so that people may call it by its district's name;
    `urban` that it is or holds a phường or thị trấn.
    """

    code: str
    name: str
    toned: str
    kind: str
    province: ProvincePlace
    district: DistrictPlace | None
    legacy: LegacyCommune | None
    current: tuple[str, ...]
    keys: tuple[str, ...]
    districts: frozenset[str] = frozenset()
    district_names: frozenset[str] = frozenset()
    old_town: bool = False
    urban: bool = False

    def lies_in(self, districts: frozenset[str]) -> bool:
        """Whether its district, or one that it was made from, is one of those keys."""
        if self.district is not None:
            return self.district.key in districts
        return not self.districts.isdisjoint(districts)

    def explains(self, key: str) -> bool:
        """Whether a text about this commune may repeat the name: its own, its district's, its province's."""
        return key in self.keys or key in self.district_names or key in self.province.names


@dataclass(slots=True, eq=False)
class Name:
    """All places that bear one key. `homes` are the ids of the provinces of its communes and districts."""

    key: str
    communes: list[CommunePlace] = field(default_factory=list)
    districts: list[DistrictPlace] = field(default_factory=list)
    provinces: list[ProvincePlace] = field(default_factory=list)
    district_keys: frozenset[str] = frozenset()
    province_ids: frozenset[str] = frozenset()
    homes: frozenset[str] = frozenset()
    numeric: bool = False


class Lexicon:
    """Built once from a gazetteer; read-only afterwards."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.names: dict[str, Name] = {}
        self.provinces: dict[str, ProvincePlace] = {}
        self.districts: dict[str, DistrictPlace] = {}
        self.communes: list[CommunePlace] = []
        self._add_provinces([*gazetteer.provinces.values(), *gazetteer.old_provinces.values()])
        self._relate_provinces()
        self._add_districts(gazetteer.districts.values())
        self.current: dict[str, CommunePlace] = {}
        self._add_current(gazetteer)
        self._add_legacy(gazetteer.legacy)
        self._finish()
        self.stems = _stems(self.names)
        self.syllables = self._syllables()
        self.slips = slips(self.syllables)

    def name(self, key: str) -> Name | None:
        return self.names.get(key)

    def _syllables(self) -> frozenset[str]:
        """All folded words of the names, and the type words that people glue to them."""
        names = [place.name for place in self.communes]
        names += [district.name for district in self.districts.values()]
        names += [province.name for province in self.provinces.values()]
        words = {word for name in names for word in fold(name).split()}
        return frozenset(words | _GLUED_WORDS)

    def _entry(self, key: str) -> Name:
        entry = self.names.get(key)
        if entry is None:
            entry = self.names[key] = Name(key, numeric=key.isdigit())
        return entry

    def _add_provinces(self, provinces: Iterable[Province]) -> None:
        for province in provinces:
            keys = _keys(province.name, [*province.aliases, *PROVINCE_NICKNAMES.get(fold(province.name), ())])
            place = ProvincePlace(
                province.code, province.name, province.kind.lower(), _toned(province.name), province.current, keys,
                province.successor_code, ("n" if province.current else "o") + province.code,
            )  # fmt: skip
            self.provinces[place.id] = place
            for key in keys:
                self._entry(key).provinces.append(place)

    def _relate_provinces(self) -> None:
        near: dict[str, set[str]] = defaultdict(set)
        for place in self.provinces.values():
            if place.successor is not None:
                near[place.id].add("n" + place.successor)
                near["n" + place.successor].add(place.id)
        for id_, others in near.items():
            self.provinces[id_].near = frozenset(others)

    def _add_districts(self, districts: Iterable[District]) -> None:
        for district in districts:
            province = self.provinces["o" + district.province_code]
            keys = _keys(district.name, [*district.aliases, *DISTRICT_NICKNAMES.get(fold(district.name), ())])
            place = DistrictPlace(
                district.key,
                district.code,
                district.name,
                _toned(district.name),
                intern(district.kind.lower()),
                province,
                keys,
            )
            self.districts[district.key] = place
            for key in keys:
                self._entry(key).districts.append(place)

    def _add_current(self, gazetteer: Gazetteer) -> None:
        made_from: dict[str, set[str]] = defaultdict(set)
        urban = {commune.code for commune in gazetteer.communes.values() if commune.kind != _RURAL}
        for legacy in gazetteer.legacy:
            for successor in legacy.successors:
                made_from[successor.commune_code].add(legacy.district_key)
                if legacy.kind != _RURAL:
                    urban.add(successor.commune_code)
        for commune in gazetteer.communes.values():
            place = self._current_place(commune, frozenset(made_from[commune.code]), commune.code in urban)
            self.current[commune.code] = place
            self._place(place)

    def _current_place(self, commune: Commune, districts: frozenset[str], urban: bool) -> CommunePlace:
        province = self.provinces["n" + commune.province_code]
        return CommunePlace(
            commune.code, commune.name, _toned(commune.name), intern(commune.kind.lower()), province, None, None,
            (commune.code,), _keys(commune.name, commune.aliases), districts, urban=urban,
        )  # fmt: skip

    def _add_legacy(self, communes: Iterable[LegacyCommune]) -> None:
        communes = list(communes)
        not_town = {legacy.code for legacy in communes if legacy.kind != "Thị trấn"}
        for legacy in communes:
            district = self.districts[legacy.district_key]
            successors = sorted(legacy.successors, key=lambda successor: not successor.usual)
            aliases = [alias for alias in legacy.aliases if fold(alias) != fold(district.name)]
            place = CommunePlace(
                legacy.code, legacy.name, _toned(legacy.name), intern(legacy.kind.lower()), district.province, district,
                legacy,
                tuple(successor.commune_code for successor in successors), _keys(legacy.name, aliases),
                frozenset((legacy.district_key,)), old_town=legacy.code not in not_town, urban=legacy.kind != _RURAL,
            )  # fmt: skip
            district.communes.append(place)
            self._place(place)

    def _place(self, place: CommunePlace) -> None:
        self.communes.append(place)
        for key in place.keys:
            self._entry(key).communes.append(place)

    def _finish(self) -> None:
        one = _OneOfEach()
        for entry in self.names.values():
            entry.district_keys = one.of(district.key for district in entry.districts)
            entry.province_ids = one.of(province.id for province in entry.provinces)
            homes = {place.province.id for place in entry.communes}
            entry.homes = one.of(homes.union(district.province.id for district in entry.districts))
        for province in self.provinces.values():
            related = [province, *(self.provinces[id_] for id_ in province.near)]
            province.names = frozenset(key for other in related for key in other.keys)
        of_district = {key: one.of(district.keys) for key, district in self.districts.items()}
        for place in self.communes:
            place.districts = one.of(place.districts)
            if place.district is not None:
                place.district_names = of_district[place.district.key]
            else:
                place.district_names = one.of(key for code in place.districts for key in of_district[code])


class _OneOfEach:
    """Makes sets, each only once: a set takes 216 bytes, and most of those in a lexicon equal others."""

    def __init__(self) -> None:
        self._made: dict[frozenset[str], frozenset[str]] = {}

    def of(self, members: Iterable[str]) -> frozenset[str]:
        """The set of these members."""
        made = frozenset(members)
        return self._made.setdefault(made, made)


def _stems(keys: Iterable[str]) -> frozenset[str]:
    """All beginnings of the keys, by which a search for longer names goes on or stops."""
    return frozenset(stem for key in keys if len(key) <= LONGEST_KEY for stem in accumulate(key))


def _toned(name: str) -> str:
    return intern(glue(tone_key(name)))


def _keys(name: str, nicknames: Iterable[str]) -> tuple[str, ...]:
    """The keys under which a name is found: its own, its number spellings, its nicknames."""
    folded = fold(name)
    keys = [glue(folded), *number_spellings(folded), *(glue(fold(nickname)) for nickname in nicknames)]
    return tuple([intern(key) for key in dict.fromkeys(keys)])
