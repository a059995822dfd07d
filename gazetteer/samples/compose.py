"""Composes the sample batch: `python -m gazetteer.samples.compose` writes `tuyen_quang.csv` beside this file.

The same gazetteer gives the same bytes. Places are real, households are not: names and phone numbers are made up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from random import Random

from gazetteer.gazetteer import Gazetteer
from gazetteer.samples import wording
from gazetteer.samples.surroundings import (
    ROADS,
    TOWN_WARDS,
    ZONES,
    Place,
    Surroundings,
    point_near,
    surroundings,
    to_vn2000,
)

OUTPUT = Path(__file__).with_name("tuyen_quang.csv")
SEED = 223_589

_SURNAMES = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đỗ", "Bùi", "Ma", "Nông", "Lò", "Giàng", "Vàng"]
# "Sample", "example", "fictitious", "assumed": nobody is called so.
_MADE_UP_NAMES = ["Văn Mẫu", "Thị Mẫu", "Văn Ví Dụ", "Thị Ví Dụ", "Văn Hư Cấu", "Thị Hư Cấu", "Văn Giả Định"]
_ACCURACIES: list[float | str] = ["", "", 5.0, 8.0, 15.0]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the sample. `composed_as` says what it is meant to show; it is no input of the service."""

    id: str = ""
    address: str = ""
    village: str = ""
    commune: str = ""
    district: str = ""
    province: str = ""
    lat: float | str = ""
    lon: float | str = ""
    easting: float | str = ""
    northing: float | str = ""
    epsg: int | str = ""
    accuracy_m: float | str = ""
    householder_name: str = ""
    householder_phone: str = ""
    composed_as: str = ""


Maker = Callable[[Random, Surroundings], Row]


def rows(gazetteer: Gazetteer) -> list[Row]:
    """All rows, in the order of the file."""
    random, around = Random(SEED), surroundings(gazetteer)
    made = [replace(maker(random, around), composed_as=kind) for kind, count, maker in KINDS for _ in range(count)]
    random.shuffle(made)
    made = [replace(row, id=f"TQ{number:05d}") for number, row in enumerate(made, start=1)]
    return made + _second_looks(random, made)


