"""The words that name a part of an address below the commune: where they stand, and what they make of what follows.

The type words of `words` are found already; here are the ways to write them out, and further words that never stand
before a commune and so do not concern the matching.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from services.address.mentions import Reading
from services.address.tokens import COMMA, DASH, DOT, GLUED, Tokens
from services.address.words import LOCAL_KINDS, spelt_as_type


class Role(Enum):
    """What a word makes of what follows it; the pieces' labels are in `pieces`."""

    VILLAGE = auto()
    GROUP = auto()
    ALLEY = auto()
    STREET = auto()
    ROAD = auto()  # A street whose name is its number.
    BUILDING = auto()
    BLOCK = auto()  # Part of a building or estate, by letter or number.
    UNIT = auto()
    FLOOR = auto()
    KILOMETRE = auto()
    LANDMARK = auto()
    REMARK = auto()
    NOISE = auto()


class LocalWord:
    """A word at tokens [start, end); `written` is how it is written out."""

    def __init__(self, start: int, end: int, role: Role, written: str) -> None:
        self.start: Final = start
        self.end: Final = end
        self.role: Final = role
        self.written: Final = written


def _table(role: Role, words: str) -> dict[str, tuple[Role, str]]:
    """`word other: Written; ...` to entries."""
    entries = {}
    for entry in words.split(";"):
        keys, _, written = entry.partition(":")
        for key in keys.split(","):
            entries[key.strip()] = (role, written.strip())
    return entries


# The type words, by how they are written out.
_TYPED: Final[dict[str, tuple[Role, str]]] = {
    **_table(
        Role.VILLAGE,
        "thon: Thôn; xom: Xóm; ap: Ấp; khom: Khóm; ban: Bản; buon: Buôn; bon: Bon; plei: Plei; lang: Làng; soc: Sóc;"
        "to dan pho, tdp, t d p, to dp, dan pho: Tổ dân phố; to nhan dan, tnd: Tổ nhân dân;"
        "khu pho, khupho, kp, k p, k pho: Khu phố; khu, k: Khu; khu vuc, kv: Khu vực; khoi: Khối; khoi pho: Khối phố;"
        "tieu khu, tk: Tiểu khu",
    ),
    **_table(Role.GROUP, "to: Tổ; doi: Đội; cum: Cụm; cum dan cu: Cụm dân cư"),
    **_table(Role.ALLEY, "ngo, ng: Ngõ; ngach, ngh: Ngách; hem: Hẻm; kiet: Kiệt"),
    **_table(
        Role.STREET, "duong, d, street, road: Đường; pho: Phố; duong so, ds: Đường số; dai lo, dl: Đại lộ; lo: Lộ"
    ),
    **_table(Role.ROAD, "quoc lo, ql: Quốc lộ; tinh lo, tl: Tỉnh lộ; dt: Đường tỉnh; huong lo, hl: Hương lộ"),
    **_table(
        Role.BUILDING,
        "chung cu, cc: Chung cư; toa nha: Tòa nhà; toa: Tòa; khu do thi, kdt: Khu đô thị;"
        "khu dan cu, kdc: Khu dân cư; khu cong nghiep, kcn: Khu công nghiệp",
    ),
    **_table(Role.BLOCK, "lo dat: Lô đất"),
    **_table(
        Role.LANDMARK, "nga ba, nga tu, cho, cau, benh vien, cong ty, cty, ubnd, chua, quan an:"
    ),
}  # fmt: skip

