"""Clean addresses composed from the gazetteer: a house or village, then commune, district, province with their kinds.

What the measures of noise, of villages and of losses start from. The places are real, the houses are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune

LAST_EDITION = 2025
# Five island districts had no communes; the gazetteer keeps them among the communes, under their own kind.
_ISLAND_DISTRICT = "Huyện"

_STREETS = (
    "Trần Phú", "Lê Lợi", "Quang Trung", "Nguyễn Trãi", "Hùng Vương", "Lý Thường Kiệt", "Phan Chu Trinh", "Bà Triệu",
    "Nguyễn Thị Minh Khai", "Ngô Quyền", "Điện Biên Phủ", "30/4", "Cách Mạng Tháng Tám", "Hoàng Văn Thụ", "Yết Kiêu",
    "Nguyễn Văn Cừ", "Trường Chinh", "Lê Hồng Phong", "Phạm Ngũ Lão", "Hai Bà Trưng", "An Dương Vương", "Tôn Đức Thắng",
)  # fmt: skip
_HAMLETS = (
    "Đồng Tâm", "Tân Lập", "Phú Hòa", "Trung Tâm", "Cây Đa", "Bến Đò", "Đình Làng", "Giếng Mới", "Cầu Tre", "Gò Mít",
    "Xuân Mới", "Vườn Chè", "Ao Sen", "Đồi Cọ",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of an address: the word for its kind, and its name."""

    kind: str
    name: str

    @property
    def full(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Home:
    """The units a commune lies in, finest first: commune, district (an old commune only), province."""

    code: str
    commune: Unit
    district: Unit | None
    province: Unit

    def text(self, detail: str) -> str:
        """The whole address, clean and complete."""
        units = [self.commune, self.district, self.province]
        return ", ".join([detail, *(unit.full for unit in units if unit is not None)])


def old_communes(gazetteer: Gazetteer) -> list[LegacyCommune]:
    """The 10,035 communes as they stood until 30 June 2025, in order of code."""
    return [one for one in gazetteer.legacy if one.edition == LAST_EDITION and one.kind != _ISLAND_DISTRICT]


def old_home(gazetteer: Gazetteer, legacy: LegacyCommune) -> Home:
    """An old commune in its district and province of the time."""
    district = gazetteer.district_of(legacy)
    province = gazetteer.old_provinces[legacy.province_code]
    return Home(
        legacy.code,
        Unit(legacy.kind, legacy.name),
        Unit(district.kind, district.name),
        Unit(province.kind, province.name),
    )


def new_home(gazetteer: Gazetteer, commune: Commune) -> Home:
    """A commune of today in its province."""
    province = gazetteer.provinces[commune.province_code]
    return Home(commune.code, Unit(commune.kind, commune.name), None, Unit(province.kind, province.name))


def detail(random: Random, kind: str) -> str:
    """What stands before the commune of a kind: mostly a house on a street in towns, a village elsewhere."""
    if random.random() < (0.25 if kind == "Xã" else 0.75):
        return _house(random)
    return _village(random, town=kind != "Xã")


def _house(random: Random) -> str:
    number = str(random.randrange(1, 500)) + random.choice(["", "", "", "A", "B", f"/{random.randrange(1, 60)}"])
    prefix = random.choice(["", "", "Số ", "Số nhà ", "SN "])
    alley = f"ngõ {random.randrange(2, 200)} " if random.random() < 0.1 else ""
    return f"{prefix}{number} {alley}{random.choice(['đường ', 'Đường ', 'Đ. ', 'phố '])}{random.choice(_STREETS)}"


def _village(random: Random, town: bool) -> str:
    number = random.randrange(1, 25)
    if town:
        return random.choice(
            [f"Tổ {number}", f"Tổ dân phố {number}", f"TDP {number}", f"Khu phố {number}", f"KP{number}"]
        )
    kind = random.choice(["Thôn", "Xóm", "Ấp", "thôn"])
    return f"{kind} {random.choice([str(number), f'{number:02d}', random.choice(_HAMLETS), random.choice(_HAMLETS)])}"
