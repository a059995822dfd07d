"""Names that people use and no list carries: initials, older and shorter names, numbers in words or Roman."""

from __future__ import annotations

from typing import Final

# Folded official name to folded other names. Facts of the language, not of single addresses.
PROVINCE_NICKNAMES: Final[dict[str, tuple[str, ...]]] = {
    "ho chi minh": ("hcm", "tphcm", "hcmc", "sai gon", "sg"),
    "ha noi": ("hn", "tphn", "ha tay"),
    "da nang": ("tpdn",),
    "hai phong": ("hp", "tphp"),
    "can tho": ("tpct",),
    "hue": ("thua thien hue", "tt hue", "tth", "thua thien"),
    "thua thien hue": ("hue", "tt hue", "tth", "thua thien"),
    "ba ria vung tau": ("brvt", "br vt", "vung tau", "ba ria"),
    "dak lak": ("dac lac", "dac lak", "dak lac", "daklak", "darlac"),
    "dak nong": ("dac nong", "daknong"),
    "gia lai": ("gialai", "gia rai"),
    "kon tum": ("con tum", "kontum", "cong tum"),
    "binh duong": ("bd",),
    "binh dinh": ("bdinh",),
    "quang ngai": ("qngai",),
    "quang nam": ("qnam",),
    "quang ninh": ("qninh",),
    "dong nai": ("dnai",),
    "thanh hoa": ("th hoa",),
    "bac can": ("bac kan", "bac can"),
    "bac kan": ("bac can",),
    "hoa binh": ("hb",),
}

DISTRICT_NICKNAMES: Final[dict[str, tuple[str, ...]]] = {
    "phan rang thap cham": ("phan rang", "thap cham", "pr tc"),
    "buon ma thuot": ("buon me thuot", "ban me thuot", "bmt", "buon ma thuoc", "buon me thuoc"),
    "pleiku": ("play cu", "plei cu"),
    "thu dau mot": ("tdm",),
    "quy nhon": ("qui nhon",),
    "hue": ("tp hue",),
    "hai ba trung": ("hbt",),
    "binh thanh": ("bth",),
    "phan thiet": ("pthiet",),
    "long xuyen": ("lx",),
    "bac tu liem": ("tu liem",),
    "nam tu liem": ("tu liem",),
}

_ROMAN: Final = {
    1: "i",
    2: "ii",
    3: "iii",
    4: "iv",
    5: "v",
    6: "vi",
    7: "vii",
    8: "viii",
    9: "ix",
    10: "x",
    11: "xi",
    12: "xii",
}
_FROM_ROMAN: Final = {roman: number for number, roman in _ROMAN.items()}
_IN_WORDS: Final = {
    "nhat": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10,
    "muoi mot": 11, "muoi hai": 12,
}  # fmt: skip


def number_spellings(folded: str) -> list[str]:
    """Other glued keys of a name that is, or ends in, a number: `I`, `01` and `1`; `Cổ Nhuế 2` and `Cổ Nhuế II`."""
    head, _, last = folded.rpartition(" ")
    glued = head.replace(" ", "")
    number = _number(last)
    keys: list[str] = []
    if number is not None:
        keys.append(f"{glued}{number}")
        if head and number in _ROMAN:
            keys += [glued + _ROMAN[number], f"{glued}0{number}"] if number < 10 else [glued + _ROMAN[number]]
    if folded.startswith("thu ") and folded[4:] in _IN_WORDS:
        keys.append(f"thu{_IN_WORDS[folded[4:]]}")
    return keys


def _number(word: str) -> int | None:
    """The value of a short number in digits or Roman capitals, else None."""
    if word.isdigit() and len(word) <= 2:
        return int(word)
    return _FROM_ROMAN.get(word)


def plain_number(word: str) -> str | None:
    """The number key (`1` to `99`) that a word after `phường` or `quận` spells, else None."""
    number = _number(word)
    return None if number is None else str(number)
