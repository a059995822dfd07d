"""Texts that no address of Vietnam should be read from: abroad, in a commune that does not exist, or nonsense. Seeded.

- abroad: streets and towns of other countries in the form used there, or as a Vietnamese writes them;
- unlisted: a commune that its district or province never had (made up, of another part of the country, or a number too
  many), with the right kinds and a real district and province, so that only the commune is wrong;
- nonsense: delivery notes, orders, names, codes, keyboard noise, loose words, places of fairy tales.

The words stand in `foreign_words.yaml`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml
from rapidfuzz import process
from rapidfuzz.distance import OSA

from gazetteer.gazetteer import Gazetteer
from gazetteer.names import fold
from gazetteer.samples.wording import without_tones
from tests.accuracy.composed import Home, Unit, detail, new_home, old_communes, old_home

KINDS = ("abroad", "unlisted", "nonsense")
# A made-up name this close to a name of the province could be a misspelling of it.
_TOO_CLOSE = 0.6
_HIGHEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Foreign:
    """A text and which of the three kinds it is."""

    kind: str
    text: str


def elsewhere(gazetteer: Gazetteer, count: int, seed: int) -> list[Foreign]:
    """`count` different texts, a third of each kind."""
    random = Random(seed)
    makers: dict[str, Callable[[Random], str]] = dict(
        zip(KINDS, (_abroad, _Unlisted(gazetteer).make, _nonsense), strict=True)
    )
    made: dict[str, Foreign] = {}
    while len(made) < count:
        kind = KINDS[len(made) % len(KINDS)]
        text = _dressed(random, makers[kind](random))
        made.setdefault(text, Foreign(kind, text))
    return list(made.values())


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("foreign_words.yaml").read_text("utf-8"))
    return words


def _dressed(random: Random, text: str) -> str:
    """One text in five without accents, one in ten in lower or upper case each."""
    if random.random() < 0.2:
        text = without_tones(text)
    chance = random.random()
    return text.lower() if chance < 0.1 else text.upper() if chance < 0.2 else text


def _abroad(random: Random) -> str:
    if random.random() < 0.35:
        return _abroad_in_vietnamese(random)
    land = random.choice(_words()["lands"])
    house = land.get("house", "{number} {street}").format(
        number=random.randrange(1, 400), street=random.choice(land["streets"])
    )
    code = "".join(random.choice("0123456789") if mark == "9" else mark for mark in land.get("postcode", "99999"))
    town = land.get("town", "{town} {code}").format(town=random.choice(land["towns"]), code=code).strip()
    country = [random.choice(land["names"])] if random.random() < 0.8 else []
    return ", ".join([house, town, *country])


def _abroad_in_vietnamese(random: Random) -> str:
    country, towns = random.choice(list(_words()["towns_in_vietnamese"].items()))
    number, street = random.randrange(1, 300), random.choice(_words()["streets_abroad"])
    first = random.choice(
        [
            f"Số {number} phố {street}",
            f"{number} đường {street}",
            f"Căn hộ {number}, chung cư {street}",
            f"Khu {street}",
        ]
    )
    return f"{first}, {random.choice(towns)}, {country}"


class _Unlisted:
    """Makes addresses whose commune is not in their district or province."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        homes = [old_home(gazetteer, one) for one in old_communes(gazetteer)]
        self._old, self._new = homes, [new_home(gazetteer, one) for one in gazetteer.communes.values()]
        self._numbered = [home for home in homes if home.commune.name.isdigit()]
        self._names = sorted({home.commune.name for home in homes if not home.commune.name.isdigit()})
        self._syllables = sorted({part for name in self._names for part in name.split() if part.isalpha()})
        self._around = _names_around(gazetteer)
        self._numbers: dict[str, set[str]] = defaultdict(set)
        for legacy in gazetteer.legacy:
            self._numbers[fold(gazetteer.district_of(legacy).full_name)].add(fold(legacy.name))

    def make(self, random: Random) -> str:
        if random.random() < 0.1:
            home = random.choice(self._numbered)
            name = self._number(random, home)
        else:
            home = random.choice(self._old if random.random() < 0.7 else self._new)
            name = self._name(random, home)
        place = Home("", Unit(home.commune.kind, name), home.district, home.province)
        return place.text(detail(random, home.commune.kind))

    def _number(self, random: Random, home: Home) -> str:
        """A number that no ward of the district, or of one of its name elsewhere, ever had."""
        assert home.district is not None
        taken = self._numbers[fold(home.district.full)]
        return random.choice([str(n) for n in range(1, _HIGHEST_NUMBER) if not {str(n), f"{n:02d}"} & taken])

    def _name(self, random: Random, home: Home) -> str:
        """A name unlike all names of the province, old and of today."""
        around = self._around[fold(home.province.name)]
        while True:
            if random.random() < 0.6:
                name = " ".join(random.choice(self._syllables).capitalize() for _ in range(random.choice((2, 2, 2, 3))))
            else:
                name = random.choice(self._names)
            close = process.extractOne(fold(name), around, scorer=OSA.normalized_similarity, score_cutoff=_TOO_CLOSE)
            if close is None:
                return name