def to_csv(composed: list[Row]) -> str:
    """The rows as CSV with a header, lines ended by a line feed."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in composed)
    return out.getvalue()


def _row(random: Random, place: Place, address: str) -> Row:
    """A row with, often, a householder, and, sometimes, a right point in one of the two systems."""
    row = _with_householder(random, Row(address=address))
    chance = random.random()
    if chance < 0.30:
        lat, lon = point_near(random, place)
        return replace(row, lat=lat, lon=lon, accuracy_m=random.choice(_ACCURACIES))
    if chance < 0.45:
        return _with_metres(random, row, place)
    return row


def _with_householder(random: Random, row: Row) -> Row:
    if random.random() < 0.5:
        return replace(row, householder_name="", householder_phone="")
    name = f"{random.choice(_SURNAMES)} {random.choice(_MADE_UP_NAMES)}"
    digits = f"0900000{random.randrange(1000):03d}"
    phone = random.choice([digits, f"{digits[:4]} {digits[4:7]} {digits[7:]}", f"+84 {digits[1:]}", ""])
    return replace(row, householder_name=name, householder_phone=phone)


def _with_metres(random: Random, row: Row, place: Place) -> Row:
    zone = ZONES[place.legacy.province_code]
    easting, northing = to_vn2000(*point_near(random, place), zone)
    return replace(row, easting=easting, northing=northing, epsg=zone)


def _written(style: Callable[[Random, str, Place], str], today: bool = False) -> Maker:
    def make(random: Random, around: Surroundings) -> Row:
        place = random.choice(around.places)
        return _row(random, place, style(random, wording.house_in_village(random, place, today), place))

    return make


def _fields(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    row = _row(random, place, wording.house_in_village(random, place))
    return replace(row, commune=place.legacy.full_name, district=place.district.full_name, province=place.old_province)


def _no_tones(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    style = random.choice([wording.old_full, wording.old_short, wording.new_full])
    return _row(random, place, wording.without_tones(style(random, wording.house_in_village(random, place), place)))


def _odd_letters(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    text = wording.old_full(random, wording.house_in_village(random, place), place)
    return _row(random, place, wording.odd_letters(random, text))


def _misspelt(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    name = wording.misspelt(random, place.legacy.name)
    text = f"{wording.village_of(random, place)}, {place.legacy.kind.lower()} {name}, {place.district.full_name}"
    return _row(random, place, f"{text}, {place.old_province}")


def _street(random: Random, around: Surroundings) -> Row:
    place = random.choice([one for one in around.places if one.legacy.code in TOWN_WARDS])
    style = random.choice([wording.old_full, wording.old_short, wording.old_short, wording.new_full, wording.new_short])
    return _row(random, place, style(random, wording.house_on_street(random, place), place))


def _road(random: Random, around: Surroundings) -> Row:
    place = random.choice([one for one in around.places if one.district.code in ROADS])
    style = random.choice([wording.old_full, wording.old_short, wording.new_full])
    return _row(random, place, style(random, wording.house_on_road(random, place), place))


def _attested(random: Random, around: Surroundings) -> Row:
    place = random.choice([one for one in around.places if one.villages])
    style = random.choice([wording.old_full, wording.old_short, wording.new_full])
    return _row(random, place, style(random, wording.attested_village(random, place), place))


def _personal(random: Random, around: Surroundings) -> Row:
    """The householder's name and phone inside the text, where they do not belong."""
    place = random.choice(around.places)
    row = _row(random, place, wording.old_full(random, wording.village_of(random, place), place))
    name = f"{random.choice(_SURNAMES)} {random.choice(_MADE_UP_NAMES)}"
    phone = f"0900 000 {random.randrange(1000):03d}"
    text = random.choice(
        [
            f"Nhà ông {name}, {row.address}",
            f"{row.address}, ĐT: {phone}",
            f"{name.upper()} - {phone.replace(' ', '.')}, {row.address}",
        ]
    )
    return replace(row, address=text, householder_name=name, householder_phone=phone)


def _pointed(change: Callable[[Random, Row, Place, Surroundings], Row]) -> Maker:
    """A clear address whose point is wrong."""

    def make(random: Random, around: Surroundings) -> Row:
        place = random.choice(around.places)
        address = wording.old_full(random, wording.village_of(random, place), place)
        return change(random, _with_householder(random, Row(address=address)), place, around)

    return make


def _swapped(random: Random, row: Row, place: Place, _: Surroundings) -> Row:
    lat, lon = point_near(random, place)
    return replace(row, lat=lon, lon=lat)


def _metres_as_degrees(random: Random, row: Row, place: Place, _: Surroundings) -> Row:
    metres = _with_metres(random, row, place)
    epsg = metres.epsg if random.random() < 0.6 else ""
    return replace(row, lat=metres.northing, lon=metres.easting, epsg=epsg)


def _without_zone(random: Random, row: Row, place: Place, _: Surroundings) -> Row:
    return replace(_with_metres(random, row, place), epsg="")


def _half(random: Random, row: Row, place: Place, _: Surroundings) -> Row:
    return replace(row, lat=point_near(random, place)[0])


def _elsewhere(random: Random, row: Row, place: Place, around: Surroundings) -> Row:
    other = random.choice([one for one in around.places if one.district.code != place.district.code])
    lat, lon = point_near(random, other)
    return replace(row, lat=lat, lon=lon)


