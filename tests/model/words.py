"""What sources say of addresses here: real communes, made-up houses, points on a line of steps of 30 m."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress, RawPosition
from services.address.core import AddressCore

STEP_DEGREES = 0.00027
STEP_M = 30
# Far from every commune of the other half of the country.
_NORTH, _SOUTH = (21.030001, 105.850001), (10.770001, 106.700001)

Kind = Literal["street", "house in a village", "village"]


@dataclass(frozen=True)
class Place:
    """A commune of today. `area` is its registry area, `tail` how texts name it."""

    area: str
    commune_code: str
    tail: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Words:
    """What a source says of one address.

    `house` is told apart from others of its kind; a village alone singles no dwelling out. `spot` counts steps from
    the commune's reference point to the north, None without a point. `doubtful` gives a point in another part of the
    country, so that a person must decide. `spelling` changes the text, and nothing that it means.
    """

    place: Place
    kind: Kind
    house: int
    spot: int | None
    doubtful: bool = False
    spelling: int = 0

    @property
    def dwelling(self) -> tuple[Kind, int] | None:
        """What singles the dwelling out within its commune."""
        return None if self.kind == "village" else (self.kind, self.house)

    @property
    def address(self) -> str:
        number = ("Số", "SN")[self.spelling]
        local = {
            "street": f"{number} {self.house} đường Bình Thuận",
            "house in a village": f"{number} {self.house}, thôn 7",
            "village": f"{('Thôn', 'thôn')[self.spelling]} {self.house}",
        }[self.kind]
        return f"{local}, {self.place.tail}"

    @property
    def point(self) -> dict[str, Any] | None:
        """As raw records and decisions have it."""
        if self.doubtful:
            lat, lon = _NORTH if self.place.lat < 16 else _SOUTH
        elif self.spot is None:
            return None
        else:
            lat, lon = latitude(self.place, self.spot), self.place.lon
        return {"lat": lat, "lon": lon, "accuracy_m": 5}


def latitude(place: Place, spot: int) -> float:
    return round(place.lat + 0.000011 + spot * STEP_DEGREES, 7)


def places(gazetteer: Gazetteer, core: AddressCore) -> list[Place]:
    """The communes whose plain texts the address core accepts as they are meant; it is not what is tested here."""
    found = [_place(gazetteer, commune) for commune in gazetteer.communes.values() if commune.decodable]
    asked = [words for place in found for words in _samples(place)]
    answers = core.digitise([_raw(words) for words in asked])
    bad = {words.place.area for words, answer in zip(asked, answers, strict=True) if not _as_meant(words, answer)}
    return [place for place in found if place.area not in bad]


def _place(gazetteer: Gazetteer, commune: Commune) -> Place:
    province = gazetteer.provinces[commune.province_code].full_name
    tail = f"{commune.kind.lower()} {commune.name}, {province}"
    return Place(commune.registry_area, commune.code, tail, commune.lat, round(commune.lon + 0.000013, 7))


def _samples(place: Place) -> list[Words]:
    sure = [Words(place, kind, 5, spot) for kind in ("street", "house in a village", "village") for spot in (None, 0)]
    return [*sure, replace(sure[1], spot=16), replace(sure[0], doubtful=True), replace(sure[4], doubtful=True)]


def _raw(words: Words) -> RawAddress:
    point = words.point
    return RawAddress("s", "1", words.address, position=RawPosition(**point) if point else None)


def _as_meant(words: Words, answer: AddressResult) -> bool:
    if words.doubtful:
        return answer.next_action is NextAction.CONFIRM and answer.faults == ("point.outside_commune",)
    return (
        answer.next_action is NextAction.ACCEPT
        and answer.registry_area == words.place.area
        and (answer.dwelling_id is None) == (words.dwelling is None)
        and (answer.proposed_code is None) == (words.spot is None)
    )
