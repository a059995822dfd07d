"""What the core says of one address. Embedded in matched, review and digitised records.

No field holds personal data: `address_text` is the submitted text with phones and the householder's name redacted.
"""

from __future__ import annotations

from enum import StrEnum

from schemas.record import Record


class MatchLevel(StrEnum):
    """How far down the address was matched."""

    NONE = "none"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    VILLAGE = "village"
    STREET = "street"
    HOUSE = "house"


class CoordinateLevel(StrEnum):
    """How fine the position is; independent of the match level."""

    NONE = "none"
    COMMUNE = "commune"
    VILLAGE = "village"
    STREET = "street"
    POINT = "point"


class NextAction(StrEnum):
    """ACCEPT: coded and published. CONFIRM: a person chooses between candidates. FIX: the text cannot be placed."""

    ACCEPT = "ACCEPT"
    CONFIRM = "CONFIRM"
    FIX = "FIX"


class Components(Record, frozen=True):
    """The part of the address below the commune, as written, in tidy form (None where absent)."""

    house_number: str | None = None
    alley: str | None = None
    street: str | None = None
    village: str | None = None
    building: str | None = None
    unit: str | None = None


class LegacyPlace(Record, frozen=True):
    """The commune before July 2025 that the text speaks of.

    `assumed` says that the text does not tell which age it is of: its commune is one of today, and this the old one of
    the same name that went into it.
    """

    commune_code: str
    commune: str
    district_code: str
    district: str
    province_code: str
    province: str
    assumed: bool = False


class Position(Record, frozen=True):
    """WGS84 degrees; `accuracy_m` is the radius in metres within which the address lies."""

    lat: float
    lon: float
    accuracy_m: float
    source: str


class Rival(Record, frozen=True):
    """A candidate that lost, with its score."""

    commune_code: str
    commune: str
    province: str
    legacy_commune_code: str | None
    score: int


class AddressResult(Record, frozen=True):
    """The digitised form of one address.

    `score` is 100 minus the penalties of `faults`; `margin` is the distance to the best rival in another commune.
    `registry_area` names the code registry that is responsible. `proposed_code` is the located code
    without unit, None where the position is no finer than the village. `overlay_offset` is the offset in the
    village overlay topic up to which the gazetteer was extended, -1 without one. `postal_code` is that of the commune
    today; a registry area keeps the one that it began with.
    """

    address_text: str
    components: Components
    commune_code: str | None
    commune: str | None
    province_code: str | None
    province: str | None
    legacy: LegacyPlace | None
    registry_area: str | None
    position: Position | None
    match_level: MatchLevel
    coordinate_level: CoordinateLevel
    score: int
    margin: int
    faults: tuple[str, ...]
    next_action: NextAction
    rivals: tuple[Rival, ...]
    dwelling_id: str | None
    proposed_code: str | None
    postal_code: str | None
    gazetteer_version: str
    overlay_offset: int = -1
