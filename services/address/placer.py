"""From what a text says to where it lies: resolved once for all texts with one tail, as far as their villages and
points leave it the same."""

from __future__ import annotations

from typing import Final

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune
from schemas.address import CoordinateLevel, LegacyPlace, Position, Rival
from services.address.cache import BoundedCache
from services.address.faults import Fault
from services.address.lexicon import CommunePlace
from services.address.locate import Point, fallback_position, level_of
from services.address.matcher import Match
from services.address.placement import Placement, Unit
from services.address.position import PointReading
from services.address.ranking import Contenders, Standing
from services.address.resolve import EMPTY, Resolved, confirmed, resolve, turns_urban
from services.address.villages import VillageIndex

_CACHED: Final = 8_192
_SharedKey = tuple[CommunePlace | None, tuple[str, int] | None, bool, tuple[Fault, ...], int, tuple[Rival, ...]]


class Placer:
    """Places matches in one gazetteer, with the villages known so far."""

    def __init__(self, gazetteer: Gazetteer, villages: VillageIndex) -> None:
        self._gazetteer = gazetteer
        self._villages = villages
        self._units: dict[str, Unit] = {}
        self._legacy: dict[tuple[str, int, bool], LegacyPlace] = {}
        # What contenders stood for before the villages changed no longer counts.
        self._age = 0
        # Where villages or streets may tell: what the same contenders with the same of them come to without a point.
        self._told: BoundedCache[tuple[Contenders, tuple[str, ...], tuple[str, ...]], Placement] = BoundedCache(_CACHED)
        # Elsewhere: many tails come to the same.
        self._shared: BoundedCache[_SharedKey, Placement] = BoundedCache(_CACHED)

    def forget(self) -> None:
        """Forget what depends on the villages, which have changed."""
        self._age += 1
        self._told = BoundedCache(_CACHED)

    def place(self, match: Match, reading: PointReading, point: Point | None) -> Placement:
        """The commune, and where the address lies. `point` is that of the reading if it can be used."""
        contenders = match.ranking.contenders
        standing = contenders.standing
        if standing is None or standing.age != self._age:
            standing = contenders.standing = self._standing(contenders)
        if standing.told:
            return self._by_names(match, standing, reading, point)
        urban = standing.turns_urban and match.names_urban_group
        placed = standing.urban if urban else standing.plain
        if placed is None:
            placed = self._share(self._resolve(contenders, match.village_names if urban else (), (), None))
            if urban:
                standing.urban = placed
            else:
                standing.plain = placed
        if point is None:
            return placed
        same = confirmed(self._gazetteer, contenders.ranked, placed.resolved, point)
        if same is None:
            same = self._resolve(contenders, match.village_names, (), point)
        return self.placement(same, reading.position)

    def placement(self, resolved: Resolved, position: Position | None) -> Placement:
        """What was resolved, at the point of that position or, where it cannot be used, wherever the gazetteer says."""
        if resolved.commune is None:
            return self._made(resolved, None, CoordinateLevel.NONE)
        if position is not None and resolved.point_inside:
            return self._made(resolved, position, level_of(position))
        found, level = fallback_position(resolved.commune, resolved.legacy, resolved.village)
        return self._made(resolved, found, level)

    def _standing(self, contenders: Contenders) -> Standing:
        ranked, villages = contenders.ranked, self._villages
        streets = villages.has_streets and any(len(one.place.current) > 1 for one in ranked)
        listed = any(
            villages.has_list(one.place.code if one.place.legacy is not None else None, one.place.current)
            for one in ranked
        )
        return Standing(self._age, listed or streets, streets, turns_urban(ranked))

    def _by_names(self, match: Match, standing: Standing, reading: PointReading, point: Point | None) -> Placement:
        contenders = match.ranking.contenders
        villages, streets = match.village_names, match.street_names if standing.streets else ()
        if point is not None:
            return self.placement(self._resolve(contenders, villages, streets, point), reading.position)
        key = (contenders, villages, streets)
        placed = self._told.get(key)
        if placed is None:
            placed = self.placement(self._resolve(contenders, villages, streets, None), None)
            self._told.put(key, placed)
        return placed

    def _resolve(
        self, contenders: Contenders, villages: tuple[str, ...], streets: tuple[str, ...], point: Point | None
    ) -> Resolved:
        if contenders.empty:
            return EMPTY
        return resolve(self._gazetteer, self._villages, contenders.ranked, villages, point, streets)

    def _share(self, resolved: Resolved) -> Placement:
        """The placement of what was resolved without villages and points, the same one each time it is the same."""
        legacy = resolved.legacy
        key = (
            resolved.place,
            None if legacy is None else (legacy.code, legacy.edition),
            resolved.legacy_assumed,
            resolved.faults,
            resolved.margin,
            resolved.rivals,
        )
        known = self._shared.get(key)
        if known is None:
            known = self.placement(resolved, None)
            self._shared.put(key, known)
        return known

    def _made(self, resolved: Resolved, position: Position | None, level: CoordinateLevel) -> Placement:
        unit = None if resolved.commune is None else self._unit(resolved.commune)
        legacy = None if resolved.legacy is None else self._legacy_place(resolved.legacy, resolved.legacy_assumed)
        return Placement(resolved, position, level, unit, legacy)

    def _unit(self, commune: Commune) -> Unit:
        known = self._units.get(commune.code)
        if known is None:
            known = self._units[commune.code] = Unit(self._gazetteer, commune)
        return known

    def _legacy_place(self, legacy: LegacyCommune, assumed: bool) -> LegacyPlace:
        key = (legacy.code, legacy.edition, assumed)
        known = self._legacy.get(key)
        if known is None:
            district = self._gazetteer.district_of(legacy)
            province = self._gazetteer.old_provinces[legacy.province_code]
            known = self._legacy[key] = LegacyPlace(
                commune_code=legacy.code,
                commune=legacy.full_name,
                district_code=district.code,
                district=district.full_name,
                province_code=province.code,
                province=province.full_name,
                assumed=assumed,
            )
        return known
