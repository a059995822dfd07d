"""The address core: batches of raw addresses in, digitised addresses out, in the same order. Pure functions inside."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import LegacyCommune
from gazetteer.names import tidy
from schemas.address import (
    AddressResult,
    Components,
    CoordinateLevel,
    LegacyPlace,
    MatchLevel,
    NextAction,
    Position,
)
from schemas.raw import Decision, RawAddress
from services.address.cache import BoundedCache
from services.address.compose import matched_text, published_text
from services.address.decide import PERFECT_SCORE, decide
from services.address.explain import Explanation, explanation
from services.address.faults import Fault
from services.address.identity import dwelling_id
from services.address.lexicon import Lexicon
from services.address.locate import fallback_position, level_of, may_lie_in
from services.address.matcher import Match, Matcher, Ranking
from services.address.pieces import components_of
from services.address.position import PointReading, read_points
from services.address.resolve import NOTHING, Resolved, resolve
from services.address.villages import VillageIndex, is_numbered
from services.address.vpostcode import encode_located_batch

_CACHED_RESULTS = 8_192
_LOCATED = frozenset({CoordinateLevel.POINT, CoordinateLevel.STREET})


class UnknownCommuneError(LookupError):
    """A decision names a commune code that the gazetteer does not know today."""


@dataclass(frozen=True, slots=True)
class _Located:
    """What is known of one address before its code: everything but the components and the text."""

    resolved: Resolved
    position: Position | None
    level: CoordinateLevel


class AddressCore:
    """Digitises addresses with one gazetteer. Holds bounded caches; not for use by several threads at once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self.villages = VillageIndex(gazetteer.villages)
        self.matcher = Matcher(Lexicon(gazetteer))
        # What the same tail and village names come to without a point.
        self._pointless: BoundedCache[tuple[Ranking, tuple[str, ...]], _Located] = BoundedCache(_CACHED_RESULTS)
        self._legacy: dict[tuple[str, int, bool], LegacyPlace] = {}

    def digitise(self, batch: Sequence[RawAddress]) -> list[AddressResult]:
        """One result for each address, in order. Never raises on any text or number."""
        published = [published_text(raw) for raw in batch]
        matches = self.matcher.match([matched_text(raw, text) for raw, text in zip(batch, published, strict=True)])
        points = read_points([raw.position for raw in batch])
        located = [self._locate(match, point) for match, point in zip(matches, points, strict=True)]
        codes = _codes(located)
        return [self._result(*row) for row in zip(published, matches, points, located, codes, strict=True)]

    def explain(self, raw: RawAddress) -> Explanation:
        """The parse, the candidates and the decision of one address, for people to read."""
        result = self.digitise([raw])[0]
        reading = self.matcher.read_cut(matched_text(raw, published_text(raw)))
        ranking = self.matcher.rank(reading)
        fuzzy = not ranking.settled
        if fuzzy:
            ranking = self.matcher.rank_fuzzy([reading])[0]
        return explanation(self.gazetteer, reading, ranking, result, fuzzy)

    def settle(self, decision: Decision) -> AddressResult:
        """The result of a person's decision: accepted as settled. Raises UnknownCommuneError.

        A point that cannot lie in the decided commune is named by a fault and not used, as with any other record.
        """
        commune = self.gazetteer.communes.get(decision.commune_code)
        if commune is None:
            raise UnknownCommuneError(
                f"commune_code {decision.commune_code!r} is not a commune of today; see `diachi gazetteer show`"
            )
        match = self.matcher.match([decision.address_text])[0]
        fitting = [c for c in match.ranking.ranked if commune.code in c.place.current]
        legacy = fitting[0].place.legacy if fitting else None
        components = decision.components or components_of(match.pieces)
        if decision.village:
            components = replace(components, village=tidy(decision.village))
        point = read_points([decision.position])[0]
        found = self.villages.find(components.village, None, (commune.code,)) if components.village else None
        village = None if found is None else found.village
        inside = point.position is not None and may_lie_in(point.position, commune, None)
        outside = point.position is not None and not inside
        faults = (Fault.POINT_OUTSIDE_COMMUNE,) if outside else ()
        resolved = Resolved(commune, legacy, False, None, village, faults, PERFECT_SCORE, PERFECT_SCORE, (), inside)
        located = _Located(resolved, *self._position(resolved, point))
        result = self._fields(decision.address_text, components, located, point.faults, _codes([located])[0])
        score = PERFECT_SCORE - sum(fault.penalty for fault in (*faults, *point.faults))
        return replace(result, score=score, margin=score, next_action=NextAction.ACCEPT)

    def _locate(self, match: Match, point: PointReading) -> _Located:
        """The commune, and where the address lies."""
        key = (match.ranking, match.village_names)
        if point.position is None:
            known = self._pointless.get(key)
            if known is not None:
                return known
        if match.ranking.empty:
            resolved = dataclasses.replace(NOTHING, faults=(Fault.TEXT_EMPTY,))
        else:
            resolved = resolve(self.gazetteer, self.villages, match.ranking.ranked, match.village_names, point.position)
        located = _Located(resolved, *self._position(resolved, point))
        if point.position is None:
            self._pointless.put(key, located)
        return located

    def _position(self, resolved: Resolved, point: PointReading) -> tuple[Position | None, CoordinateLevel]:
        if resolved.commune is None:
            return None, CoordinateLevel.NONE
        if point.position is not None and resolved.point_inside:
            return point.position, level_of(point.position)
        return fallback_position(resolved.commune, resolved.legacy, resolved.village)

    def _result(
        self, text: str, match: Match, point: PointReading, located: _Located, code: str | None
    ) -> AddressResult:
        components = components_of(match.pieces)
        village = located.resolved.village
        faults = (*match.faults, *point.faults) if match.faults or point.faults else ()
        if village is None:
            if components.village and not _all_numbered(components.village):
                faults = (*faults, Fault.VILLAGE_UNLISTED)
        elif components.village is None:
            components = replace(components, village=f"{village.kind.capitalize()} {village.name}")
        return self._fields(text, components, located, faults, code, match.ranking.wider_level)

    def _fields(
        self,
        text: str,
        components: Components,
        located: _Located,
        more_faults: Sequence[Fault],
        code: str | None,
        wider_level: MatchLevel = MatchLevel.NONE,
    ) -> AddressResult:
        resolved = located.resolved
        commune, legacy = resolved.commune, resolved.legacy
        faults, score = resolved.faults, resolved.score
        if more_faults:
            faults = tuple(dict.fromkeys([*faults, *more_faults]))
            score = max(0, score - sum(fault.penalty for fault in faults if fault not in resolved.faults))
        province = None if commune is None else self.gazetteer.provinces[commune.province_code]
        return AddressResult(
            address_text=text,
            components=components,
            commune_code=None if commune is None else commune.code,
            commune=None if commune is None else commune.full_name,
            province_code=None if province is None else province.code,
            province=None if province is None else province.full_name,
            legacy=None if legacy is None else self._legacy_place(legacy, resolved.legacy_assumed),
            registry_area=None if commune is None else commune.registry_area,
            position=located.position,
            match_level=wider_level if commune is None else _match_level(components),
            coordinate_level=located.level,
            score=score,
            margin=resolved.margin,
            faults=tuple([fault.value for fault in faults]) if faults else (),
            next_action=decide(score, resolved.margin, commune is not None),
            rivals=resolved.rivals,
            dwelling_id=dwelling_id(
                components,
                None if commune is None else commune.code,
                None if legacy is None or resolved.legacy_assumed else legacy.code,
            ),
            proposed_code=code,
            gazetteer_version=self.gazetteer.version,
        )

    def _legacy_place(self, legacy: LegacyCommune, assumed: bool) -> LegacyPlace:
        key = (legacy.code, legacy.edition, assumed)
        known = self._legacy.get(key)
        if known is None:
            district = self.gazetteer.district_of(legacy)
            province = self.gazetteer.old_provinces[legacy.province_code]
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


@lru_cache(maxsize=16_384)
def _all_numbered(village: str) -> bool:
    return all(is_numbered(part) for part in village.split(", "))


def _match_level(components: Components) -> MatchLevel:
    """The level of an address in a known commune."""
    if components.house_number and (components.street or components.village):
        return MatchLevel.HOUSE
    if components.street:
        return MatchLevel.STREET
    if components.village:
        return MatchLevel.VILLAGE
    return MatchLevel.COMMUNE


def _codes(located: Sequence[_Located]) -> list[str | None]:
    """The located codes, computed for all at once; None where the position is no finer than the village."""
    codes: list[str | None] = [None] * len(located)
    rows: list[int] = []
    areas: list[str] = []
    points: list[tuple[float, float]] = []
    for row, one in enumerate(located):
        commune, position = one.resolved.commune, one.position
        if one.level in _LOCATED and position is not None and commune is not None:
            rows.append(row)
            areas.append(commune.registry_area)
            points.append((position.lat, position.lon))
    if rows:
        degrees = np.array(points, dtype=np.float64)
        for row, code in zip(rows, encode_located_batch(areas, degrees[:, 0], degrees[:, 1]), strict=True):
            codes[row] = code
    return codes
