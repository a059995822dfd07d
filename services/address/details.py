"""The part of an address below the commune, parsed to components in tidy form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.address import Components
from services.address.mentions import Reading
from services.address.tokens import COMMA, DASH, GLUED, Tokens
from services.address.type_words import TypeWord
from services.address.words import LOCAL_KINDS, Kind

# Type word to the label of its piece and the word written out.
_LABELS: dict[str, tuple[str, str]] = {
    "thon": ("village", "Thôn"), "xom": ("village", "Xóm"), "ap": ("village", "Ấp"), "khom": ("village", "Khóm"),
    "ban": ("village", "Bản"), "buon": ("village", "Buôn"), "bon": ("village", "Bon"), "plei": ("village", "Plei"),
    "lang": ("village", "Làng"), "soc": ("village", "Sóc"), "to dan pho": ("village", "Tổ dân phố"),
    "tdp": ("village", "Tổ dân phố"), "t d p": ("village", "Tổ dân phố"), "to dp": ("village", "Tổ dân phố"),
    "dan pho": ("village", "Tổ dân phố"), "to nhan dan": ("village", "Tổ nhân dân"), "tnd": ("village", "Tổ nhân dân"),
    "khu pho": ("village", "Khu phố"), "khupho": ("village", "Khu phố"), "kp": ("village", "Khu phố"),
    "k p": ("village", "Khu phố"), "k pho": ("village", "Khu phố"), "khu": ("village", "Khu"),
    "k": ("village", "Khu"), "khu vuc": ("village", "Khu vực"), "kv": ("village", "Khu vực"),
    "khoi": ("village", "Khối"), "khoi pho": ("village", "Khối phố"), "tieu khu": ("village", "Tiểu khu"),
    "tk": ("village", "Tiểu khu"), "to": ("group", "Tổ"), "doi": ("group", "Đội"), "cum": ("group", "Cụm"),
    "cum dan cu": ("group", "Cụm dân cư"),
    "ngo": ("alley", "Ngõ"), "ng": ("alley", "Ngõ"), "ngach": ("alley", "Ngách"), "ngh": ("alley", "Ngách"),
    "hem": ("alley", "Hẻm"), "kiet": ("alley", "Kiệt"),
    "duong": ("street", "Đường"), "d": ("street", "Đường"), "pho": ("street", "Phố"),
    "duong so": ("street", "Đường số"),
    "ds": ("street", "Đường số"), "quoc lo": ("street", "Quốc lộ"), "ql": ("street", "Quốc lộ"),
    "tinh lo": ("street", "Tỉnh lộ"), "tl": ("street", "Tỉnh lộ"), "dt": ("street", "Đường tỉnh"),
    "huong lo": ("street", "Hương lộ"), "hl": ("street", "Hương lộ"), "dai lo": ("street", "Đại lộ"),
    "dl": ("street", "Đại lộ"), "street": ("street", "Đường"), "road": ("street", "Đường"),
    "chung cu": ("building", "Chung cư"), "cc": ("building", "Chung cư"), "toa nha": ("building", "Tòa nhà"),
    "toa": ("building", "Tòa"),
}  # fmt: skip

# English words follow the name that they are for.
_ENGLISH = frozenset({"street", "road"})
_NUMBERED_ROADS = frozenset({"quoc lo", "ql", "tinh lo", "tl", "dt", "huong lo", "hl"})
_NUMBER = re.compile(
    r"(?:(?:so nha|nha so|so|sn|nha)[ .:]*)?"
    r"(?P<number>(?:[a-z]{1,3})?\d+ ?[a-z]?(?:bis|ter)?(?:[/\-.]?[a-z]*\d+[a-z]*)*(?:bis)?)(?![a-z0-9+])"
)
_UNIT = re.compile(
    r"(?:can ho|can|phong|ch|p)[ .:]*(?:so )?(?P<flat>[a-z]?\d[\w.\-]*)|(?:tang|lau)[ .]*(?P<floor>\d+\w?)"
)
_KILOMETRE = re.compile(r"\bkm[ .]*(?P<km>\d+)(?: ?\+ ?(?P<m>\d+))?")
_PLUS_CODE = re.compile(r"\b[23456789cfghjmpqrvwx]{4,8}\+[23456789cfghjmpqrvwx]{2,3}\b")
_DEGREES = re.compile(r"\d{1,3}(?:°|º|\.\d{3,})[^,a-z]*[nsew]?")
_TRIM = " .,;:-–—/()[]\"'“”"


@dataclass(frozen=True, slots=True)
class Piece:
    """Part [start, end) of the text (characters) that became a component."""

    start: int
    end: int
    label: str
    value: str


def parse_details(reading: Reading, until: int) -> list[Piece]:
    """The pieces in the tokens before `until`, in order of the text."""
    tokens = reading.tokens
    pieces: list[Piece] = []
    if until:
        lower = _lower(tokens, tokens.ends[until - 1])
        for word, start, end in _chunks(reading, until):
            _read_chunk(tokens, lower, word, start, end, pieces)
    return pieces


def components_of(pieces: Iterable[Piece]) -> Components:
    """Pieces as components; several of one kind are joined in the order of the text, a group before its village. A bare
    name right after the house number is its street."""
    values: dict[str, list[str]] = {}
    before = ""
    for piece in pieces:
        label = "street" if piece.label == "name" and before == "house_number" else piece.label
        before = label
        if piece.value not in values.setdefault(label, []):
            values[label].append(piece.value)
    village = values.get("group", []) + values.get("village", [])
    return Components(
        house_number=_first(values, "house_number"),
        alley=_joined(values, "alley"),
        street=_street(values),
        village=", ".join(village) or None,
        building=_joined(values, "building"),
        unit=_joined(values, "unit"),
    )


def _first(values: dict[str, list[str]], label: str) -> str | None:
    return values[label][0] if label in values else None


def _joined(values: dict[str, list[str]], label: str) -> str | None:
    return ", ".join(values[label]) if label in values else None


def _street(values: dict[str, list[str]]) -> str | None:
    parts = [*values.get("street", [])[:1], *values.get("kilometre", [])[:1]]
    return " ".join(parts) or None


def _chunks(reading: Reading, until: int) -> list[tuple[TypeWord | None, int, int]]:
    """Runs of tokens between commas, dashes and the words that name a local kind."""
    tokens = reading.tokens
    starts: dict[int, TypeWord | None] = {}
    for index in range(until):
        gap = tokens.gaps[index]
        if gap == COMMA or (gap == DASH and _spaced(tokens, index)):
            starts[index] = None
    previous_end = -1
    for word in reading.words:
        if word.start >= until:
            continue
        if word.kind not in LOCAL_KINDS:
            if not word.weak:
                starts[word.start] = word
            continue
        if word.start == previous_end and word.start not in starts:
            continue
        if _ends_name(tokens, word, until):
            continue
        starts[word.start] = word
        previous_end = word.end
    order = sorted(starts)
    return [(starts[s], s, e) for s, e in zip(order, [*order[1:], until], strict=True) if s < e]


def _ends_name(tokens: Tokens, word: TypeWord, until: int) -> bool:
    """Whether nothing that a type word could name follows it: it ends the name before it (`Thôn Vũ Hải Đường`)."""
    following = word.end < until and tokens.gaps[word.end] != COMMA
    if following and not (tokens.gaps[word.end] == DASH and _spaced(tokens, word.end)):
        return False
    if word.weak and word.end < until and not following:
        return True
    before = tokens.words[word.start - 1]
    named = len(before) > 1 and not before[-1].isdigit() and tokens.words[word.start] not in _ENGLISH
    return named and tokens.gaps[word.start] < DASH


def _spaced(tokens: Tokens, index: int) -> bool:
    """Whether the dash before a token separates parts, rather than joins the two ends of a number or name."""
    between = tokens.text[tokens.ends[index - 1] : tokens.starts[index]]
    if not any(dash in between for dash in "-–—"):
        return False
    return " " in between or not (tokens.words[index - 1].isdigit() and _begins_number(tokens, index))


def _begins_number(tokens: Tokens, index: int) -> bool:
    """Whether a number starts at a token, perhaps with a letter before it (`H64-H65`)."""
    if tokens.words[index].isdigit():
        return True
    following = tokens.words[index + 1 : index + 2]
    return (
        len(tokens.words[index]) == 1 and bool(following) and following[0].isdigit() and tokens.gaps[index + 1] == GLUED
    )


def _read_chunk(tokens: Tokens, lower: str, word: TypeWord | None, start: int, end: int, pieces: list[Piece]) -> None:
    if (word is not None and word.kind not in LOCAL_KINDS) or _in_brackets(tokens, start):
        return
    unnamed = word is not None and word.kind is Kind.PREMISES
    if word is None or (unnamed and " ".join(tokens.words[word.start : word.end]) not in _LABELS):
        _read_plain(tokens, lower, start, end, pieces)
        return
    label, written = _LABELS.get(" ".join(tokens.words[word.start : word.end]), ("", ""))
    begin, stop = tokens.starts[word.start], tokens.ends[end - 1]
    if not label or word.end >= end:
        return
    rest_start = tokens.starts[word.end]
    if label == "alley" and tokens.words[word.end][0].isdigit():
        number_end = _number_end(tokens, word.end, end)
        pieces.append(
            Piece(begin, tokens.ends[number_end - 1], label, f"{written} {_slice(tokens, word.end, number_end)}")
        )
        if number_end < end:
            _read_plain(tokens, lower, number_end, end, pieces, street=True)
        return
    if label in ("village", "group") and tokens.words[word.end].isdigit():
        number_end = _number_end(tokens, word.end, end)
        number = _slice(tokens, word.end, number_end).lstrip("0") or "0"
        pieces.append(Piece(begin, tokens.ends[number_end - 1], label, f"{written} {number}"))
        return
    kilometre = _KILOMETRE.search(lower, rest_start, stop)
    if kilometre is not None:
        pieces.append(_kilometre_piece(kilometre))
        stop = kilometre.start()
    name = tokens.text[rest_start:stop].strip(_TRIM)
    if name:
        glued = " ".join(tokens.words[word.start : word.end]) in _NUMBERED_ROADS and name[0].isdigit()
        pieces.append(Piece(begin, stop, label, f"{written} {name.split(' ')[0] if glued else name}"))


def _in_brackets(tokens: Tokens, start: int) -> bool:
    """Whether a chunk is a remark in brackets."""
    before = tokens.text[: tokens.starts[start]]
    return before.rfind("(") > before.rfind(")")


def _read_plain(tokens: Tokens, lower: str, start: int, end: int, pieces: list[Piece], street: bool = False) -> None:
    """A chunk without a word for its kind: a flat, a house number with or without a street, or a name alone."""
    begin, stop = tokens.starts[start], tokens.ends[end - 1]
    if _PLUS_CODE.search(lower, begin, stop) or _DEGREES.match(lower, begin, stop):
        return
    kilometre = _KILOMETRE.search(lower, begin, stop)
    if kilometre is not None:
        pieces.append(_kilometre_piece(kilometre))
        return
    unit = _UNIT.match(lower, begin, stop)
    if unit is not None and unit.end() == stop:
        value = f"Tầng {unit['floor'].upper()}" if unit["floor"] else unit["flat"].upper()
        pieces.append(Piece(begin, stop, "unit", value))
        return
    number = None if street else _NUMBER.match(lower, begin, stop)
    if number is not None and not _postal_or_phone(number["number"]):
        number_stop = number.end("number")
        value = tokens.text[number.start("number") : number_stop].strip(_TRIM)
        pieces.append(Piece(begin, number_stop, "house_number", value.upper().replace(" ", "")))
        _add_name(tokens, number_stop, stop, "street", pieces)
    else:
        _add_name(tokens, begin, stop, "street" if street else "name", pieces)


def _add_name(tokens: Tokens, start: int, stop: int, label: str, pieces: list[Piece]) -> None:
    name = tokens.text[start:stop].strip(_TRIM)
    if name and not name[0].isdigit():
        pieces.append(Piece(start, stop, label, name))


def _lower(tokens: Tokens, stop: int) -> str:
    """The text up to `stop` with letters folded and all other marks kept, character by character."""
    return "".join(
        mark if letter == " " else letter
        for letter, mark in zip(tokens.letters[:stop].lower(), tokens.text[:stop], strict=True)
    )


def _postal_or_phone(number: str) -> bool:
    digits = number.replace(" ", "").replace(".", "")
    return digits.isdigit() and len(digits) >= 5


def _number_end(tokens: Tokens, start: int, end: int) -> int:
    """Where a number with its letter or slashes (`12A`, `43/3`) ends."""
    index = start + 1
    while index < end and (
        (tokens.gaps[index] == GLUED and len(tokens.words[index]) <= 2)
        or (tokens.gaps[index] == DASH and tokens.words[index][0].isdigit() and not _spaced(tokens, index))
    ):
        index += 1
    return index


def _slice(tokens: Tokens, start: int, end: int) -> str:
    return tokens.text[tokens.starts[start] : tokens.ends[end - 1]]


def _kilometre_piece(match: re.Match[str]) -> Piece:
    metres = f"+{match['m']}" if match["m"] else ""
    return Piece(match.start(), match.end(), "kilometre", f"km {match['km']}{metres}")
