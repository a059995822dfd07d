"""What sources say of addresses here: made-up houses in communes of tests/model/ground.py, points on a line of steps of
30 m."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

STEP_DEGREES = 0.00027
# Where a list has a village or a street of these names, it is in the part that a commune was split into.
LISTED_VILLAGE, LISTED_STREET = "Lùng Tao", "Tân Hà"

Kind = Literal["street", "house in a village", "village", "listed village", "listed street"]


@dataclass(frozen=True)
class Place:
    """A commune of some day. `area` is its registry area, `tail` how texts name it, `far` a point in the other half of
    the country."""

    area: str
    commune_code: str
    tail: str
    lat: float
    lon: float
    far_lat: float
    far_lon: float

    def __repr__(self) -> str:
        return self.tail


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
            "listed village": f"{number} {self.house}, thôn {LISTED_VILLAGE}",
            "listed street": f"{number} {self.house} đường {LISTED_STREET}",
        }[self.kind]
        return f"{local}, {self.place.tail}"

    @property
    def lat(self) -> float:
        """Of its point, if that can be used."""
        return round(self.place.lat + 0.000011 + (self.spot or 0) * STEP_DEGREES, 7)

    @property
    def point(self) -> dict[str, Any] | None:
        """As raw records and decisions have it."""
        if self.doubtful:
            lat, lon = self.place.far_lat, self.place.far_lon
        elif self.spot is None:
            return None
        else:
            lat, lon = self.lat, self.place.lon
        return {"lat": lat, "lon": lon, "accuracy_m": 5}
