"""The part of an address below the commune, parsed to pieces.

The text before the administrative part is cut into parts, at commas, spaced dashes, sentence ends, and wherever a word
names a local kind of place; each part is then read by the word that it begins with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.address.house_numbers import (
    CODE,
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
from services.address.local_words import LocalWord, Role, find_local_words
from services.address.mentions import Reading
from services.address.pieces import SURNAMES, Piece
from services.address.redact import MARK
from services.address.tokens import COMMA, DASH, DOT, GLUED, Tokens
from services.address.words import LOCAL_KINDS, TRAILING, Kind

_TRIM = " .,;:-–—/()[]\"'“”" + MARK
_LABELS = {
    Role.VILLAGE: "village", Role.GROUP: "group", Role.ALLEY: "alley", Role.STREET: "street", Role.ROAD: "street",
    Role.BUILDING: "building", Role.BLOCK: "building", Role.UNIT: "unit", Role.FLOOR: "unit",
    Role.KILOMETRE: "kilometre", Role.LANDMARK: "landmark", Role.REMARK: "remark", Role.NOISE: "noise",
}  # fmt: skip
_TO_THE_COMMA = frozenset({Role.REMARK, Role.NOISE})
_SETTLEMENTS = frozenset({Role.VILLAGE, Role.GROUP})
_STREETS = frozenset({Role.STREET, Role.ROAD})
_GENERIC = frozenset({"duong", "d"})
_NUMBER_WORDS = frozenset({"so", "nha", "sn", "no"})
# English words that follow the name that they are for.
_ENGLISH_STREETS = frozenset({"street", "road"})
# They make a name without a word for its kind a building's.
_BUILDING_NOUNS = frozenset(
    {"tower", "towers", "building", "residence", "residences", "plaza", "apartment", "apartments", "garden", "gardens",
     "vinhomes", "riverside", "heights", "mansion", "condominium", "villas", "park"}
)  # fmt: skip
_SENTENCE_WORD = 3


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens [start, end) that belong together, with the word they begin with."""

    start: int
    end: int
    word: LocalWord | None


def parse_details(reading: Reading, until: int) -> list[Piece]:
    """The pieces in the tokens before `until`, in order of the text."""
    if not until:
        return []
    tokens = reading.tokens
    lower = _lower(tokens, tokens.ends[until - 1])
    pieces: list[Piece] = []
    hidden: list[tuple[int, int]] = []
    for start, end, label in sorted(aside(lower, len(lower))):
        if not hidden or start >= hidden[-1][1]:
            hidden.append((start, end))
            pieces.append(
                Piece(start, end, label, tokens.text[start:end].strip(_TRIM).upper() if label == "plus_code" else "")
            )
    parser = _Parser(tokens, lower, pieces)
    for part in _parts(reading, until, hidden):
        parser.read(part)
    if hidden:
        pieces.sort(key=lambda piece: piece.start)
    return pieces


def _lower(tokens: Tokens, stop: int) -> str:
    """The text up to `stop` with letters folded and all other marks kept, character by character."""
    return "".join(
        mark if letter == " " else letter
        for letter, mark in zip(tokens.letters[:stop].lower(), tokens.text[:stop], strict=True)
    )


def _parts(reading: Reading, until: int, hidden: list[tuple[int, int]]) -> Iterator[_Part]:
    """The parts of the text that a component may come of: none hidden, none that names a commune or wider place."""
    tokens = reading.tokens
    words = find_local_words(reading, until)
    starts: dict[int, LocalWord | None] = dict.fromkeys(_breaks(tokens, until, {word.end for word in words}))
    wider = _wider_places(reading, until, starts, any(word.role is Role.BUILDING for word in words))
    starts.update(dict.fromkeys(wider))
    _add_words(tokens, until, words, starts)
    masked = _masked(tokens, until, hidden)
    for index in range(1, until):
        if masked and masked[index] != masked[index - 1]:
            starts.setdefault(index, None)
    order = sorted(starts)
    before: LocalWord | None = None
    held: _Part | None = None
    for start, end in zip(order, [*order[1:], until], strict=True):
        word = starts[start]
        if start in wider or (masked and masked[start]):
            # `Chung cư Akari City`: the name of a building goes on.
            if (
                held is not None
                and before is not None
                and before.role is Role.BUILDING
                and start in wider
                and (tokens.words[start] in TRAILING and tokens.gaps[start] < DASH)
            ):
                held = _Part(held.start, end, held.word)
            continue
        if held is not None:
            yield held
        held, before = _Part(start, end, word), word
    if held is not None:
        yield held


