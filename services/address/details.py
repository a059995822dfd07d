"""The part of an address below the commune, parsed to pieces: each part is read by the word it begins with."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import Final

from services.address.house_numbers import (
    CODE,
    DOUBLED,
    ENGLISH_END,
    KILOMETRE,
    NAMED_NUMBER,
    NUMBER,
    ROAD_NUMBER,
    ROOM,
    STREET_NUMBER,
    VILLAGE_NUMBER,
    aside,
    is_noise,
)
from services.address.local_words import ENGLISH_STREETS, LocalWord, Role
from services.address.mentions import Reading
from services.address.parts import SETTLEMENTS, Part, parts
from services.address.pieces import SURNAMES, Piece
from services.address.redact import MARK
from services.address.tokens import Tokens, lowered

_TRIM: Final = " .,;:-–—/()[]\"'“”" + MARK
_LABELS: Final = {
    Role.VILLAGE: "village", Role.GROUP: "group", Role.ALLEY: "alley", Role.STREET: "street", Role.ROAD: "street",
    Role.BUILDING: "building", Role.BLOCK: "building", Role.UNIT: "unit", Role.FLOOR: "unit",
    Role.KILOMETRE: "kilometre", Role.LANDMARK: "landmark", Role.REMARK: "remark", Role.NOISE: "noise",
}  # fmt: skip
# They make a name without a word for its kind a building's.
_BUILDING_NOUNS: Final = frozenset(
    {"tower", "towers", "building", "residence", "residences", "plaza", "apartment", "apartments", "garden", "gardens",
     "vinhomes", "city", "vista", "riverside", "heights", "mansion", "condominium", "villas", "park"}
)  # fmt: skip
_ABBREVIATED: Final = {"P.": "Phố", "Đ.": "Đường"}
# They lead on to an alley or street, or say nothing of the place.
_FILLERS: Final = frozenset({"trong", "ở", "tại", "đầu", "cuối", "vào", "việt nam", "viet nam", "vietnam", "vn"})


def parse_details(
    reading: Reading,
    until: int,
    names: frozenset[str] = frozenset(),
    first: int = 0,
    taken: frozenset[int] = frozenset(),
) -> list[Piece]:
    """The pieces in the tokens [first, until), in order of the text. `names` are the keys of the names of commune and
    wider places, as far as they are known; tokens `taken` name them."""
    if not until:
        return []
    tokens = reading.tokens
    lower = lowered(tokens.text[: tokens.ends[until - 1]])
    pieces: list[Piece] = []
    hidden: list[tuple[int, int]] = []
    for start, end, label in sorted(aside(lower, len(lower))):
        if (not hidden or start >= hidden[-1][1]) and start >= tokens.starts[first]:
            hidden.append((start, end))
            pieces.append(
                Piece(start, end, label, tokens.text[start:end].strip(_TRIM).upper() if label == "plus_code" else "")
            )
    parser = _Parser(reading, names, lower, pieces)
    for part in parts(reading, until, _masked(tokens, until, first, hidden, taken)):
        parser.read(part)
    if hidden:
        pieces.sort(key=lambda piece: piece.start)
    return pieces


def _masked(tokens: Tokens, until: int, first: int, hidden: list[tuple[int, int]], taken: frozenset[int]) -> list[bool]:
    """Which tokens are hidden, taken, or before the first one; empty if none are."""
    if not hidden and not taken and not first:
        return []
    masked = [index < first or index in taken for index in range(until)]
    at = 0
    for index in range(first, until):
        while at < len(hidden) and hidden[at][1] <= tokens.starts[index]:
            at += 1
        if at < len(hidden) and hidden[at][0] <= tokens.starts[index]:
            masked[index] = True
    return masked


class _Parser:
    """Reads the parts of one text, and collects their pieces."""

    def __init__(self, reading: Reading, names: frozenset[str], lower: str, pieces: list[Piece]) -> None:
        self._reading = reading
        self._names = names
        self._tokens = reading.tokens
        self._text = reading.tokens.text
        self._lower = lower
        self._pieces = pieces

    def read(self, part: Part) -> None:
        """Add the pieces of a part."""
        begin, stop = self._tokens.starts[part.start], self._tokens.ends[part.end - 1]
        word = part.word
        if word is None:
            self._read_plain(begin, stop)
        elif word.end >= part.end:
            self._name_street(part)
        else:
            self._read_worded(word, begin, self._tokens.starts[word.end], stop)

    def _read_worded(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        role = word.role
        if role in (Role.LANDMARK, Role.REMARK, Role.NOISE):
            self._add(begin, stop, _LABELS[role], "" if role is Role.NOISE else self._text[begin:stop].strip(_TRIM))
        elif role in SETTLEMENTS:
            self._read_settlement(word, begin, rest, stop)
        elif role is Role.ALLEY:
            self._read_alley(word, begin, rest, stop)
        elif role is Role.KILOMETRE:
            self._read_kilometre(begin, stop)
        elif role in (Role.UNIT, Role.FLOOR, Role.BLOCK):
            self._read_code(word, begin, rest, stop)
        elif role is Role.BUILDING:
            self._read_building(word, begin, rest, stop)
        else:
            self._read_street(word, begin, rest, stop)

    def _read_settlement(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        number = VILLAGE_NUMBER.match(self._lower, rest, stop)
        if number is None:
            self._named(word, begin, rest, stop)
            return
        self._add(begin, number.end(), _LABELS[word.role], f"{word.written} {number['number'].upper()}")
        self._read_plain(number.end(), stop)

    def _read_alley(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        number = NUMBER.match(self._lower, rest, stop)
        if number is None:
            self._named(word, begin, rest, stop)
            return
        self._add(begin, number.end(), "alley", f"{word.written} {self._written_number(number)}")
        if NUMBER.match(self._lower, number.end() + 1, stop) or not self._add_name(number.end(), stop, "street"):
            self._read_plain(number.end(), stop)

    def _read_kilometre(self, begin: int, stop: int) -> None:
        mark = KILOMETRE.match(self._lower, begin, stop)
        if mark is not None:
            metres = f"+{mark['m']}" if mark["m"] else ""
            self._add(begin, mark.end(), "kilometre", f"km {mark['km']}{metres}")
            self._read_plain(mark.end(), stop)

    def _read_code(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        code = CODE.match(self._lower, rest, stop)
        if code is None:
            self._named(word, begin, rest, stop)
            return
        written = self._text[code.start("code") : code.end("code")]
        value = written.upper() if word.role is not Role.BLOCK else written
        self._add(begin, code.end(), _LABELS[word.role], f"{word.written} {value}".strip())
        self._read_plain(self._after_flat(code.end(), stop) if word.role is not Role.BLOCK else code.end(), stop)

    def _after_flat(self, begin: int, stop: int) -> int:
        """Where reading goes on after a flat; a letter and number right after it is its block: `Phòng 304 B7`."""
        block = CODE.match(self._lower, begin + 1, stop)
        if block is None or block.end() < stop or not self._lower[block.start()].isalpha():
            return begin
        self._add(block.start(), stop, "building", self._text[block.start() : stop])
        return stop

    def _read_building(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        """A building's name, up to a house number before a street that is named after a person."""
        number = STREET_NUMBER.search(self._lower, rest, stop)
        if number is not None and self._person_at(number.end()):
            self._named(word, begin, rest, number.start())
            self._read_plain(number.start(), stop)
        else:
            self._named(word, begin, rest, stop)

    def _read_street(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        if self._lower[begin:rest] == "d" and self._text[begin] in "dD":
            rest = begin  # `D7` is its name.
        if word.role is Role.ROAD:
            road = ROAD_NUMBER.match(self._lower, rest, stop)
            if road is not None:
                value = road["number"].replace(" ", "").upper()
                self._add(begin, road.end(), "street", f"{word.written} {value}")
                self._read_plain(road.end(), stop)
                return
        number = NAMED_NUMBER.search(self._lower, rest, stop)
        if number is not None and number.start() > rest and (not number["only"] or self._person_at(rest)):
            self._named(word, begin, rest, number.start())
            self._read_plain(number.start(), stop)
        else:
            self._named(word, begin, rest, stop)

    def _name_street(self, part: Part) -> None:
        """`Le Loi Street`: the word at the end of a name says what it is."""
        if self._tokens.words[part.start] in ENGLISH_STREETS and self._pieces and part.start:
            last = self._pieces[-1]
            if last.label in ("name", "street") and last.end == self._tokens.ends[part.start - 1]:
                self._pieces[-1] = Piece(last.start, self._tokens.ends[part.start], "street", last.value)

    def _read_plain(self, begin: int, stop: int) -> None:
        """A part without a word for its kind: a room, a house number with or without a street, or a name alone."""
        begin = self._skip_marks(begin, stop)
        room = ROOM.match(self._lower, begin, stop)
        if room is not None:
            self._add(begin, room.end(), "unit", room["room"].upper())
            begin = self._skip_marks(self._after_flat(room.end(), stop), stop)
        if begin >= stop:
            return
        if is_noise(self._lower, begin, stop):
            self._add(begin, stop, "noise", "")
            return
        number = NUMBER.match(self._lower, begin, stop)
        if number is None:
            number = NAMED_NUMBER.search(self._lower, begin, stop)
            if number is None or number["only"] or number.start() == begin:
                self._add_bare_name(begin, stop)
            else:
                self._add_bare_name(begin, number.start())
                self._read_plain(number.start(), stop)
            return
        self._add(begin, number.end(), "house_number", self._written_number(number))
        self._add_name(number.end(), stop, "street")

    def _written_number(self, number: re.Match[str]) -> str:
        """A number in capitals without spaces; its letters keep their accents."""
        value = self._text[number.start("number") : number.end("number")]
        return unicodedata.normalize("NFKC", value).upper().replace(" ", "")

    def _person_at(self, start: int) -> bool:
        """Whether a person's name begins at a character."""
        word = self._text[start : start + 12].lower().split(" ", 1)[0]
        return word in SURNAMES

    def _named(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        if word.role is Role.STREET:
            stop = self._street_stop(rest, stop)
        name = self._text[rest:stop].strip(_TRIM)
        if name:
            self._add(begin, stop, _LABELS[word.role], f"{word.written} {name}")

    def _add_bare_name(self, begin: int, stop: int) -> None:
        nouns = not _BUILDING_NOUNS.isdisjoint(self._lower[begin:stop].split(" "))
        self._add_name(begin, stop, "building" if nouns else "name")

    def _add_name(self, start: int, stop: int, label: str) -> bool:
        start = self._skip_marks(start, stop)
        if label == "street":
            stop = self._street_stop(start, stop)
        name = self._text[start:stop].strip(_TRIM)
        if not name or name[0].isdigit() or name.lower() in _FILLERS:
            return False
        if label == "street" and (written := _ABBREVIATED.get(name[:2].upper())):
            name = f"{written} {name[2:].lstrip()}"
        self._add(start, stop, label, name)
        return True

    def _skip_marks(self, begin: int, stop: int) -> int:
        while begin < stop and self._text[begin] in _TRIM:
            begin += 1
        return begin

    def _street_stop(self, start: int, stop: int) -> int:
        """Where a street's name ends: before the same again, and before names that the administrative part repeats,
        if two words are left (`Phạm Văn Đồng Hà Đông, Hà Đông, Hà Nội`)."""
        abbreviated = ENGLISH_END.search(self._lower, max(start, stop - 5), stop)
        if abbreviated is not None:
            stop = abbreviated.start()
        doubled = DOUBLED.fullmatch(self._lower, start, stop)
        if doubled is not None:
            return doubled.end("name")
        if " " not in self._text[start:stop].strip(_TRIM):
            return stop
        end = stop
        while end in self._repeated:
            end = self._repeated[end]
            while end > start and self._text[end - 1] in _TRIM:
                end -= 1
        return end if " " in self._text[start:end] else stop

    @cached_property
    def _repeated(self) -> dict[int, int]:
        """Where the names of the wider places end, to where they start (characters)."""
        starts: dict[int, int] = {}
        for mention in self._reading.mentions if self._names else ():
            if mention.name.key in self._names:
                end, start = self._tokens.ends[mention.end - 1], self._tokens.starts[mention.outer_start]
                starts[end] = min(start, starts.get(end, start))
        return starts

    def _add(self, start: int, stop: int, label: str, value: str) -> None:
        self._pieces.append(Piece(start, stop, label, value))
