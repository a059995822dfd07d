"""The words that name the kind of a place, with their abbreviations, and what each kind can stand before."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a type word announces."""

    PHUONG = "phường"
    XA = "xã"
    TOWN = "thị trấn"
    ZONE = "đặc khu"
    QUAN = "quận"
    HUYEN = "huyện"
    TX = "thị xã"
    CITY = "thành phố"
    PROVINCE = "tỉnh"
    COMMUNE = "commune"
    DISTRICT = "district"
    VILLAGE = "village"
    STREET = "street"
    PREMISES = "premises"


COMMUNE_KINDS: Final = frozenset({Kind.PHUONG, Kind.XA, Kind.TOWN, Kind.ZONE, Kind.COMMUNE})
DISTRICT_KINDS: Final = frozenset({Kind.QUAN, Kind.HUYEN, Kind.TX, Kind.CITY, Kind.DISTRICT})
PROVINCE_KINDS: Final = frozenset({Kind.CITY, Kind.PROVINCE})
LOCAL_KINDS: Final = frozenset({Kind.VILLAGE, Kind.STREET, Kind.PREMISES})

# Abbreviations that are as often something else: `P.` is a ward or a street, `T.` a province, a hamlet or a group.
WEAK: Final = frozenset(
    {"p", "x", "t", "h", "q", "d", "k", "f", "pho", "ban", "lang", "lo", "to", "khu", "ph", "cho", "cau", "truong"}
)

# Local words that are as often part of a name: in the middle of a phrase they count only with a number after them.
SOFT: Final = frozenset(
    {"kiet", "ngo", "hem", "ngach", "cau", "cho", "to", "lang", "ban", "truong", "lo", "doi", "cum", "khoi", "buon",
     "pho", "chua", "toa", "soc", "bon", "tk", "cc", "khu", "d", "dt", "dl", "tl"}
)  # fmt: skip
NUMBERED_ONLY: Final = frozenset({"ng", "ngh", "k"})

# Folded words (several joined by a space) to their kind. A word with accents must carry the right ones.
TYPE_WORDS: Final[dict[str, Kind]] = {
    "phuong": Kind.PHUONG, "p": Kind.PHUONG, "ph": Kind.PHUONG, "f": Kind.PHUONG, "phg": Kind.PHUONG,
    "xa": Kind.XA, "x": Kind.XA,
    "thi tran": Kind.TOWN, "thitran": Kind.TOWN, "tt": Kind.TOWN, "t t": Kind.TOWN, "ttr": Kind.TOWN,
    "t tran": Kind.TOWN, "t tr": Kind.TOWN, "thi tr": Kind.TOWN,
    "dac khu": Kind.ZONE, "dackhu": Kind.ZONE,
    "quan": Kind.QUAN, "q": Kind.QUAN,
    "huyen": Kind.HUYEN, "h": Kind.HUYEN,
    "thi xa": Kind.TX, "thixa": Kind.TX, "tx": Kind.TX, "t x": Kind.TX, "t xa": Kind.TX, "th xa": Kind.TX,
    "thanh pho": Kind.CITY, "thanhpho": Kind.CITY, "tp": Kind.CITY, "t p": Kind.CITY, "t pho": Kind.CITY,
    "th pho": Kind.CITY, "tpho": Kind.CITY,
    "tinh": Kind.PROVINCE, "t": Kind.PROVINCE,
    "ward": Kind.COMMUNE, "commune": Kind.COMMUNE, "town": Kind.COMMUNE, "township": Kind.COMMUNE,
    "district": Kind.DISTRICT, "dist": Kind.DISTRICT,
    "city": Kind.CITY, "province": Kind.PROVINCE,
    "thon": Kind.VILLAGE, "xom": Kind.VILLAGE, "ap": Kind.VILLAGE, "khom": Kind.VILLAGE, "ban": Kind.VILLAGE,
    "buon": Kind.VILLAGE, "bon": Kind.VILLAGE, "plei": Kind.VILLAGE, "lang": Kind.VILLAGE, "soc": Kind.VILLAGE,
    "to": Kind.VILLAGE, "to dan pho": Kind.VILLAGE, "tdp": Kind.VILLAGE, "to nhan dan": Kind.VILLAGE,
    "tnd": Kind.VILLAGE, "dan pho": Kind.VILLAGE, "to dp": Kind.VILLAGE, "t d p": Kind.VILLAGE,
    "khu pho": Kind.VILLAGE, "khupho": Kind.VILLAGE, "kp": Kind.VILLAGE, "k p": Kind.VILLAGE, "k pho": Kind.VILLAGE,
    "khu": Kind.VILLAGE, "khu vuc": Kind.VILLAGE, "kv": Kind.VILLAGE, "khoi": Kind.VILLAGE, "khoi pho": Kind.VILLAGE,
    "tieu khu": Kind.VILLAGE, "tk": Kind.VILLAGE, "doi": Kind.VILLAGE, "cum": Kind.VILLAGE, "cum dan cu": Kind.VILLAGE,
    "k": Kind.VILLAGE,
    "duong": Kind.STREET, "d": Kind.STREET, "pho": Kind.STREET, "ngo": Kind.STREET, "ngach": Kind.STREET,
    "hem": Kind.STREET, "kiet": Kind.STREET, "quoc lo": Kind.STREET, "ql": Kind.STREET, "tinh lo": Kind.STREET,
    "tl": Kind.STREET, "dt": Kind.STREET, "huong lo": Kind.STREET, "hl": Kind.STREET, "dai lo": Kind.STREET,
    "dl": Kind.STREET, "lo": Kind.STREET, "street": Kind.STREET, "road": Kind.STREET, "nga ba": Kind.STREET,
    "nga tu": Kind.STREET, "ng": Kind.STREET, "ngh": Kind.STREET, "duong so": Kind.STREET, "ds": Kind.STREET,
    "chung cu": Kind.PREMISES, "cc": Kind.PREMISES, "toa nha": Kind.PREMISES, "toa": Kind.PREMISES,
    "khu do thi": Kind.PREMISES, "kdt": Kind.PREMISES, "khu dan cu": Kind.PREMISES, "kdc": Kind.PREMISES,
    "khu cong nghiep": Kind.PREMISES, "kcn": Kind.PREMISES, "cho": Kind.PREMISES, "cau": Kind.PREMISES,
    "truong": Kind.PREMISES, "benh vien": Kind.PREMISES, "cong ty": Kind.PREMISES, "cty": Kind.PREMISES,
    "ubnd": Kind.PREMISES, "chua": Kind.PREMISES, "lo dat": Kind.PREMISES, "quan an": Kind.PREMISES,
}  # fmt: skip

