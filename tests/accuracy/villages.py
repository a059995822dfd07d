"""Synthetic villages of old Tuyên Quang, as many as the province has, and addresses in them. Seeded.

No open list of the 1,733 villages exists, so these are made up within the real communes of the time: wards and towns
have numbered groups; of the others, one in three numbers its villages, the rest names them. Each village has a point of
its own, which tells which village a result means.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import LegacyCommune, Village
from gazetteer.names import fold, merge_i_y
from tests.accuracy.composed import Home, Unit, new_home, old_communes, old_home
from tests.accuracy.noise import Style, slipped, style_of

OLD_TUYEN_QUANG = "08"
VILLAGES = 1_733
SOURCE = "synthetic"

_NUMBERED_COMMUNES = 1 / 3
_FIRST = (
    "Nà", "Khuổi", "Bản", "Pác", "Lũng", "Phiêng", "Cốc", "Đồng", "Tân", "Làng", "Cây", "Minh", "Phú", "Ao", "Đèo",
    "Ngòi", "Gò", "Khe", "Trung", "An", "Yên", "Thái", "Vĩnh", "Hòa", "Soi", "Bình", "Kim", "Thác", "Vực",
)  # fmt: skip
_SECOND = (
    "Làng", "Lếch", "Mụ", "Coóc", "Chang", "Luông", "Đình", "Tâm", "Tiến", "Lập", "Thịnh", "Trám", "Sổ", "Búng", "Xa",
    "Vạc", "Khẻ", "Cọ", "Chiềng", "Giếng", "Mới", "Thành", "Sơn", "Ngang", "Cuôn", "Tre", "Đảng", "Nhùng", "Khà",
)  # fmt: skip
# Degrees: what tells the points of two villages apart.
_STEP = 0.000001


@dataclass(frozen=True, slots=True)
class InVillage:
    """A text and the villages that it may mean, by their points, with the communes of today they lie in: several only
    where their text was the same before any slip. `open`: that of another village or commune was, so that nothing
    tells which is meant. For a number each commune will do, as any may have a village of that number."""

    text: str
    points: frozenset[tuple[float, float]]
    communes: frozenset[str | None]
    open: bool


def synthetic_villages(gazetteer: Gazetteer, seed: int) -> list[Village]:
    """The villages, the communes by turns, each name once in its commune."""
    random = Random(seed)
    communes = [one for one in old_communes(gazetteer) if one.province_code == OLD_TUYEN_QUANG]
    numbered = {one.code for one in communes if one.kind != "Xã" or random.random() < _NUMBERED_COMMUNES}
    taken: dict[str, set[str]] = {one.code: set() for one in communes}
    villages: list[Village] = []
    while len(villages) < VILLAGES:
        legacy = communes[len(villages) % len(communes)]
        names = taken[legacy.code]
        name = str(len(names) + 1) if legacy.code in numbered else _name(random, names)
        names.add(merge_i_y(fold(name)))
        villages.append(_village(legacy, name, len(villages)))
    return villages


def _name(random: Random, taken: set[str]) -> str:
    while True:
        first, second = random.choice(_FIRST), random.choice(_SECOND)
        if first != second and merge_i_y(fold(f"{first} {second}")) not in taken:
            return f"{first} {second}"


def _village(legacy: LegacyCommune, name: str, number: int) -> Village:
    parts = legacy.successors
    lat, lon = legacy.lat or 0.0, legacy.lon or 0.0
    return Village(
        name=name,
        kind="thôn" if legacy.kind == "Xã" else "tổ dân phố",
        legacy_commune_code=legacy.code,
        commune_code=parts[number % len(parts)].commune_code,
        source=SOURCE,
        lat=round(lat + number * _STEP, 6),
        lon=round(lon, 6),
    )


def clean(gazetteer: Gazetteer, villages: Sequence[Village]) -> list[InVillage]:
    """A complete, well written address in each village."""
    style = Style(accents=True, kinds="full", district=True, lower=False, commas=True, pick=0)
    return [
        _in_village(style.join([unit.kind + unit.name for unit in _units(style, home, one)]), [one])
        for one, home in _homes(gazetteer, villages)
    ]


def noised(gazetteer: Gazetteer, villages: Sequence[Village], seed: int) -> list[InVillage]:
    """An address with hard noise in each village; the slips fall on the village's name as well."""
    random, alike = Random(seed), _Alike(gazetteer, villages)
    made: list[InVillage] = []
    for one, home in _homes(gazetteer, villages):
        style = style_of(random)
        units = _units(style, home, one)
        text = style.join([unit.kind + unit.name for unit in slipped(random, style, units)])
        made.append(_in_village(text, alike.villages(style, units), alike.communes(style, units)))
    return made


class _Alike:
    """Villages whose written form is the same, in their old commune or in that of today: without a district nothing
    tells whether `thôn 2, xã Thái Bình, Tuyên Quang` is of before or after July 2025."""

    def __init__(self, gazetteer: Gazetteer, villages: Sequence[Village]) -> None:
        self._named: dict[str, list[tuple[Village, list[Home]]]] = defaultdict(list)
        self._today = [new_home(gazetteer, one) for one in gazetteer.communes.values()]
        for one, old in _homes(gazetteer, villages):
            today = [new_home(gazetteer, gazetteer.communes[one.commune_code])] if one.commune_code else []
            self._named[fold(one.name)].append((one, [old, *today]))

    def villages(self, style: Style, units: Sequence[Unit]) -> list[Village]:
        return [
            one
            for one, homes in self._named[fold(units[0].name)]
            if any(_units(style, home, one) == units for home in homes)
        ]

    def communes(self, style: Style, units: Sequence[Unit]) -> list[str]:
        """The codes of the communes of today with that text, if the village is a number."""
        if not units[0].name.isdigit():
            return []
        return [home.code for home in self._today if style.units(home) == list(units[1:])]


def _in_village(text: str, villages: Sequence[Village], communes: Sequence[str] = ()) -> InVillage:
    points = frozenset(map(_point, villages))
    codes = frozenset([*(one.commune_code for one in villages), *communes])
    return InVillage(text, points, codes, len(points) + len(codes) > 2)


def _homes(gazetteer: Gazetteer, villages: Sequence[Village]) -> list[tuple[Village, Home]]:
    homes = {one.code: old_home(gazetteer, one) for one in old_communes(gazetteer)}
    return [(one, homes[one.legacy_commune_code]) for one in villages]


def _point(village: Village) -> tuple[float, float]:
    assert village.lat is not None
    assert village.lon is not None
    return village.lat, village.lon


def _units(style: Style, home: Home, village: Village) -> list[Unit]:
    """The village, whose kind is always written, then the units above it."""
    return [Unit(style.dress(f"{village.kind.capitalize()} "), style.dress(village.name)), *style.units(home)]
