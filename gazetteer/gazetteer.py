"""The gazetteer as the services use it: loaded once, immutable, looked up by key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from gazetteer.artifact import ARTIFACT, ArtifactError, decode
from gazetteer.boundaries import Boundaries
from gazetteer.changes import FIRST_EDITION, Changes
from gazetteer.following import Followed, PartOf, follow
from gazetteer.imports import ImportsUnusable, overlaid, read_imports
from gazetteer.lineage import predecessors
from gazetteer.model import Area, Commune, District, LegacyCommune, Province, Successor, Village
from gazetteer.places import Places

NOTHING_IMPORTED = Followed()

T = TypeVar("T")


class GazetteerMissing(Exception):  # noqa: N818 (reads as what it is)
    """There is no usable artifact; the message says how to make one."""


class Gazetteer:
    """All places, old and new.

    `provinces` are the 34 of today and `old_provinces` the 63 before July 2025, by their two digits, which overlap;
    `province_successor` leads from the code of an old one to that of today's.
    `districts` are by `District.key`. `legacy` holds each old commune once for every distinct code, name, kind and
    district it had, in order of code, latest edition first. `edition` is the day from which `communes` are those of
    today: a commune code is read together with it. `imports` is what was laid over it, and what of that was set aside.
    """

    def __init__(self, version: str, places: Places, imports: Followed = NOTHING_IMPORTED) -> None:
        self.version = version
        self.imports = imports
        self.boundaries: Boundaries | None = imports.boundaries
        self._places = places
        self.edition = places.edition
        self.provinces: Mapping[str, Province] = _by("code", [one for one in places.provinces if one.current])
        self.old_provinces: Mapping[str, Province] = _by("code", [one for one in places.provinces if not one.current])
        self.province_successor: Mapping[str, str] = MappingProxyType(
            {one.code: one.successor_code for one in self.old_provinces.values() if one.successor_code}
        )
        self.districts: Mapping[str, District] = _by("key", places.districts)
        self.communes: Mapping[str, Commune] = _by("code", places.communes)
        self.areas: Mapping[str, Area] = _by("area", places.areas)
        self.legacy: Sequence[LegacyCommune] = places.legacy
        self.villages: Sequence[Village] = places.villages
        self.changes = places.changes

    @classmethod
    def load(cls, path: Path | None = None, imports: Path | None = None, part_of: PartOf | None = None) -> Gazetteer:
        """Read the artifact (by default the one that `diachi gazetteer build` makes), and lay the user's imports over
        it, if there is such a folder. Raises GazetteerMissing; see `with_imports` for the rest."""
        path = path or ARTIFACT
        try:
            version, places = decode(path.read_bytes())
        except FileNotFoundError:
            raise GazetteerMissing(f"{path} does not exist: run `diachi gazetteer build`") from None
        except ArtifactError as error:
            raise GazetteerMissing(f"{path}: {error}: run `diachi gazetteer build`") from error
        return cls(version, places).with_imports(imports, part_of)

    def with_imports(self, folder: Path | None, part_of: PartOf | None = None) -> Gazetteer:
        """The same with the imports of a folder, which need not exist, followed to its edition and laid over it. The
        version names the content of both. `part_of` tells the part of a split commune by a village's point.

        Raises GazetteerMissing where a file there cannot be used.
        """
        if folder is None:
            return self
        try:
            found = read_imports(folder)
        except ImportsUnusable as error:
            raise GazetteerMissing(str(error)) from error
        if not found.digest:
            return self
        followed = follow(self, found, part_of)
        version = hashlib.sha256(f"{self.version} {found.digest}".encode()).hexdigest()[: len(self.version)]
        return Gazetteer(version, overlaid(self._places, followed), followed)

    def district_of(self, legacy: LegacyCommune) -> District:
        """The district of an old commune at the time of its edition."""
        return self.districts[legacy.district_key]

    def legacy_by_code(self, code: str) -> tuple[LegacyCommune, ...]:
        """The old communes that had a code, latest edition first; empty for an unknown one."""
        return self._legacy_by_code.get(code, ())

    def successors(self, code: str) -> tuple[Successor, ...]:
        """The communes of today that took over the old commune of a code, the usual one first."""
        found = self.legacy_by_code(code)
        return found[0].successors if found else ()

    def became(self, code: str, edition: str) -> tuple[Successor, ...]:
        """The communes of today that one has become which was a commune of its day at an edition, the usual one first.

        Empty where no lineage leads from it to today, as also for an edition later than this one.
        """
        ways = self.successors(code) if edition < FIRST_EDITION else self._changes.follow(code, edition)
        known = edition <= self.edition and all(one.commune_code in self.communes for one in ways)
        return ways if known else ()

    def became_until(self, code: str, edition: str, until: str) -> tuple[Successor, ...]:
        """What a commune of an edition was at a later one, up to this gazetteer's, the usual one first. From before
        July 2025 only the way to today is known."""
        return self.became(code, edition) if edition < FIRST_EDITION else self._changes.follow(code, edition, until)

    def grown(self, code: str, edition: str) -> bool:
        """Whether another commune, or a part of one, went since into the commune that had a code at an edition."""
        return self._changes.grown(code, edition)

    def changed(self, code: str, edition: str) -> bool:
        """Whether the commune that had a code at an edition was merged, split, renamed or given another code since."""
        return edition < FIRST_EDITION <= self.edition or self._changes.touched(code, edition)

    def predecessors(self, commune_code: str) -> tuple[LegacyCommune, ...]:
        """The old communes, of all editions, that a commune of today was made of, in whole or in part."""
        return self._predecessors.get(commune_code, ())

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.changes)

    @cached_property
    def _legacy_by_code(self) -> dict[str, tuple[LegacyCommune, ...]]:
        found: dict[str, list[LegacyCommune]] = {}
        for one in self.legacy:
            found.setdefault(one.code, []).append(one)
        return {code: tuple(communes) for code, communes in found.items()}

    @cached_property
    def _predecessors(self) -> dict[str, tuple[LegacyCommune, ...]]:
        return predecessors(self.legacy)


def _by(name: str, records: Sequence[T]) -> Mapping[str, T]:
    return MappingProxyType({getattr(record, name): record for record in records})
