"""How people write an address: the house or village, then the units above it, in the styles seen in real files."""

from __future__ import annotations

import unicodedata
from random import Random

from gazetteer.samples.surroundings import ROADS, STREETS, Place

_SHORT_KINDS = {
    "Xã": ["X. ", "xã ", ""],
    "Phường": ["P. ", "P.", "phường "],
    "Thị trấn": ["TT. ", "TT ", "thị trấn "],
    "Huyện": ["H. ", "huyện ", ""],
    "Thành phố": ["TP. ", "TP ", "thành phố "],
}
_SLIPS = [
    ("Tr", "Ch"),
    ("Ch", "Tr"),
    ("S", "X"),
    ("X", "S"),
    ("L", "N"),
    ("N", "L"),
    ("D", "Gi"),
    ("ng", "n"),
    ("nh", "n"),
    ("ả", "ã"),
    ("ũ", "ủ"),
    ("ỏ", "õ"),
    ("ồ", "ô"),
    ("ế", "ê"),
    ("ậ", "â"),
    ("ượ", "uợ"),
    ("y", "i"),
]


def village_of(random: Random, place: Place, today: bool = False) -> str:
    """A numbered village or town group of an old commune (or, `today`, of the commune it belongs to now)."""
    town = (place.commune.kind if today else place.legacy.kind) != "Xã"
    number = random.randrange(1, 21)
    if town:
        return random.choice([f"Tổ {number}", f"tổ dân phố {number}", f"TDP {number}", f"Tổ dân phố số {number}"])
    return random.choice([f"Thôn {number}", f"thôn {number}", f"Thôn {number:02d}", f"xóm {number}"])


def attested_village(random: Random, place: Place) -> str:
    """A village that a source names."""
    village = random.choice(place.villages)
    return f"{village.kind.capitalize()} {village.name}"


def house_in_village(random: Random, place: Place, today: bool = False) -> str:
    """A village, one time in three with a house number before it."""
    village = village_of(random, place, today)
    if random.random() < 2 / 3:
        return village
    return f"{random.choice(['Số nhà', 'SN', 'Số'])} {random.randrange(1, 300)}, {village}"


def house_on_street(random: Random, place: Place) -> str:
    """A house number on a street of the place's town, now and then in an alley."""
    street = random.choice(STREETS[place.district.code])
    number = str(random.randrange(1, 400)) + random.choice(["", "", "", "A", "B", f"/{random.randrange(1, 30)}"])
    word = random.choice(["đường ", "Đ. ", "Đường ", ""])
    alley = f"ngõ {random.randrange(2, 120)} " if random.random() < 0.15 else ""
    prefix = random.choice(["Số ", "số nhà ", "", "SN "])
    # A street named by a date needs its word: `12 17/8` is no address.
    return f"{prefix}{number} {alley}{word if not street[0].isdigit() else 'đường '}{street}"


def house_on_road(random: Random, place: Place) -> str:
    """A kilometre mark on a national road."""
    mark = f"Km {random.randrange(5, 220)}" + random.choice(["", f"+{random.randrange(1, 10)}00"])
    return f"{mark} {random.choice(ROADS[place.district.code])}"


def old_full(random: Random, detail: str, place: Place) -> str:
    """Commune, district and province of before July 2025, with their kinds."""
    legacy, district = place.legacy, place.district
    kinds = [legacy.kind, district.kind, "Tỉnh"]
    if random.random() < 0.6:
        kinds = [kind.lower() for kind in kinds]
    return f"{detail}, {kinds[0]} {legacy.name}, {kinds[1]} {district.name}, {kinds[2]} {place.old_province}"


def old_short(random: Random, detail: str, place: Place) -> str:
    """The same with kinds shortened or left out, other separators, or without the province."""
    commune = random.choice(_SHORT_KINDS[place.legacy.kind]) + place.legacy.name
    district = random.choice(_SHORT_KINDS[place.district.kind]) + place.district.name
    province = random.choice(["", "", "T. ", "tỉnh "]) + place.old_province
    parts = [detail, commune, district, province]
    if random.random() < 0.15:
        del parts[3]
    return random.choice([", ", ", ", ", ", " - ", ","]).join(parts)


def new_full(random: Random, detail: str, place: Place) -> str:
    """Commune and province of today, with their kinds."""
    kinds = [place.commune.kind, "Tỉnh"]
    if random.random() < 0.6:
        kinds = [kind.lower() for kind in kinds]
    return f"{detail}, {kinds[0]} {place.commune.name}, {kinds[1]} {place.province}"


def new_short(random: Random, detail: str, place: Place) -> str:
    """The same with kinds shortened or left out."""
    commune = random.choice(_SHORT_KINDS[place.commune.kind]) + place.commune.name
    return random.choice([", ", ", ", " - "]).join([detail, commune, place.province])


def mixed(random: Random, detail: str, place: Place) -> str:
    """The commune of today with the district that is gone."""
    return f"{detail}, {place.commune.kind.lower()} {place.commune.name}, {place.district.name}, {place.old_province}"


def without_tones(text: str) -> str:
    """Letters without any marks; punctuation stays."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(char for char in plain if not unicodedata.combining(char))


def misspelt(random: Random, name: str) -> str:
    """A name with one slip: letters that sound alike, a wrong tone, or else a letter left out."""
    slips = [(right, wrong) for right, wrong in _SLIPS if right in name]
    if slips:
        right, wrong = random.choice(slips)
        return name.replace(right, wrong, 1)
    at = random.randrange(1, len(name) - 1)
    return name[:at] + name[at + 1 :]


def glued_or_doubled(random: Random, detail: str, place: Place) -> str:
    """Spaces lost after commas, or the district written twice."""
    if random.random() < 0.5:
        return f"{detail},{place.legacy.kind}{place.legacy.name},{place.district.name},{place.old_province}"
    return f"{detail}, {place.legacy.name}, {place.district.name} {place.district.name}, {place.old_province}"


def odd_letters(random: Random, text: str) -> str:
    """Capitals throughout, or letters and marks apart (NFD)."""
    return text.upper() if random.random() < 0.5 else unicodedata.normalize("NFD", text)