_MORE: Final[dict[str, tuple[Role, str]]] = {
    **_table(
        Role.VILLAGE,
        "to nhan dan tu quan, to ndtq: Tổ nhân dân tự quản; to tu quan: Tổ tự quản; to nd: Tổ nhân dân;"
        "khu hanh chinh: Khu hành chính; phum: Phum; hamlet: Ấp; quarter: Khu phố",
    ),
    **_table(Role.GROUP, "lien gia: Liên gia; group: Tổ"),
    **_table(Role.ALLEY, "alley: Hẻm; lane: Ngõ"),
    **_table(Role.STREET, "lien ap: Đường liên ấp; lien thon: Đường liên thôn; lien xa: Đường liên xã"),
    **_table(
        Role.ROAD,
        "dh, duong huyen: Đường huyện; dx: Đường xã; duong tinh, provincial road: Đường tỉnh;"
        "lien tinh lo: Liên tỉnh lộ; national road, national highway, highway: Quốc lộ",
    ),
    **_table(
        Role.BUILDING,
        "cum cong nghiep, ccn: Cụm công nghiệp; khu che xuat, kcx: Khu chế xuất; khu tap the, ktt: Khu tập thể;"
        "khu nha o: Khu nhà ở; cao oc: Cao ốc",
    ),
    **_table(Role.BLOCK, "block: Block; thap: Tháp; lo: Lô; day: Dãy; sanh: Sảnh; kiot, ki ot: Ki-ốt; o: Ô"),
    **_table(Role.UNIT, "can ho, can, phong, ch, room, flat, apartment, apt:"),
    **_table(Role.FLOOR, "tang, lau, floor: Tầng"),
    **_table(Role.KILOMETRE, "km, cay so: km"),
    **_table(
        Role.LANDMARK,
        "uy ban, truong hoc, truong tieu hoc, truong mam non, truong mau giao, truong thcs, truong thpt, truong th,"
        "truong dai hoc, truong cao dang, truong trung hoc, nha van hoa, nha tho, nha tro, nha nghi, nha hang,"
        "nha thuoc, nha may, san bay, tram y te, buu dien, ngan hang, sieu thi, cay xang, khach san, cua hang,"
        "quay thuoc, tap hoa, ben xe, hop tac xa, htx, van phong, trung tam, phong kham, hoi truong, shop, spa,"
        "karaoke, garage, nga 3, nga 4:",
    ),
    **_table(
        Role.REMARK,
        "doi dien, gan, canh, ben canh, ke, ke ben, phia sau, sau lung, sat, cach, ngay, dau hem, cuoi hem,"
        "dau ngo, cuoi ngo, re vao:",
    ),
    **_table(
        Role.NOISE,
        "mst, ma so thue, cccd, cmnd, stk, tel, fax, email, sdt, hotline, zalo, zip, zipcode, postcode, postal code,"
        "ma buu chinh, ma buu dien, ma buu cuc, phone, mobile:",
    ),
}  # fmt: skip
# The further words by the first of their words, the longest first, with their number of words.
_BY_FIRST: Final[dict[str, list[tuple[int, str]]]] = {}
for _key in sorted(_MORE, key=len, reverse=True):
    _BY_FIRST.setdefault(_key.split(" ")[0], []).append((_key.count(" ") + 1, _key))

# Further words with their accents; the ones that are not here are accepted as they are folded.
_SPELT: Final[dict[str, frozenset[str]]] = {
    word: frozenset(forms.split())
    for word, forms in {
        "phum": "phum", "lo": "lô", "day": "dãy", "thap": "tháp", "sanh": "sảnh", "o": "ô", "can": "căn",
        "phong": "phòng", "tang": "tầng", "lau": "lầu", "gan": "gần", "canh": "cạnh", "ke": "kế", "sat": "sát",
        "cach": "cách", "ngay": "ngay", "dh": "đh", "dx": "đx", "tap": "tạp tập", "doi": "đối", "quan": "quản",
    }.items()
}  # fmt: skip
# Words that without their accents are as often something else (`Gan`, `Phong`): then only the start of a part will do,
# and what a remark is cannot be told at all.
_AMBIGUOUS: Final = frozenset(
    {"lo", "day", "thap", "sanh", "o", "can", "phong", "tang", "lau", "gan", "canh", "ke", "sat", "cach", "ngay"}
)
_REVOLUTION: Final = ["cach", "mang"]
_NEED_CODE: Final = frozenset({Role.BLOCK, Role.UNIT, Role.FLOOR, Role.ROAD, Role.KILOMETRE})
_NEED_NUMBER: Final = frozenset({"hamlet", "quarter", "group", "alley", "lane"})
# English words that follow the name that they are for.
ENGLISH_STREETS: Final = frozenset({"street", "road"})
# As often part of a street's name (`Ngô Quyền`, `Tô Hiệu`, `Láng Hạ`): without accents they need a number.
_ALSO_NAMES: Final = frozenset({"ngo", "to", "lang"})


def find_local_words(reading: Reading, until: int) -> list[LocalWord]:
    """The words before token `until` that name a local part, in order, none within another."""
    tokens = reading.tokens
    typed = {word.start: word for word in reading.words if word.kind in LOCAL_KINDS}
    found: list[LocalWord] = []
    index = 0
    while index < until:
        word = None
        known = typed.get(index)
        if tokens.words[index] in _BY_FIRST:
            word = _longer(tokens, index, 0 if known is None else known.end, until)
        if word is None and known is not None:
            word = _typed_word(tokens, known.start, known.end, until)
        if word is None:
            index += 1
            continue
        found.append(word)
        index = word.end
    return found


def _typed_word(tokens: Tokens, start: int, end: int, until: int) -> LocalWord | None:
    key = " ".join(tokens.words[start:end])
    entry = _TYPED.get(key)
    if entry is None or _in_number(tokens, start) or _torn(tokens, start, end, until):
        return None
    if key == "lo" and tokens.toned[start] != "lộ":
        return None
    if key == "k" and _is_parted_number(tokens, end):
        return None
    if key in _ALSO_NAMES and tokens.toned[start] == key and end < until and not tokens.words[end][0].isdigit():
        return None
    if entry[0] is Role.LANDMARK and not _begins_part(tokens, start):
        return None
    return LocalWord(start, end, *entry)


