"""The made-up ground of the histories: districts of five communes each, and what two later days make of them.

Names are those of real communes; where they lie, their codes and areas are made up. On the second day two communes of a
district become a new one, one gives a part to another new one, and one gets another name. On the third day the merged
one gets another name, and the part goes back. What a text of an edition means is known from here, without the core.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gazetteer.artifact import encode
from gazetteer.assemble import assemble
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from gazetteer.tables import LAYOUTS, Row, Table, read_tables
from tests.model.words import LISTED_STREET, LISTED_VILLAGE, STEP_DEGREES, Place, Words

DAYS = ("2025-07-01", "2026-03-01", "2027-03-01")
# What becomes of a commune, as the edition and what it is there, day by day.
WAYS = {
    "one": ((0, "one"), (1, "merged"), (2, "merged")),
    "other": ((0, "other"), (1, "merged"), (2, "merged")),
    "whole": ((0, "whole"), (1, "part"), (1, "part")),
    "named": ((0, "named"), (1, "named"), (1, "named")),
    "untouched": ((0, "untouched"), (0, "untouched"), (0, "untouched")),
}
# From the reference point of a commune that is split to that of its part, in steps to the north.
TO_PART = 200
# How much nearer the one part must be for a point to tell it.
_CLEARLY_NEARER = 0.3
# Large enough for points of its part to lie in it.
_SIZE_KM2 = "400"
_NORTH, _SOUTH = (21.030001, 105.850001), (10.770001, 106.700001)


@dataclass(frozen=True)
class Commune:
    """A commune as an edition has it."""

    code: str
    name: str
    area: str
    lat: float


@dataclass(frozen=True)
class District:
    """What becomes of five communes. `names` are nine, `province` is that of today, `lon` the meridian of all."""

    number: int
    names: Sequence[str]
    province: tuple[str, str]
    south: float
    lon: float

    def _commune(self, part: int, name: int, step: int) -> Commune:
        code = f"{10_000 + 10 * self.number + part}"
        return Commune(code, self.names[name], code, round(self.south + step * STEP_DEGREES, 6))

    @cached_property
    def communes(self) -> Sequence[dict[str, Commune]]:
        """By edition: the communes, by what they are here."""
        one, other, merged = self._commune(0, 0, 0), self._commune(1, 1, 100), self._commune(2, 2, 50)
        whole, part = self._commune(3, 3, 300), self._commune(4, 4, 300 + TO_PART)
        named, untouched = self._commune(5, 5, 400), self._commune(6, 7, 450)
        renamed = dataclasses.replace(named, name=self.names[6])
        of_all = {"whole": whole, "untouched": untouched}
        return (
            {**of_all, "one": one, "other": other, "named": named},
            {**of_all, "merged": merged, "part": part, "named": renamed},
            {**of_all, "merged": dataclasses.replace(merged, name=self.names[8]), "named": renamed},
        )

    def changes(self, edition: int) -> list[tuple[Commune, str, bool]]:
        """What the day of an edition changed: a commune as it was, the code of what it became, and whether usually."""
        if edition == 0:
            return []
        was, now = self.communes[edition - 1], self.communes[edition]
        if edition == 1:
            return [
                (was["one"], now["merged"].code, True),
                (was["other"], now["merged"].code, True),
                (was["whole"], now["whole"].code, True),
                (was["whole"], now["part"].code, False),
                (was["named"], now["named"].code, True),
            ]
        return [(was["merged"], now["merged"].code, True), (was["part"], now["whole"].code, True)]

    def place(self, edition: int, which: str) -> Place:
        """A commune as texts of that edition name it."""
        commune = self.communes[edition][which]
        tail = f"xã {commune.name}, {self.province[1]}"
        lon = round(self.lon + 0.000013, 7)
        return Place(commune.area, commune.code, tail, commune.lat, lon, *(_NORTH if commune.lat < 16 else _SOUTH))


class Edition:
    """What texts and codes mean on a day, and what became of the communes of days before."""

    def __init__(self, number: int, districts: Sequence[District]) -> None:
        self.number = number
        self.communes = {one.code: one for each in districts for one in each.communes[number].values()}
        self._by_tail: dict[str, str] = {}
        self._steps: list[dict[str, tuple[str, ...]]] = []
        for edition in range(number + 1):
            steps: dict[str, tuple[str, ...]] = {}
            for each in districts:
                for was, into, _ in each.changes(edition):
                    steps[was.code] = (*steps.get(was.code, ()), into)
            self._steps.append(steps)
        for each in districts:
            for edition in range(number + 1):
                for which, commune in each.communes[edition].items():
                    # Of a divided commune the name stays with the part that bears it.
                    ends = self.became(commune.code, edition) if which != "whole" else (commune.code,)
                    self._by_tail[each.place(edition, which).tail] = ends[0]

    def read(self, place: Place) -> Commune | None:
        """The commune that a text names; None if there is none of that name (yet)."""
        code = self._by_tail.get(place.tail)
        return None if code is None else self.communes[code]

    def became(self, code: str, since: int) -> tuple[str, ...]:
        """The communes of this day that one of an earlier day has become; none of a later one."""
        if since > self.number:
            return ()
        codes: tuple[str, ...] = (code,)
        for steps in self._steps[since + 1 :]:
            codes = tuple(dict.fromkeys(end for one in codes for end in steps.get(one, (one,))))
        return codes

    def touched(self, code: str, since: int) -> bool:
        """Whether anything became of a commune since, be it another name."""
        return any(code in steps for steps in self._steps[since + 1 :])

    def part_of(self, words: Words, parts: Iterable[str]) -> Commune | None:
        """The part of a divided commune where an address lies, by a listed village or street, or else by its point."""
        whole, part = (self.communes[code] for code in sorted(parts))
        if words.kind in ("listed village", "listed street"):
            return part
        if words.spot is None or words.doubtful:
            return None
        to_whole, to_part = (abs(words.lat - one.lat) for one in (whole, part))
        if to_whole <= _CLEARLY_NEARER * to_part:
            return whole
        return part if to_part <= _CLEARLY_NEARER * to_whole else None


def districts(count: int) -> list[District]:
    """Names are different within a province, and as far as they reach, within the country."""
    tables = read_tables()
    seen: dict[str, int] = {}
    for row in tables["communes"]:
        seen[row["name"].lower()] = seen.get(row["name"].lower(), 0) + 1
    names = [row["name"] for row in tables["communes"] if seen[row["name"].lower()] == 1 and row["kind"] == "Xã"]
    provinces = [
        (row["code"], f"{row['kind'].lower()} {row['name']}") for row in tables["provinces"] if row["era"] == "current"
    ]
    rounds = len(names) // 9
    return [
        District(
            number,
            names[9 * (number % rounds) :][:9],
            provinces[(number + number // rounds) % len(provinces)],
            south=9.0 + 0.3 * (number % 40),
            # In the sea, so that the other part of the country is far.
            lon=107.7 + 0.05 * (number // 40 % 30),
        )
        for number in range(count)
    ]


def gazetteer(edition: int, districts: Sequence[District]) -> Gazetteer:
    """The gazetteer of an edition, made of tables as ever."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in LAYOUTS}
    rows["edition"] = [{"date": DAYS[edition]}]
    rows["provinces"] = [row.cells for row in read_tables()["provinces"] if row["era"] == "current"]
    anchors: dict[str, Commune] = {}
    for district in districts:
        for day in range(edition + 1):
            rows["changes"] += [_change(district, DAYS[day], *change) for change in district.changes(day)]
            anchors.update({one.area: one for one in district.communes[day].values()})
        for one in district.communes[edition].values():
            rows["communes"].append(
                {"code": one.code, "kind": "Xã", "name": one.name, "province": district.province[0]}
                | {"lat": str(one.lat), "lon": str(district.lon), "area_km2": _SIZE_KM2}
            )
            rows["postal_codes"].append({"commune": one.code, "postal_code": one.area, "basis": "printed"})
    lons = {one.area: district.lon for district in districts for day in district.communes for one in day.values()}
    rows["anchors"] = [
        {"area": area, "lat": str(one.lat), "lon": str(lons[area]), "decodable": "1"} for area, one in anchors.items()
    ]
    tables = {
        name: Table(
            name, [Row(line, {**dict.fromkeys(LAYOUTS[name].columns, ""), **cells}) for line, cells in enumerate(found)]
        )
        for name, found in rows.items()
    }
    places = assemble(tables)
    today = [district.communes[edition] for district in districts]
    parts = [communes["part"].code for communes in today if "part" in communes]
    listed = [
        Village(name, kind, None, code, "made up")
        for code in parts
        for name, kind in ((LISTED_VILLAGE, "thôn"), (LISTED_STREET, "đường"))
    ]
    places = dataclasses.replace(places, villages=tuple(listed))
    return Gazetteer(encode(places)[0], places)


def _change(district: District, day: str, was: Commune, into: str, usual: bool) -> dict[str, str]:
    return {"date": day, "code": was.code, "kind": "Xã", "name": was.name, "province": district.province[0]} | {
        "into": into,
        "usual": str(int(usual)),
    }
