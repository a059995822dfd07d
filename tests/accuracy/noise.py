"""Hard noise: complete addresses of old communes, written as badly as people in a hurry write them. Seeded.

Of each address, independently: the accents are left out (half), the kinds are abbreviated (60 %; else written out, or
left out in one case of four), the district is left out (half), all is lower case (half), spaces stand for the commas
(half). One or two typing slips always fall on the names of commune, district and province, never on a digit: `Phường 3`
with another digit is another ward.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import LegacyCommune
from gazetteer.names import fold
from gazetteer.samples.wording import without_tones
from tests.accuracy.composed import Home, Unit, detail, new_home, old_communes, old_home
from tests.accuracy.slips import slip

_SHORT = {
    "Xã": ("X. ", "X.", "x "),
    "Phường": ("P. ", "P.", "P "),
    "Thị trấn": ("TT. ", "TT ", "T.T "),
    "Đặc khu": ("ĐK. ", "Đặc khu "),
    "Huyện": ("H. ", "H.", "h "),
    "Quận": ("Q. ", "Q.", "Q "),
    "Thị xã": ("TX. ", "TX ", "tx."),
    "Thành phố": ("TP. ", "TP ", "Tp."),
    "Tỉnh": ("T. ", "T.", "tỉnh "),
}
_NO_ACCENTS, _ABBREVIATED, _NO_KINDS, _NO_DISTRICT, _LOWER, _NO_COMMAS = 0.5, 0.6, 0.25, 0.5, 0.5, 0.5


@dataclass(frozen=True, slots=True)
class Noised:
    """A noised text. `meant` is the old commune it was made of. Communes whose text was the same before the slips, so
    that nothing can tell them apart, are acceptable as well: `old_codes` (with `meant`) and, of today, `new_codes`.
    `misleading`: a slip turned the commune's name into that of another one there."""

    text: str
    meant: str
    old_codes: frozenset[str]
    new_codes: frozenset[str]
    misleading: bool

    @property
    def decidable(self) -> bool:
        return len(self.old_codes) == 1 and not self.new_codes


@dataclass(frozen=True, slots=True)
class Style:
    """How one address is written."""

    accents: bool
    kinds: str
    district: bool
    lower: bool
    commas: bool
    pick: int

    def units(self, home: Home) -> list[Unit]:
        """The units as written, without slips."""
        wider = [home.district] if self.district and home.district is not None else []
        return [self._unit(unit) for unit in (home.commune, *wider, home.province)]

    def join(self, parts: Sequence[str]) -> str:
        return self.dress((", " if self.commas else " ").join(parts))

    def dress(self, text: str) -> str:
        """Case and accents."""
        text = text if self.accents else without_tones(text)
        return text.lower() if self.lower else text

    def _unit(self, unit: Unit) -> Unit:
        if self.kinds == "none" and not unit.name.isdigit():
            return Unit("", self.dress(unit.name))
        kind = f"{unit.kind} "
        if self.kinds == "short":
            choices = _SHORT[unit.kind]
            kind = choices[self.pick % len(choices)]
        return Unit(self.dress(kind), self.dress(unit.name))


def hard_noise(gazetteer: Gazetteer, count: int, seed: int) -> list[tuple[str, str]]:
    """`count` noised texts with the code of the old commune they were made of; none repeats another's commune until
    all had their turn."""
    return [(one.text, one.meant) for one in noised(gazetteer, count, seed)]


def noised(gazetteer: Gazetteer, count: int, seed: int) -> list[Noised]:
    """The same with all that is acceptable."""
    random, alike = Random(seed), Alike(gazetteer)
    communes = old_communes(gazetteer)
    made: list[Noised] = []
    while len(made) < count:
        random.shuffle(communes)
        made += [_noise(random, gazetteer, alike, one) for one in communes[: count - len(made)]]
    return made


class Alike:
    """Communes whose written form is the same."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._old: dict[str, list[Home]] = defaultdict(list)
        self._new: dict[str, list[Home]] = defaultdict(list)
        for legacy in old_communes(gazetteer):
            home = old_home(gazetteer, legacy)
            self._old[_key(home.commune, home.province)].append(home)
        for commune in gazetteer.communes.values():
            home = new_home(gazetteer, commune)
            self._new[_key(home.commune, home.province)].append(home)

    def codes(self, style: Style, home: Home) -> tuple[frozenset[str], frozenset[str]]:
        """The codes of the old communes and of those of today that read like `home` in a style."""
        units, key = style.units(home), _key(home.commune, home.province)
        old = frozenset(one.code for one in self._old[key] if style.units(one) == units)
        new = frozenset(one.code for one in self._new[key] if style.units(one) == units)
        return old, new

    def mislead(self, home: Home, units: Sequence[Unit]) -> bool:
        """Whether units with slips name, but for accents, another commune of the province (and district, if named)."""
        key = _key(units[0], home.province)
        if key == _key(home.commune, home.province):
            return False
        district = fold(home.district.name) if home.district is not None and len(units) > 2 else None
        return bool(self._new.get(key)) or any(
            one.district is not None and district in (None, fold(one.district.name)) for one in self._old.get(key, ())
        )


def _key(commune: Unit, province: Unit) -> str:
    return f"{fold(commune.name)}, {fold(province.name)}"


def style_of(random: Random) -> Style:
    """A style drawn with the shares above."""
    kinds = "short" if random.random() < _ABBREVIATED else "none" if random.random() < _NO_KINDS else "full"
    return Style(
        accents=random.random() >= _NO_ACCENTS,
        kinds=kinds,
        district=random.random() >= _NO_DISTRICT,
        lower=random.random() < _LOWER,
        commas=random.random() >= _NO_COMMAS,
        pick=random.randrange(6),
    )


def slipped(random: Random, style: Style, units: list[Unit]) -> list[Unit]:
    """The units with one or two slips in their names; where two undo each other, with one more."""
    made, slips = list(units), random.choice((1, 2))
    while slips > 0 or made == units:
        slips -= 1
        weights = [sum(char.isalpha() for char in unit.name) for unit in made]
        place = random.choices(range(len(made)), weights)[0]
        made[place] = Unit(made[place].kind, style.dress(slip(random, made[place].name)))
    return made


def _noise(random: Random, gazetteer: Gazetteer, alike: Alike, legacy: LegacyCommune) -> Noised:
    home, style = old_home(gazetteer, legacy), style_of(random)
    first, units = detail(random, legacy.kind), slipped(random, style, style.units(home))
    old_codes, new_codes = alike.codes(style, home)
    text = style.join([first, *(unit.kind + unit.name for unit in units)])
    return Noised(text, legacy.code, old_codes, new_codes, alike.mislead(home, units))
