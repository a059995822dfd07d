"""The address core: batches of raw addresses in, digitised addresses out, in the same order. Pure functions inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune, Village
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
from schemas.normaliser_state import CommuneAt
from schemas.raw import Decision, RawAddress
from services.address.cache import BoundedCache
from services.address.carry import doubted, followed, part_of_split, undecided
from services.address.compose import Written, matched_text, published_text
from services.address.decide import PERFECT_SCORE, decide
from services.address.explain import Explanation, explanation
from services.address.faults import Fault
from services.address.glance import Text
from services.address.identity import dwelling_id
from services.address.lexicon import Lexicon
from services.address.locate import Point, fallback_position, level_of, may_lie_in, points_of
from services.address.matcher import Match, Matcher, Ranking
from services.address.pieces import components_of
from services.address.position import PointReading, read_points
from services.address.resolve import EMPTY, Resolved, resolve
from services.address.villages import VillageIndex, is_numbered
from services.address.vpostcode import encode_located_batch, is_within_reach

_CACHED_RESULTS: Final = 8_192
_LOCATED: Final = frozenset({CoordinateLevel.POINT, CoordinateLevel.STREET})


class UnknownCommuneError(LookupError):
    """A decision names a commune code that the gazetteer does not know today."""


class _Located:
    """What is known of one address before its code: everything but the components and the text."""

    def __init__(self, resolved: Resolved, position: Position | None, level: CoordinateLevel) -> None:
        self.resolved: Final = resolved
        self.position: Final = position
        self.level: Final = level


class AddressCore:
    """Digitises addresses with one gazetteer. Holds bounded caches; not for use by several threads at once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self.villages = VillageIndex(gazetteer.villages)
        self.matcher = Matcher(Lexicon(gazetteer))
        # What the same tail, village names and telling streets come to without a point.
        self._pointless: BoundedCache[tuple[Ranking, tuple[str, ...], tuple[str, ...]], _Located] = BoundedCache(
            _CACHED_RESULTS
        )
        self._legacy: dict[tuple[str, int, bool], LegacyPlace] = {}
        # Up to where the villages confirmed since the gazetteer was made are known.
        self._overlay_offset = -1

    def confirm_villages(self, news: Mapping[str, Village | None], overlay_offset: int) -> None:
        """Take up villages that were confirmed, by key, or taken back (None). Results say the offset from now on.

        Never between the addresses of one batch. Villages must lie in communes of today.
        """
        for key, village in news.items():
            if village is None:
                self.villages.take_back(key)
            else:
                self.villages.confirm(key, village)
        self._overlay_offset = overlay_offset
        if news:
            self._pointless = BoundedCache(_CACHED_RESULTS)

    @property
    def version(self) -> str:
        """The gazetteer's version."""
        return self.gazetteer.version

    @property
    def edition(self) -> str:
        """The day (ISO) from which the gazetteer's communes are those of today."""
        return self.gazetteer.edition

    def digitise(self, batch: Sequence[RawAddress]) -> list[AddressResult]:
        """One result for each address, in order. Never raises on any text or number."""
        written = [Written(raw) for raw in batch]
        published = [published_text(one) for one in written]
        matches = self.matcher.match([matched_text(one, text) for one, text in zip(written, published, strict=True)])
        points = read_points([raw.position for raw in batch])
        places = points_of([point.position for point in points], self.gazetteer.boundaries)
        located = [self._locate(*row) for row in zip(matches, points, places, strict=True)]
        codes = _codes(located)
        return [
            self._result(*row)
            for row in zip([text.text for text in published], matches, points, located, codes, strict=True)
        ]

    def explain(self, raw: RawAddress) -> Explanation:
        """The parse, the candidates and the decision of one address, for people to read."""
        result = self.digitise([raw])[0]
        reading = self.matcher.read_cut(_matched(Written(raw)).text)
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
        match = self.matcher.match([Text(decision.address_text)])[0]
        components = decision.components or components_of(match.pieces)
        if decision.village:
            components = replace(components, village=tidy(decision.village))
        point = read_points([decision.position])[0]
        return self._settled(decision.address_text, match, components, point, commune)

    def carry(
        self, raw: RawAddress, found: AddressResult, former: CommuneAt, decision: Decision | None = None
    ) -> AddressResult:
        """The result of an address that was accepted in a commune of an earlier edition, its text and point the same.

        `found` is what `digitise` makes of it now. Accepted where lineage leads to one commune, or where village or
        point tell the part of a split one; else for a person to decide. A `decision` that placed it there holds.
        """
        ways = [one.commune_code for one in self.gazetteer.became(former.commune_code, former.edition)]
        if len(ways) > 1:
            return self._in_part(raw, found, decision, ways)
        contradicts = found.next_action is NextAction.ACCEPT and found.commune_code not in ways
        if not ways or (
            contradicts and decision is None and not self.gazetteer.changed(former.commune_code, former.edition)
        ):
            return doubted(found)
        return self._in_commune(raw, found, decision, ways[0])

    def stays(self, former: CommuneAt, area: str, result: AddressResult) -> bool:
        """Whether a record that is registered in an area stays there with a new result: lineage leads from its commune
        to that of the result, and a located code of the area can name its point."""
        codes = {one.commune_code for one in self.gazetteer.became(former.commune_code, former.edition)}
        anchor, point = self.gazetteer.areas.get(area), result.position
        if result.commune_code not in codes or anchor is None or not anchor.decodable or point is None:
            return result.commune_code in codes
        return result.proposed_code is None or is_within_reach(anchor, point.lat, point.lon)

    def _in_commune(self, raw: RawAddress, found: AddressResult, decision: Decision | None, code: str) -> AddressResult:
        """The result in the commune of a code, whatever the text says of communes."""
        if decision is not None:
            return self.settle(replace(decision, commune_code=code))
        if found.commune_code == code:
            return followed(found)
        written = Written(raw)
        text = published_text(written)
        match = self.matcher.match([matched_text(written, text)])[0]
        point = read_points([raw.position])[0]
        return self._settled(text.text, match, components_of(match.pieces), point, self.gazetteer.communes[code])

    def _in_part(
        self, raw: RawAddress, found: AddressResult, decision: Decision | None, parts: Sequence[str]
    ) -> AddressResult:
        match = self.matcher.match([_matched(Written(raw))])[0]
        point = points_of([read_points([raw.position])[0].position], self.gazetteer.boundaries)[0]
        part = part_of_split(self.gazetteer, self.villages, parts, match.village_names, match.street_names, point)
        if part is not None:
            return self._in_commune(raw, found, decision, part)
        return undecided(self.gazetteer, self._in_commune(raw, found, decision, parts[0]), parts)

    def _settled(
        self, text: str, match: Match, components: Components, point: PointReading, commune: Commune
    ) -> AddressResult:
        """The accepted result in a commune that is certain."""
        fitting = [c for c in match.ranking.ranked if commune.code in c.place.current]
        legacy = fitting[0].place.legacy if fitting else None
        found = self.villages.find(components.village, None, (commune.code,)) if components.village else None
        village = None if found is None else found.village
        place = points_of([point.position], self.gazetteer.boundaries)[0]
        inside = place is not None and may_lie_in(place, commune, None)
        outside = place is not None and not inside
        faults = (Fault.POINT_OUTSIDE_COMMUNE,) if outside else ()
        resolved = Resolved(commune, legacy, False, None, village, faults, PERFECT_SCORE, PERFECT_SCORE, (), inside)
        located = _Located(resolved, *self._position(resolved, point))
        result = self._fields(text, components, located, point.faults, _codes([located])[0])
        score = PERFECT_SCORE - sum(fault.penalty for fault in (*faults, *point.faults))
        return replace(result, score=score, margin=score, next_action=NextAction.ACCEPT)

    def _locate(self, match: Match, point: PointReading, place: Point | None) -> _Located:
        """The commune, and where the address lies. `place` is the point if it can be used."""
        streets = self._telling_streets(match)
        key = (match.ranking, match.village_names, streets)
        if point.position is None:
            known = self._pointless.get(key)
            if known is not None:
                return known
        if match.ranking.empty:
            resolved = EMPTY
        else:
            resolved = resolve(self.gazetteer, self.villages, match.ranking.ranked, match.village_names, place, streets)
        located = _Located(resolved, *self._position(resolved, point))
        if point.position is None:
            self._pointless.put(key, located)
        return located

    def _telling_streets(self, match: Match) -> tuple[str, ...]:
        """The streets of a text that may tell the part of a divided commune."""
        if not self.villages.has_streets:
            return ()
        return match.street_names if any(len(one.place.current) > 1 for one in match.ranking.ranked) else ()

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
            overlay_offset=self._overlay_offset,
            postal_code=None if commune is None else commune.postal_code,
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


def _matched(written: Written) -> Text:
    return matched_text(written, published_text(written))


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
