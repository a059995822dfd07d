"""The address core: batches of raw addresses in, digitised addresses out, in the same order. Pure functions inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from msgspec.structs import replace

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, Village
from gazetteer.names import tidy
from schemas.address import (
    AddressResult,
    Components,
    CoordinateLevel,
    MatchLevel,
    NextAction,
)
from schemas.normaliser_state import CommuneAt
from schemas.raw import Decision, RawAddress
from services.address.carry import doubted, followed, part_of_split, undecided
from services.address.compose import Written, matched_text, published_text
from services.address.decide import PERFECT_SCORE, decide, total_penalty
from services.address.explain import Explanation, explanation
from services.address.faults import Fault
from services.address.glance import Text
from services.address.identity import dwelling_id
from services.address.lexicon import Lexicon
from services.address.locate import may_lie_in, points_of
from services.address.matcher import Match, Matcher
from services.address.pieces import components_of
from services.address.placement import Placement, named
from services.address.placer import Placer
from services.address.position import PointReading, read_points
from services.address.resolve import Resolved
from services.address.villages import VillageIndex, is_numbered
from services.address.vpostcode import encode_located_batch, is_within_reach

# Compiled code asks an enum anew for a member each time it is written.
_UNLISTED: Final = Fault.VILLAGE_UNLISTED
_NO_LEVEL: Final = MatchLevel.NONE
_COMMUNE: Final = MatchLevel.COMMUNE
_VILLAGE: Final = MatchLevel.VILLAGE
_STREET: Final = MatchLevel.STREET
_HOUSE: Final = MatchLevel.HOUSE
_LOCATED: Final = frozenset({CoordinateLevel.POINT, CoordinateLevel.STREET})


class UnknownCommuneError(LookupError):
    """A decision names a commune code that the gazetteer does not know today."""


class AddressCore:
    """Digitises addresses with one gazetteer. Holds bounded caches; not for use by several threads at once.

    `villages` stand for those that the gazetteer lists, if given.
    """

    def __init__(self, gazetteer: Gazetteer, villages: Sequence[Village] | None = None) -> None:
        self.gazetteer = gazetteer
        self.version: Final = gazetteer.version
        self.villages = VillageIndex(gazetteer.villages if villages is None else villages)
        self.matcher = Matcher(Lexicon(gazetteer))
        self._placer = Placer(gazetteer, self.villages)
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
            self._placer.forget()

    @property
    def edition(self) -> str:
        """The day (ISO) from which the gazetteer's communes are those of today."""
        return self.gazetteer.edition

    def digitise(self, batch: Sequence[RawAddress]) -> list[AddressResult]:
        """One result for each address, in order. Never raises on any text or number."""
        written = [Written(raw) for raw in batch]
        published = [published_text(one) for one in written]
        matches = self.matcher.match([matched_text(one, text) for one, text in zip(written, published, strict=True)])
        readings = read_points([raw.position for raw in batch])
        points = points_of([reading.position for reading in readings], self.gazetteer.boundaries)
        # By number: compiled code would make a tuple of each row, and call as interpreted code does.
        placed = [self._placer.place(matches[n], readings[n], points[n]) for n in range(len(matches))]
        codes = _codes(placed)
        return [
            self._result(published[n].text, matches[n], readings[n], placed[n], codes[n]) for n in range(len(matches))
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
        placed = self._placer.placement(resolved, point.position)
        result = self._fields(text, components, placed, point.faults, _codes([placed])[0])
        score = PERFECT_SCORE - sum(fault.penalty for fault in (*faults, *point.faults))
        return replace(result, score=score, margin=score, next_action=NextAction.ACCEPT)

    def _result(
        self, text: str, match: Match, point: PointReading, placed: Placement, code: str | None
    ) -> AddressResult:
        components = components_of(match.pieces)
        written, village = components.village, placed.resolved.village
        faults = (*match.faults, *point.faults) if match.faults or point.faults else ()
        if village is None:
            if written and not _all_numbered(written):
                faults = (*faults, _UNLISTED)
        elif written is None:
            components = replace(components, village=f"{village.kind.capitalize()} {village.name}")
        return self._fields(text, components, placed, faults, code, match.ranking.wider_level)

    def _fields(
        self,
        text: str,
        components: Components,
        placed: Placement,
        more_faults: tuple[Fault, ...],
        code: str | None,
        wider_level: MatchLevel = _NO_LEVEL,
    ) -> AddressResult:
        resolved = placed.resolved
        faults, score, action = placed.faults, resolved.score, placed.action
        if more_faults:
            new = [fault for fault in dict.fromkeys(more_faults) if fault not in resolved.faults]
            faults = tuple(dict.fromkeys((*faults, *named(tuple(new)))))
            score = max(0, score - total_penalty(new))
            action = decide(score, resolved.margin, resolved.commune is not None)
        unit, legacy = placed.unit, placed.told_legacy
        dwelling = None if unit is None else dwelling_id(components, unit.code, None if legacy is None else legacy.code)
        # In the order of its fields: to find them by their names takes longer than all else about the result.
        return AddressResult(
            text,
            components,
            None if unit is None else unit.code,
            None if unit is None else unit.name,
            None if unit is None else unit.province_code,
            None if unit is None else unit.province,
            placed.legacy,
            None if unit is None else unit.registry_area,
            placed.position,
            wider_level if unit is None else _match_level(components),
            placed.level,
            score,
            resolved.margin,
            faults,
            action,
            resolved.rivals,
            dwelling,
            code,
            None if unit is None else unit.postal_code,
            self.version,
            self._overlay_offset,
        )


def _matched(written: Written) -> Text:
    return matched_text(written, published_text(written))


@lru_cache(maxsize=16_384)
def _all_numbered(village: str) -> bool:
    return all(is_numbered(part) for part in village.split(", "))


def _match_level(components: Components) -> MatchLevel:
    """The level of an address in a known commune."""
    street, village = components.street, components.village
    if (street or village) and components.house_number:
        return _HOUSE
    if street:
        return _STREET
    return _VILLAGE if village else _COMMUNE


def _codes(placed: Sequence[Placement]) -> list[str | None]:
    """The located codes, computed for all at once; None where the position is no finer than the village."""
    codes: list[str | None] = [None] * len(placed)
    rows: list[int] = []
    areas: list[str] = []
    points: list[tuple[float, float]] = []
    for row, one in enumerate(placed):
        unit, position = one.unit, one.position
        if unit is not None and position is not None and one.level in _LOCATED:
            rows.append(row)
            areas.append(unit.registry_area)
            points.append((position.lat, position.lon))
    if rows:
        degrees = np.array(points, dtype=np.float64)
        for row, code in zip(rows, encode_located_batch(areas, degrees[:, 0], degrees[:, 1]), strict=True):
            codes[row] = code
    return codes