def _wrong_district(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    homes = {one.district.code for one in around.places if one.legacy.name == place.legacy.name}
    other = random.choice([one for one in around.places if one.district.code not in homes])
    text = f"{wording.village_of(random, place)}, {place.legacy.full_name}, {other.district.full_name}"
    return _row(random, place, f"{text}, {place.old_province}")


def _wrong_province(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    province = random.choice(["Lào Cai", "Thái Nguyên", "Phú Thọ"])
    text = f"{wording.village_of(random, place)}, {place.legacy.full_name}, {place.district.full_name}"
    return _row(random, place, f"{text}, {province}")


def _unknown_commune(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    name = random.choice(["Không Có Thật", "Tự Nghĩ Ra", "Chưa Đặt Tên", "Ví Dụ Mẫu"])
    text = f"{wording.village_of(random, place)}, xã {name}, {place.district.full_name}, {place.old_province}"
    return _with_householder(random, Row(address=text))


def _two_communes(random: Random, around: Surroundings) -> Row:
    one, other = random.choice(around.places), random.choice(around.places)
    village = wording.village_of(random, one)
    text = f"{village}, {one.legacy.full_name}, {other.legacy.full_name}, {other.district.name}, {other.old_province}"
    return _with_householder(random, Row(address=text))


def _split(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.split)
    address = wording.old_full(random, wording.village_of(random, place), place)
    return _with_householder(random, Row(address=address))


def _district_only(random: Random, around: Surroundings) -> Row:
    place = random.choice(around.places)
    return _with_householder(random, Row(address=f"{place.district.full_name}, tỉnh {place.old_province}"))


def _nonsense(random: Random, _: Surroundings) -> Row:
    text = random.choice(
        ["đang cập nhật", "không rõ địa chỉ", "???", "asdfgh", "như trên", "xem ghi chú", "-", "00000"]
    )
    return _with_householder(random, Row(address=text))


def _second_looks(random: Random, made: list[Row]) -> list[Row]:
    """Rows that come back: the same again, corrected under the same id, and neighbours in one dwelling."""
    streets = [row for row in made if row.composed_as == "street"]
    full = [row for row in made if row.composed_as == "old style, full" and not row.address.startswith("Số")]
    again = [replace(row, composed_as="same id, same text") for row in random.sample(full, 20)]
    changed = [
        replace(row, address=f"Số nhà {random.randrange(1, 99)}, {row.address}", composed_as="same id, corrected text")
        for row in random.sample(full, 20)
    ]
    shared = [
        replace(_with_householder(random, replace(row, householder_name="", householder_phone="")),
                id=f"TQ{number:05d}", composed_as="shared dwelling")
        for number, row in enumerate(random.sample(streets, 20), start=len(made) + 1)
    ]  # fmt: skip
    return again + changed + [_with_householder(random, row) for row in shared]


KINDS: list[tuple[str, int, Maker]] = [
    ("old style, full", 420, _written(wording.old_full)),
    ("old style, short", 420, _written(wording.old_short)),
    ("old style, in fields", 200, _fields),
    ("new style, full", 400, _written(wording.new_full, today=True)),
    ("new style, short", 260, _written(wording.new_short, today=True)),
    ("new commune, old district", 80, _written(wording.mixed, today=True)),
    ("no tones", 150, _no_tones),
    ("capitals or split letters", 80, _odd_letters),
    ("misspelt commune", 80, _misspelt),
    ("glued or doubled", 60, _written(wording.glued_or_doubled)),
    ("street", 260, _street),
    ("road with kilometre", 60, _road),
    ("attested village", 120, _attested),
    ("name or phone in the text", 80, _personal),
    ("swapped axes", 30, _pointed(_swapped)),
    ("metres in the columns for degrees", 30, _pointed(_metres_as_degrees)),
    ("metres without zone", 15, _pointed(_without_zone)),
    ("point (0, 0)", 15, _pointed(lambda random, row, place, around: replace(row, lat=0.0, lon=0.0))),
    ("half a point", 10, _pointed(_half)),
    ("point abroad", 10, _pointed(lambda random, row, place, around: replace(row, lat=48.858093, lon=2.294694))),
    ("point in another commune", 30, _pointed(_elsewhere)),
    ("wrong district", 30, _wrong_district),
    ("wrong province", 10, _wrong_province),
    ("unknown commune", 20, _unknown_commune),
    ("two communes", 15, _two_communes),
    ("split commune", 20, _split),
    ("district only", 10, _district_only),
    ("nonsense", 15, _nonsense),
    ("empty address", 10, lambda random, around: _with_householder(random, Row())),
]


if __name__ == "__main__":
    OUTPUT.write_text(to_csv(rows(Gazetteer.load())), encoding="utf-8", newline="\n")
