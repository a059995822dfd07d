"""The address core: batches of raw addresses in, digitised addresses out, in the same order. Pure functions inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune
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
from services.address.compose import matched_text, published_text
from services.address.decide import PERFECT_SCORE, decide
from services.address.explain import Explanation, explanation
from services.address.faults import Fault
from services.address.identity import dwelling_id
from services.address.lexicon import Lexicon
from services.address.locate import fallback_position, level_of, may_lie_in
from services.address.matcher import Match, Matcher
from services.address.pieces import components_of
from services.address.position import PointReading, read_points
from services.address.resolve import NOTHING, Resolved, resolve
from services.address.villages import VillageIndex, is_numbered
from services.address.vpostcode import encode_located_batch

_LOCATED = frozenset({CoordinateLevel.POINT, CoordinateLevel.STREET})


class UnknownCommuneError(LookupError):
    """A decision names a commune code that the gazetteer does not know today."""


class AddressCore:
    """Digitises addresses with one gazetteer. Holds bounded caches; not for use by several threads at once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self.villages = VillageIndex(gazetteer.villages)
        self.matcher = Matcher(Lexicon(gazetteer))

    def digitise(self, batch: Sequence[RawAddress]) -> list[AddressResult]:
        """One result for each address, in order. Never raises on any text or number."""
        published = [published_text(raw) for raw in batch]
        matches = self.matcher.match([matched_text(raw, text) for raw, text in zip(batch, published, strict=True)])
        points = read_points([raw.position for raw in batch])
        results = [
            self._result(text, match, point) for text, match, point in zip(published, matches, points, strict=True)
        ]
        return _with_codes(results)

    def explain(self, raw: RawAddress) -> Explanation:
        """The parse, the candidates and the decision of one address, for people to read."""
        result = self.digitise([raw])[0]
        text = matched_text(raw, published_text(raw))
        reading = self.matcher.read(text)
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
        fitting = [c for c in match.ranked if commune.code in c.place.current]
        legacy = fitting[0].place.legacy if fitting else None
        components = decision.components or components_of(match.pieces)
        if decision.village:
            components = replace(components, village=tidy(decision.village))
        point = read_points([decision.position])[0]
        village = self.villages.find(components.village, None, (commune.code,)) if components.village else None
        inside = point.position is not None and may_lie_in(point.position, commune, None)
        faults = (Fault.POINT_OUTSIDE_COMMUNE,) if point.position is not None and not inside else ()
        resolved = Resolved(commune, legacy, None, village, faults, PERFECT_SCORE, PERFECT_SCORE, (), inside)
        position, level = self._position(resolved, point)
        score = PERFECT_SCORE - sum(fault.penalty for fault in (*faults, *point.faults))
        result = self._fields(decision.address_text, components, resolved, position, level, point.faults)
        return _with_codes([replace(result, score=score, margin=score, next_action=NextAction.ACCEPT)])[0]

    def _result(self, text: str, match: Match, point: PointReading) -> AddressResult:
        if match.empty:
            resolved = replace(NOTHING, faults=(Fault.TEXT_EMPTY,))
        else:
            resolved = resolve(self.gazetteer, self.villages, match.ranked, match.village_names, point.position)
        components = components_of(match.pieces)
        faults = [*match.faults, *point.faults]
        if resolved.village is None and components.village and not _all_numbered(components.village):
            faults.append(Fault.VILLAGE_UNLISTED)
        elif resolved.village is not None and components.village is None:
            components = replace(components, village=f"{resolved.village.kind.capitalize()} {resolved.village.name}")
        position, level = self._position(resolved, point)
        return self._fields(text, components, resolved, position, level, faults, match)

    def _position(self, resolved: Resolved, point: PointReading) -> tuple[Position | None, CoordinateLevel]:
        if resolved.commune is None:
            return None, CoordinateLevel.NONE
        if point.position is not None and resolved.point_inside:
            return point.position, level_of(point.position)
        return fallback_position(resolved.commune, resolved.legacy, resolved.village)

    def _fields(
        self,
        text: str,
        components: Components,
        resolved: Resolved,
        position: Position | None,
        level: CoordinateLevel,
        more_faults: Sequence[Fault],
        match: Match | None = None,
    ) -> AddressResult:
        commune, legacy = resolved.commune, resolved.legacy
        faults = tuple(dict.fromkeys([*resolved.faults, *more_faults]))
        penalty = sum(fault.penalty for fault in faults) - sum(fault.penalty for fault in set(resolved.faults))
        score = max(0, resolved.score - penalty)
        province = None if commune is None else self.gazetteer.provinces[commune.province_code]
        return AddressResult(
            address_text=text,
            components=components,
            commune_code=None if commune is None else commune.code,
            commune=None if commune is None else commune.full_name,
            province_code=None if province is None else province.code,
            province=None if province is None else province.full_name,
            legacy=None if legacy is None else self._legacy(legacy),
            registry_area=None if commune is None else commune.registry_area,
            position=position,
            match_level=_match_level(commune, components, match),
            coordinate_level=level,
            score=score,
            margin=resolved.margin,
            faults=tuple(fault.value for fault in faults),
            next_action=decide(score, resolved.margin, commune is not None),
            rivals=resolved.rivals,
            dwelling_id=dwelling_id(
                components, None if commune is None else commune.code, None if legacy is None else legacy.code
            ),
            proposed_code=None,
            gazetteer_version=self.gazetteer.version,
        )

    def _legacy(self, legacy: LegacyCommune) -> LegacyPlace:
        district = self.gazetteer.district_of(legacy)
        province = self.gazetteer.old_provinces[legacy.province_code]
        return LegacyPlace(
            commune_code=legacy.code,
            commune=legacy.full_name,
            district_code=district.code,
            district=district.full_name,
            province_code=province.code,
            province=province.full_name,
        )


def _all_numbered(village: str) -> bool:
    return all(is_numbered(part) for part in village.split(", "))


def _match_level(commune: Commune | None, components: Components, match: Match | None) -> MatchLevel:
    if commune is None:
        return MatchLevel.NONE if match is None else match.wider_level
    if components.house_number and (components.street or components.village):
        return MatchLevel.HOUSE
    if components.street:
        return MatchLevel.STREET
    if components.village:
        return MatchLevel.VILLAGE
    return MatchLevel.COMMUNE


def _with_codes(results: list[AddressResult]) -> list[AddressResult]:
    """The results with their located codes, computed for all at once."""
    rows = [
        row
        for row, result in enumerate(results)
        if result.coordinate_level in _LOCATED and result.position is not None and result.registry_area is not None
    ]
    if not rows:
        return results
    positions = [(p.lat, p.lon) for p in (results[row].position for row in rows) if p is not None]
    points = np.array(positions, dtype=np.float64)
    areas = [area for area in (results[row].registry_area for row in rows) if area is not None]
    for row, code in zip(rows, encode_located_batch(areas, points[:, 0], points[:, 1]), strict=True):
        results[row] = replace(results[row], proposed_code=code)
    return results