def _torn(tokens: Tokens, start: int, end: int, until: int) -> bool:
    """Whether a word was only split from the rest of a longer one: `Lotus`, `ĐInh` for Đinh."""
    if end >= until or tokens.gaps[end] != GLUED or tokens.words[end][0].isdigit():
        return False
    plain = tokens.toned[start] == tokens.words[start]
    return tokens.ends[end - 1] - tokens.starts[start] == 1 or (plain and tokens.text[tokens.starts[end]].islower())


def _is_parted_number(tokens: Tokens, index: int) -> bool:
    """Whether a slash parts the number at a token: `K82/15` is house 15 in the alley (kiệt) 82, `K5` is khu 5."""
    end = index + 1
    while end < len(tokens) and tokens.gaps[end] == GLUED:
        end += 1
    return end < len(tokens) and tokens.text[tokens.ends[end - 1] : tokens.starts[end]] == "/"


def _longer(tokens: Tokens, start: int, typed_end: int, until: int) -> LocalWord | None:
    """A further word at `start`, longer than a type word there or in its place."""
    for length, key in _BY_FIRST[tokens.words[start]]:
        end = start + length
        if end > until or (end <= typed_end and key != "lo"):
            continue
        if length > 1 and (" ".join(tokens.words[start:end]) != key or max(tokens.gaps[start + 1 : end]) >= COMMA):
            continue
        role, written = _MORE[key]
        if _spelt(tokens, start, end) and _in_place(tokens, start, end, until, key, role):
            return LocalWord(start, end, role, written)
    return None


def _spelt(tokens: Tokens, start: int, end: int) -> bool:
    for word, toned in zip(tokens.words[start:end], tokens.toned[start:end], strict=True):
        forms = _SPELT.get(word)
        if toned != word and not (toned in forms if forms is not None else spelt_as_type(word, toned)):
            return False
    return True


def _in_place(tokens: Tokens, start: int, end: int, until: int, key: str, role: Role) -> bool:
    plain = all(toned == word for word, toned in zip(tokens.words[start:end], tokens.toned[start:end], strict=True))
    if key in _AMBIGUOUS and plain and not _unaccented(tokens, start, key, role):
        return False
    if _in_number(tokens, start):
        return False
    follows = end < until and tokens.gaps[end] < COMMA
    if role in (Role.REMARK, Role.NOISE):
        # `Phan Kế Bính`, `Cách Mạng Tháng 8` are streets.
        return follows and (key != "ke" or _begins_part(tokens, start)) and tokens.words[start : end + 1] != _REVOLUTION
    if role is Role.LANDMARK:
        return _begins_part(tokens, start)
    if role in _NEED_CODE or key in _NEED_NUMBER:
        return follows and is_code(tokens, end, number=role in (Role.ROAD, Role.KILOMETRE) or key in _NEED_NUMBER)
    return follows


def _unaccented(tokens: Tokens, start: int, key: str, role: Role) -> bool:
    """Whether an ambiguous word without accents may stand for the one with them."""
    if key == "ngay":
        return not tokens.text.isascii()
    return role is not Role.REMARK and tokens.text.isascii() and _begins_part(tokens, start)


def _begins_part(tokens: Tokens, index: int) -> bool:
    return index == 0 or tokens.gaps[index] >= DASH


def _in_number(tokens: Tokens, start: int) -> bool:
    """Whether a word is the letter of a number parted by a slash: `35/K2/8`."""
    if start == 0 or len(tokens.words[start]) > 1 or tokens.gaps[start] != DASH:
        return False
    return tokens.text[tokens.ends[start - 1] : tokens.starts[start]] == "/" and tokens.words[start - 1][0].isdigit()


def is_code(tokens: Tokens, index: int, *, number: bool = False) -> bool:
    """Whether a number begins at a token, or (unless it must be a number) a letter or two that say which of several."""
    word = tokens.words[index]
    if word in ("so", "no") and index + 1 < len(tokens) and tokens.gaps[index + 1] < COMMA:
        return is_code(tokens, index + 1, number=number) if tokens.words[index + 1] not in ("so", "no") else False
    if word[0].isdigit():
        return True
    if number:
        return False
    following = index + 1 < len(tokens) and tokens.gaps[index + 1] <= DOT and tokens.words[index + 1][0].isdigit()
    return (len(word) <= 3 and following) or (len(word) == 1 and tokens.toned[index] == word)