# Type words that are also read when spaces break them: `ph ường`, `th ành ph ố`.
BROKEN_WORDS: Final[dict[str, Kind]] = {
    "phường": Kind.PHUONG, "thànhphố": Kind.CITY, "thịtrấn": Kind.TOWN, "thịxã": Kind.TX, "huyện": Kind.HUYEN,
    "quận": Kind.QUAN, "tỉnh": Kind.PROVINCE, "đặckhu": Kind.ZONE,
}  # fmt: skip

# The accented forms that count; a type word with other accents is part of a name (`Xà Phìn`, `Hà Tĩnh`, `Quán Triều`).
ACCENTED: Final[dict[str, frozenset[str]]] = {
    "phuong": frozenset({"phường", "phưòng", "phuờng", "phừơng"}),
    "xa": frozenset({"xã"}),
    "tran": frozenset({"trấn"}),
    "quan": frozenset({"quận", "qụân"}),
    "huyen": frozenset({"huyện"}),
    "tinh": frozenset({"tỉnh"}),
    "thon": frozenset({"thôn"}),
    "xom": frozenset({"xóm"}),
    "ap": frozenset({"ấp", "âp"}),
    "khom": frozenset({"khóm"}),
    "ban": frozenset({"bản"}),
    "buon": frozenset({"buôn"}),
    "bon": frozenset({"bon"}),
    "lang": frozenset({"làng"}),
    "soc": frozenset({"sóc"}),
    "to": frozenset({"tổ"}),
    "khoi": frozenset({"khối"}),
    "doi": frozenset({"đội"}),
    "cum": frozenset({"cụm"}),
    "duong": frozenset({"đường"}),
    "d": frozenset({"đ"}),
    "dt": frozenset({"đt"}),
    "dl": frozenset({"đl"}),
    "ds": frozenset({"đs"}),
    "pho": frozenset({"phố"}),
    "ngo": frozenset({"ngõ"}),
    "ngach": frozenset({"ngách"}),
    "hem": frozenset({"hẻm", "hẽm"}),
    "kiet": frozenset({"kiệt"}),
    "lo": frozenset({"lộ", "lô"}),
    "toa": frozenset({"tòa"}),
    "cho": frozenset({"chợ"}),
    "cau": frozenset({"cầu"}),
    "truong": frozenset({"trường"}),
    "chua": frozenset({"chùa"}),
}

# English type words may follow the name they belong to.
TRAILING: Final = frozenset({"ward", "commune", "town", "township", "district", "dist", "city", "province"})

COUNTRY: Final = frozenset({"vietnam", "vn", "vnm"})
MAX_TYPE_WORDS: Final = 3


def spelt_as_type(word: str, toned: str) -> bool:
    """Whether a token that folds to a type word also carries no accents that make it another word."""
    if toned == word:
        return True
    forms = ACCENTED.get(word)
    return forms is None or toned in forms
