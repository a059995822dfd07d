"""What a text mentions: type words, and every span that bears a name of the gazetteer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from services.address.lexicon import Lexicon, Name
from services.address.nicknames import plain_number
from services.address.tokens import COMMA, DASH, GLUED, SPACE, Tokens
from services.address.type_words import TypeWord, find_type_words
from services.address.words import (
    COMMUNE_KINDS,
    COUNTRY,
    DISTRICT_KINDS,
    LOCAL_KINDS,
    PROVINCE_KINDS,
    TRAILING,
    TYPE_WORDS,
    Kind,
)

_SURNAMES: Final = frozenset(
    {"nguyen", "tran", "le", "pham", "hoang", "huynh", "phan", "vu", "vo", "dang", "bui", "do", "ho", "ngo", "duong",
     "ly", "dinh", "doan", "trinh", "truong", "mai", "cao", "luong", "ton", "luu"}
)  # fmt: skip
# Compiled code asks an enum anew for a member each time it is written; these stand where it counts.
_CITY: Final = Kind.CITY
_PHUONG: Final = Kind.PHUONG
_PROVINCE: Final = Kind.PROVINCE
_QUAN: Final = Kind.QUAN
_WEAK_WIDER: Final = frozenset({_PROVINCE, Kind.HUYEN, _QUAN})


class Left(IntEnum):
    """What stands directly before a name, from the best evidence that it is an administrative one to the worst."""

    TYPED = 0
    EDGE = 1
    AFTER_LOCAL = 2
    INNER = 3
    NUMBER = 4
    LOCAL = 5


class Mention:
    """A name of the gazetteer at tokens [start, end); `similarity` is 1 where the spelling is the name's own. Equal
    only to itself.

    `wider_only` says that it stands for a district or province, not for a commune of the same name.
    """

    def __init__(
        self,
        start: int,
        end: int,
        name: Name,
        word: TypeWord | None,
        left: Left,
        toned: str,
        similarity: float = 1.0,
        wider_only: bool = False,
    ) -> None:
        self.start: Final = start
        self.end: Final = end
        self.name: Final = name
        self.word: Final = word
        self.left: Final = left
        self.toned: Final = toned
        self.similarity: Final = similarity
        self.wider_only: Final = wider_only

    @property
    def kind(self) -> Kind | None:
        return None if self.word is None else self.word.kind

    @property
    def outer_start(self) -> int:
        """Where the mention starts with its type word."""
        return self.start if self.word is None else min(self.start, self.word.start)

    @property
    def can_be_commune(self) -> bool:
        word = self.word
        if self.wider_only:
            return False
        return (
            word is None
            or word.kind in COMMUNE_KINDS
            or word.kind in LOCAL_KINDS
            or (word.weak and word.kind in _WEAK_WIDER)
        )

    @property
    def can_be_district(self) -> bool:
        word = self.word
        return (
            word is None
            or word.weak
            or word.kind in DISTRICT_KINDS
            or word.kind in LOCAL_KINDS
            or word.kind is _PROVINCE
        )

    @property
    def can_be_province(self) -> bool:
        word = self.word
        if word is not None and word.kind is _CITY:
            return any(province.kind == _CITY for province in self.name.provinces)
        if word is not None and word.kind is _QUAN:
            # `Tứ Quận Tuyên Quang`: the end of a name, where no quận has the name that follows.
            return not any(district.kind == _QUAN for district in self.name.districts)
        return word is None or word.kind in PROVINCE_KINDS or word.kind in LOCAL_KINDS


class Reading:
    """A text with everything it mentions. `neutral[i]` says that token i needs no explanation as a name, `country`
    are the tokens that name Vietnam, `local_starts` those where a word for a village, street or building begins,
    with its kind."""

    def __init__(
        self,
        tokens: Tokens,
        words: list[TypeWord],
        word_before: dict[int, TypeWord],
        neutral: list[bool],
        country: frozenset[int],
        local_starts: dict[int, Kind],
    ) -> None:
        self.tokens = tokens
        self.words = words
        self.word_before = word_before
        self.neutral = neutral
        self.country = country
        self.local_starts = local_starts
        self.mentions: list[Mention] = []
        self.starting: dict[int, list[Mention]] = {}

    def add(self, mention: Mention) -> None:
        self.mentions.append(mention)
        beside = self.starting.get(mention.start)
        if beside is None:
            self.starting[mention.start] = [mention]
        else:
            beside.append(mention)

    def keep(self, mentions: list[Mention]) -> None:
        """Forget all mentions but these."""
        self.mentions, self.starting = [], {}
        for mention in mentions:
            self.add(mention)


def read(tokens: Tokens, lexicon: Lexicon) -> Reading:
    """The type words and the exact mentions of a text."""
    reading = read_names(tokens, lexicon, not tokens.text.isascii())
    add_numbered(reading, lexicon)
    return reading


def read_names(tokens: Tokens, lexicon: Lexicon, accented: bool) -> Reading:
    """The same without wards and districts that are numbers; `accented` says that the text has accents."""
    words = find_type_words(tokens, lexicon.slips, accented)
    before = {word.end: word for word in words}
    country = _country(tokens)
    reading = Reading(tokens, words, before, _neutral(tokens, words, country), country, _local_starts(words))
    names = lexicon.names
    stems = lexicon.stems
    hard = {word.start for word in words if not word.weak and _accented(tokens, word)}
    parts, gaps, count = tokens.words, tokens.gaps, len(tokens)
    for start in range(count):
        key, within = parts[start], False
        end = start + 1
        while True:
            name = names.get(key)
            if name is not None and (not hard or _stands(name, tokens.toned[start:end], start in hard, within)):
                _mention(reading, start, end, name)
            if key not in stems or end == count or gaps[end] == COMMA:
                break
            within = within or end in hard
            key += parts[end]
            end += 1
    return reading


def _stands(name: Name, toned: Sequence[str], begins: bool, within: bool) -> bool:
    """Whether a name can stand there. What reads as an accented type word at its beginning, or within it, must really
    be a part of it: the ward of Huế called Phường Đúc, the commune Tứ Quận."""
    if within:
        whole = "".join(toned)
        return any(place.toned == whole for place in name.communes)
    return not begins or any(place.toned.startswith(toned[0]) for place in name.communes)


def _accented(tokens: Tokens, word: TypeWord) -> bool:
    """Whether a type word carries its accents, which leaves no doubt that it is one."""
    return word.kind not in LOCAL_KINDS and tokens.toned[word.start] != tokens.words[word.start]


def _mention(reading: Reading, start: int, end: int, name: Name) -> None:
    tokens = reading.tokens
    if name.numeric or (end - start == 1 and len(tokens.words[start]) == 1):
        return
    if end < len(tokens) and tokens.gaps[end] == GLUED and len(tokens.words[end - 1]) == 1:
        return
    if tokens.gaps[start] == GLUED and len(tokens.words[start]) == 1 and tokens.words[start - 1].isdigit():
        return  # the letter of a house number: `492B Đ. …` is not the abbreviation BĐ
    word = word_for(reading, start, end)
    reading.add(Mention(start, end, name, word, left_of(reading, start, word), "".join(tokens.toned[start:end])))


def add_numbered(reading: Reading, lexicon: Lexicon) -> None:
    """Add wards and districts that are numbers: only right after their type word (`P.01`, `Quận 3`, `Phường II`)."""
    tokens = reading.tokens
    for word in reading.words:
        if word.end >= len(tokens) or word.kind in LOCAL_KINDS or tokens.gaps[word.end] >= COMMA:
            continue
        number = _number_at(reading, word.end)
        name = None if number is None else lexicon.names.get(number)
        if name is not None and not _continues_number(tokens, word.end + 1):
            reading.add(Mention(word.end, word.end + 1, name, word, Left.TYPED, number or ""))
            reading.neutral[word.end] = False
            _bare_district(reading, word, lexicon)
    _bare_wards(reading, lexicon)


def _number_at(reading: Reading, index: int) -> str | None:
    """The number at a token, if it is one: Roman numerals have no accents (`Ví`) and no name goes on after them."""
    tokens = reading.tokens
    word = tokens.words[index]
    after = index + 1
    if not word.isdigit():
        goes_on = after < len(tokens) and tokens.gaps[after] < DASH and not _word_starts_at(reading, after)
        if goes_on or tokens.toned[index] != word:
            return None
    return plain_number(word)


def _word_starts_at(reading: Reading, index: int) -> bool:
    return any(word.start == index for word in reading.words)


def _bare_district(reading: Reading, word: TypeWord, lexicon: Lexicon) -> None:
    """The number of a district that stands alone after a numbered ward: `Phường 16, 11, Thành phố Hồ Chí Minh`."""
    tokens, index = reading.tokens, word.end + 1
    if word.kind is not _PHUONG or index + 1 >= len(tokens) or tokens.gaps[index] != COMMA:
        return
    number = _number_at(reading, index)
    name = None if number is None else lexicon.names.get(number)
    if name is not None and name.districts and tokens.gaps[index + 1] == COMMA:
        reading.add(Mention(index, index + 1, name, None, Left.EDGE, number or ""))


def _bare_wards(reading: Reading, lexicon: Lexicon) -> None:
    """The number of a ward that stands alone right after its district: `Đà Lạt, Số 3, Lâm Đồng`."""
    tokens = reading.tokens
    for district in [m for m in reading.mentions if m.name.districts and m.left in (Left.EDGE, Left.TYPED)]:
        index = district.end
        if index >= len(tokens) or tokens.gaps[index] != COMMA:
            continue
        if tokens.words[index] == "so" and index + 1 < len(tokens) and tokens.gaps[index + 1] < COMMA:
            index += 1
        if not tokens.words[index].isdigit() or (index + 1 < len(tokens) and tokens.gaps[index + 1] != COMMA):
            continue
        name = lexicon.names.get(plain_number(tokens.words[index]) or "")
        if name is not None and name.communes:
            reading.add(Mention(index, index + 1, name, None, Left.NUMBER, name.key))


def _continues_number(tokens: Tokens, index: int) -> bool:
    """`P.7/12` and `P. 12A` are rooms and houses."""
    if index >= len(tokens):
        return False
    if tokens.gaps[index] == GLUED and len(tokens.words[index]) == 1:
        return True
    return "/" in tokens.text[tokens.ends[index - 1] : tokens.starts[index]] and tokens.words[index].isdigit()


def word_for(reading: Reading, start: int, end: int) -> TypeWord | None:
    """The type word that belongs to a name at [start, end): the one before it, or an English one after it."""
    word = reading.word_before.get(start)
    if word is not None and reading.tokens.gaps[start] < COMMA:
        return word
    tokens = reading.tokens
    if end < len(tokens) and tokens.gaps[end] < COMMA and tokens.words[end] in TRAILING:
        return TypeWord(end, end + 1, TYPE_WORDS[tokens.words[end]], weak=False)
    return None


def left_of(reading: Reading, start: int, word: TypeWord | None) -> Left:
    """What stands before the name at `start`."""
    tokens = reading.tokens
    if word is not None and word.kind in LOCAL_KINDS:
        return Left.LOCAL
    if word is not None:
        return Left.NUMBER if reads_as_street(reading, word) else Left.TYPED
    if tokens.gaps[start] >= DASH:
        return Left.EDGE
    if _house_number_before(tokens, start):
        return Left.AFTER_LOCAL if _numbers_a_village(reading, _number_start(tokens, start)) else Left.NUMBER
    return Left.INNER


def _numbers_a_village(reading: Reading, number: int) -> bool:
    """Whether a number belongs to a village before it: `Thôn 5`, `Thôn Xuân Lộc 1`; not to an alley, which a street
    follows."""
    index = number - 1
    while index >= 0:
        kind = reading.local_starts.get(index)
        if kind is not None:
            return kind is Kind.VILLAGE
        if reading.tokens.gaps[index] >= DASH:
            return False
        index -= 1
    return False


def reads_as_street(reading: Reading, word: TypeWord) -> bool:
    """Whether `P.` follows a house number, and so means phố (a number may also be that of a village or group)."""
    tokens = reading.tokens
    if not word.weak or word.kind is not _PHUONG or tokens.gaps[word.start] >= DASH:
        return False
    if not _house_number_before(tokens, word.start):
        return False
    local = reading.word_before.get(_number_start(tokens, word.start))
    return local is None or local.kind is not Kind.VILLAGE


def _number_start(tokens: Tokens, end: int) -> int:
    """Where the number that ends before token `end` starts (`12A`, `7/3`)."""
    start = end
    while start > 0 and (
        tokens.words[start - 1].isdigit()
        or (len(tokens.words[start - 1]) == 1 and start > 1 and tokens.gaps[start - 1] == GLUED)
    ):
        start -= 1
        if tokens.gaps[start] in (COMMA,):
            break
    return start


def _house_number_before(tokens: Tokens, index: int) -> bool:
    if index == 0 or tokens.gaps[index] == COMMA:
        return False
    return any(word.isdigit() for word in tokens.words[_number_start(tokens, index) : index])


def person_name_before(reading: Reading, start: int) -> bool:
    """Whether the words before `start` in its segment begin like a person's name, as streets do."""
    tokens = reading.tokens
    index = start - 1
    if index >= 0 and tokens.words[index] in _SURNAMES and index not in reading.word_before:
        return tokens.gaps[index] >= DASH or _house_number_before(tokens, index)
    return False


def _local_starts(words: list[TypeWord]) -> dict[int, Kind]:
    return {word.start: word.kind for word in words if word.kind in LOCAL_KINDS}


_NOWHERE: Final[frozenset[int]] = frozenset()


def _country(tokens: Tokens) -> frozenset[int]:
    words, gaps, names = tokens.words, tokens.gaps, COUNTRY
    last = len(words) - 1
    found: list[int] = []
    for index, word in enumerate(words):
        if word in names:
            if (index == last or gaps[index + 1] >= DASH) and gaps[index] >= SPACE:
                found.append(index)
        elif word == "viet" and index < last and words[index + 1] == "nam" and tokens.toned[index] in ("việt", "viet"):
            found += [index, index + 1]
    return frozenset(found) if found else _NOWHERE


def _neutral(tokens: Tokens, words: list[TypeWord], country: frozenset[int]) -> list[bool]:
    neutral = [len(word) == 1 or word.isdigit() for word in tokens.words]
    for word in words:
        for index in range(word.start, word.end):
            neutral[index] = True
    for index in country:
        neutral[index] = True
    return neutral
