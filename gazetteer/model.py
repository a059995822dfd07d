"""The places of the gazetteer, as plain immutable records.

Statistical codes are the keys: 5 digits for a commune, 3 for a district, 2 for a province. A code says which
place is meant only together with its time: the same two digits name a province before and after July 2025, a
district's code can pass to the district that took it in, a commune's code survives its renaming. Old units are
therefore keyed by code and edition: the latest of the three lists (2019, 2022, 2025) that carries them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class BoundingBox(NamedTuple):
    """Degrees WGS84, south-west corner first."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Province:
    """A province or centrally run city: one of the 34 of today (`current`) or of the 63 until June 2025.

    `successor_code` is the province of today that an old one is part of, None for a current one.
    """

    code: str
    name: str
    kind: str
    current: bool
    aliases: tuple[str, ...] = ()
    successor_code: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class District:
    """A district that ended on 30 June 2025 or earlier.

    `key` is unique: the code for the last district that had it, else code and edition (`769@2019` is Quận 2,
    `769` is Thành phố Thủ Đức). `former_kinds` are the kinds it had before (Huyện Kinh Môn became Thị xã Kinh Môn).
    """

    key: str
    code: str
    edition: int
    name: str
    kind: str
    province_code: str
    aliases: tuple[str, ...] = ()
    former_kinds: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of today.

    `lat`, `lon` are its reference point, None where the source point is known to be wrong and no better one was
    found. `registry_area` is the area of its codes: it keeps its name when the postal code changes. `anchor_*` is
    frozen: a located code of the area decodes to the full Open Location Code nearest to it. `decodable` is False for
    areas wider than 0.9°, which decode only through the registry. `bbox` encloses the old communes it was made of, as
    far as their boxes are known: it may reach beyond the commune.
    `aliases` are other spellings of its name, and the names of communes that changed into it since July 2025.
    """

    code: str
    name: str
    kind: str
    province_code: str
    postal_code: str
    registry_area: str
    lat: float | None
    lon: float | None
    anchor_lat: float
    anchor_lon: float
    decodable: bool
    bbox: BoundingBox | None
    area_km2: float | None
    aliases: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


class Successor(NamedTuple):
    """One current commune that took over (part of) an old one; `usual` marks the usual choice of a split."""

    commune_code: str
    usual: bool


@dataclass(frozen=True, slots=True)
class CommuneChange:
    """What became on a `date` (ISO) of a commune of today, named as it was until then.

    Several `successors` mean a split. A renaming leads to the same code, a merger to that of the commune it went into.
    """

    date: str
    code: str
    kind: str
    name: str
    province_code: str
    successors: tuple[Successor, ...]

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class LegacyCommune:
    """A commune as it stood in one of the old lists.

    `edition` is 2009, 2019, 2022 or 2025: the latest list that carries this code with this name, kind and district.
    `district_key` is the key of its district then. `successors` has several members where the commune was split,
    none where it is not known into which commune it went. The five island districts that had no communes stand
    here too, as a commune of the kind Huyện.
    """

    code: str
    edition: int
    name: str
    kind: str
    district_code: str
    district_key: str
    province_code: str
    lat: float | None
    lon: float | None
    bbox: BoundingBox | None
    aliases: tuple[str, ...]
    successors: tuple[Successor, ...]

    @property
    def full_name(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Village:
    """A village that a source attests.

    `legacy_commune_code` is None where the source only knows the commune of today, `commune_code` where the old
    commune was split and the source does not say which part the village lies in. `lat`, `lon` are degrees WGS84.
    """

    name: str
    kind: str
    legacy_commune_code: str | None
    commune_code: str | None
    source: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """A registry area: the append-only name space of the codes that begin with its five digits.

    The anchor (degrees WGS84) never moves. `decodable` is False where the area is too wide for it.
    """

    area: str
    anchor_lat: float
    anchor_lon: float
    decodable: bool