def _breaks(tokens: Tokens, until: int, after_words: set[int]) -> Iterator[int]:
    """Where a new part begins whatever its words: after a comma, a spaced dash, the end of a sentence."""
    marked = MARK in tokens.text
    for index in range(until):
        gap = tokens.gaps[index]
        if gap == COMMA or (gap == DASH and _spaced(tokens, index)):
            yield index
        elif gap == DOT and index not in after_words:
            before = tokens.words[index - 1]
            if len(before) >= _SENTENCE_WORD and before.isalpha():
                yield index
        elif marked and index and MARK in tokens.text[tokens.ends[index - 1] : tokens.starts[index]]:
            yield index


def _spaced(tokens: Tokens, index: int) -> bool:
    """Whether the dash before a token separates parts, rather than joins the two ends of a number or name."""
    between = tokens.text[tokens.ends[index - 1] : tokens.starts[index]]
    if not any(dash in between for dash in "-–—"):
        return False
    numbers = tokens.words[index - 1].isdigit() and _begins_number(tokens, index)
    if " " not in between:
        return not numbers
    alone = index == 1 or tokens.gaps[index - 1] >= DASH or tokens.words[index - 2] in _NUMBER_WORDS
    return not (numbers and alone)


def _begins_number(tokens: Tokens, index: int) -> bool:
    """Whether a number starts at a token, perhaps with a letter before it (`H64-H65`)."""
    if tokens.words[index].isdigit():
        return True
    following = tokens.words[index + 1 : index + 2]
    return (
        len(tokens.words[index]) == 1 and bool(following) and following[0].isdigit() and tokens.gaps[index + 1] == GLUED
    )


def _wider_places(reading: Reading, until: int, starts: dict[int, LocalWord | None], has_building: bool) -> set[int]:
    """Where a commune or wider place is named; by an abbreviation that may be another only at the start of a part, and
    `P.` not where it says a room."""
    found = {
        word.start for word in reading.words if word.start < until and word.kind not in LOCAL_KINDS and not word.weak
    }
    weak = [word for word in reading.words if word.weak and word.kind not in LOCAL_KINDS and word.start in starts]
    if weak:
        named = {mention.word.start for mention in reading.mentions if mention.word is not None}
        found.update(
            word.start for word in weak if word.start in named and not (word.kind is Kind.PHUONG and has_building)
        )
    return found


def _add_words(tokens: Tokens, until: int, words: list[LocalWord], starts: dict[int, LocalWord | None]) -> None:
    """Add the local words at which a part begins."""
    previous: LocalWord | None = None
    for word in words:
        if previous is not None and previous.role in _TO_THE_COMMA and not _comma_between(tokens, previous, word):
            if word.role not in _SETTLEMENTS or previous.role is Role.NOISE:
                continue
        elif previous is not None and word.start == previous.end and word.start not in starts:
            if word.role not in _STREETS or tokens.words[previous.start] not in _GENERIC:
                continue
            # `Đường Tỉnh lộ 10`: the narrower word counts.
            del starts[previous.start]
            starts[previous.start] = LocalWord(previous.start, word.end, word.role, word.written)
            previous = word
            continue
        if _ends_name(tokens, word, until):
            continue
        starts[word.start] = word
        previous = word


def _comma_between(tokens: Tokens, left: LocalWord, right: LocalWord) -> bool:
    return any(gap == COMMA for gap in tokens.gaps[left.end : right.start + 1])


def _ends_name(tokens: Tokens, word: LocalWord, until: int) -> bool:
    """Whether nothing that a word could name follows it: it ends the name before it (`Thôn Vũ Hải Đường`)."""
    if word.end < until and tokens.gaps[word.end] != COMMA:
        if not (tokens.gaps[word.end] == DASH and _spaced(tokens, word.end)):
            return False
    if word.start == 0 or tokens.gaps[word.start] >= DASH:
        return False
    before = tokens.words[word.start - 1]
    return len(before) > 1 and not before[-1].isdigit() and tokens.words[word.start] not in _ENGLISH_STREETS