def _names_around(gazetteer: Gazetteer) -> dict[str, list[str]]:
    """For each province name, old or of today, the folded names of all communes and districts there, at any time."""
    found: dict[str, set[str]] = {code: {fold(one.name)} for code, one in gazetteer.provinces.items()}
    for commune in gazetteer.communes.values():
        found[commune.province_code].add(fold(commune.name))
    for legacy in gazetteer.legacy:
        old = gazetteer.old_provinces[legacy.province_code]
        names = (legacy.name, gazetteer.district_of(legacy).name, old.name)
        found[gazetteer.province_successor[old.code]].update(fold(name) for name in names)
    around = {fold(one.name): sorted(found[one.code]) for one in gazetteer.provinces.values()}
    for old in gazetteer.old_provinces.values():
        around[fold(old.name)] = sorted(found[gazetteer.province_successor[old.code]])
    return around


def _nonsense(random: Random) -> str:
    makers = (_note, _note, _order, _person, _keys, _loose, _loose, _digits, _english, _fairy_tale, _markup)
    return random.choice(makers)(random)


def _note(random: Random) -> str:
    return random.choice([", ", ". ", " - ", " "]).join(random.sample(_words()["notes"], random.choice((1, 2, 3))))


def _order(random: Random) -> str:
    return f"{random.randrange(1, 40)} {random.choice(_words()['goods'])}, {random.choice(_words()['notes'])}"


def _person(random: Random) -> str:
    name = " ".join(random.choice(part) for part in _words()["person"])
    return random.choice(
        [f"{name} - 0900 000 {random.randrange(1000):03d}", f"Gửi {name}", f"nhà {name.lower()}", name]
    )


def _keys(random: Random) -> str:
    rows = ("qwertyuiop", "asdfghjkl;", "zxcvbnm,./", "1234567890")
    return " ".join(
        "".join(random.choice(random.choice(rows)) for _ in range(random.randrange(3, 11)))
        for _ in range(random.randrange(1, 6))
    )


def _loose(random: Random) -> str:
    text = " ".join(random.choice(_words()["loose"]) for _ in range(random.randrange(2, 10)))
    return text.replace(" ", ", ", random.choice((0, 0, 1, 2)))


def _digits(random: Random) -> str:
    number = random.randrange(10**9)
    return random.choice(
        [f"{number:09d}", f"0{number:09d}", f"MST {number:010d}", f"{number % 90}.{number}, {number % 180}.{number}",
         f"INV-{number % 10000:04d}/{number % 99:02d}", f"{number % 28 + 1}/{number % 12 + 1}/2025", f"#{number:x}"]
    )  # fmt: skip


def _english(random: Random) -> str:
    return " ".join(random.choice(part) for part in _words()["english"])


def _fairy_tale(random: Random) -> str:
    commune, district, province = random.sample(_words()["nowhere"], 3)
    house = f"{random.randrange(1, 99)} {random.choice(_words()['streets_abroad'])}"
    return f"{house}, xã {commune}, huyện {district}, tỉnh {province}"


def _markup(random: Random) -> str:
    note, number = random.choice(_words()["notes"]), random.randrange(999)
    return random.choice(
        [f"<p>{note}</p>", f'{{"address": "{note}"}}', f"&nbsp;{note}&amp;", f"https://example.com/{number}",
         f"someone{number}@example.com", f"NULL;{note}", f"=CONCAT(A{number},B2)", f"{note} 😀"]
    )  # fmt: skip