def _masked(tokens: Tokens, until: int, hidden: list[tuple[int, int]]) -> list[bool]:
    """Which tokens are hidden; empty if none are."""
    if not hidden:
        return []
    masked = [False] * until
    at = 0
    for index in range(until):
        while at < len(hidden) and hidden[at][1] <= tokens.starts[index]:
            at += 1
        masked[index] = at < len(hidden) and hidden[at][0] <= tokens.starts[index]
    return masked


class _Parser:
    """Reads the parts of one text, and collects their pieces."""

    def __init__(self, tokens: Tokens, lower: str, pieces: list[Piece]) -> None:
        self._tokens = tokens
        self._text = tokens.text
        self._lower = lower
        self._pieces = pieces

    def read(self, part: _Part) -> None:
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
        elif role in _SETTLEMENTS:
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
        value = self._text[number.start("number") : number.end("number")].replace(" ", "").upper()
        self._add(begin, number.end(), "alley", f"{word.written} {value}")
        if not self._add_name(number.end(), stop, "street"):
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
        self._read_plain(code.end(), stop)

    def _read_building(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        """A building's name, up to a house number before a street that is named after a person."""
        number = STREET_NUMBER.search(self._lower, rest, stop)
        if number is not None and self._person_at(number.end()):
            self._named(word, begin, rest, number.start())
            self._read_plain(number.start(), stop)
        else:
            self._named(word, begin, rest, stop)

    def _read_street(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
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

    def _name_street(self, part: _Part) -> None:
        """`Le Loi Street`: the word at the end of a name says what it is."""
        if self._tokens.words[part.start] in _ENGLISH_STREETS and self._pieces and part.start:
            last = self._pieces[-1]
            if last.label == "name" and last.end == self._tokens.ends[part.start - 1]:
                self._pieces[-1] = Piece(last.start, last.end, "street", last.value)

    def _read_plain(self, begin: int, stop: int) -> None:
        """A part without a word for its kind: a room, a house number with or without a street, or a name alone."""
        while begin < stop and self._text[begin] in _TRIM:
            begin += 1
        if begin >= stop:
            return
        if is_noise(self._lower, begin, stop):
            self._add(begin, stop, "noise", "")
            return
        room = ROOM.match(self._lower, begin, stop)
        if room is not None:
            self._add(begin, room.end(), "unit", room["room"].upper())
            self._read_plain(room.end(), stop)
            return
        number = NUMBER.match(self._lower, begin, stop)
        if number is None:
            number = NAMED_NUMBER.search(self._lower, begin, stop)
            if number is None or number["only"]:
                self._add_bare_name(begin, stop)
            else:
                self._add_bare_name(begin, number.start())
                self._read_plain(number.start(), stop)
            return
        value = self._text[number.start("number") : number.end("number")]
        self._add(begin, number.end(), "house_number", value.upper().replace(" ", ""))
        self._add_name(number.end(), stop, "street")

    def _person_at(self, start: int) -> bool:
        """Whether a person's name begins at a character."""
        word = self._text[start : start + 12].lower().split(" ", 1)[0]
        return word in SURNAMES

    def _named(self, word: LocalWord, begin: int, rest: int, stop: int) -> None:
        name = self._text[rest:stop].strip(_TRIM)
        if name:
            self._add(begin, stop, _LABELS[word.role], f"{word.written} {name}")

    def _add_bare_name(self, begin: int, stop: int) -> None:
        nouns = not _BUILDING_NOUNS.isdisjoint(self._lower[begin:stop].split(" "))
        self._add_name(begin, stop, "building" if nouns else "name")

    def _add_name(self, start: int, stop: int, label: str) -> bool:
        name = self._text[start:stop].strip(_TRIM)
        if not name or name[0].isdigit():
            return False
        if label == "street" and name[:2] in ("P.", "p."):
            name = f"Phố {name[2:].lstrip()}"
        self._add(start, stop, label, name)
        return True

    def _add(self, start: int, stop: int, label: str, value: str) -> None:
        self._pieces.append(Piece(start, stop, label, value))
