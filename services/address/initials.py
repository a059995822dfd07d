"""Names cut short: `Q. TB`, `GV`, `P.C-Ô-Lãnh`, `Đ.Đa`, `T.Giang`, `TT Bần`; looked up in the provinces named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from sys import intern
from typing import Final

from gazetteer.names import fold
from services.address.lexicon import Lexicon, Name
from services.address.mentions import Left, Mention, Reading, left_of, word_for
from services.address.tokens import COMMA, DASH, Tokens
from services.address.words import COMMUNE_KINDS

# An abbreviation is a weaker witness than a name; the figure is a similarity, as of a misspelt name.
SIMILARITY: Final = 0.9
# The bare initials of a commune only ever make a guess.
_GUESS: Final = 0.75
_MOST_LETTERS: Final = 5
_MOST_NAMES: Final = 4


# Tokens [start, end) and the abbreviation that they are.
Form = tuple[int, int, str]

# The names of each abbreviation while they are gathered, and these by province or district.
_Forms = defaultdict[str, list[Name]]
_Gathered = defaultdict[str, _Forms]


class Initials:
    """The initials of districts and communes by province, and those of provinces."""

    def __init__(self, lexicon: Lexicon) -> None:
        of_province, of_district, beginnings = _Gathered(_forms), _Gathered(_forms), _Gathered(_forms)
        provinces = _forms()
        for district in lexicon.districts.values():
            _add(of_province[district.province.id], district.name, lexicon.names[district.keys[0]])
        for place in lexicon.communes:
            words = fold(place.name).split()
            if place.district is not None and len(words) > 1:
                forms = of_district[place.district.key]
                _append(forms["".join(word[0] for word in words)], lexicon.names[place.keys[0]])
            for form in _partial(place.name):
                _append(of_province[place.province.id][form], lexicon.names[place.keys[0]])
            for form in _beginnings(place.name):
                _append(beginnings[place.province.id][form], lexicon.names[place.keys[0]])
        for province in lexicon.provinces.values():
            for form in _partial(province.name):
                _append(provinces[form], lexicon.names[province.keys[0]])
        self._of_province: Final = {id_: _kept(forms) for id_, forms in of_province.items()}
        self._of_district: Final = {key: _kept(forms) for key, forms in of_district.items()}
        self._beginnings: Final = {id_: _kept(forms) for id_, forms in beginnings.items()}
        self._provinces: Final = _kept(provinces)

    def extend_provinces(self, reading: Reading, forms: Iterable[Form]) -> None:
        """Add the provinces written as `T.Giang`; `forms` are the abbreviations of the reading."""
        for start, end, form in forms:
            if " " in form:
                _add_mentions(reading, start, end, self._provinces.get(form, ()))

    def extend(self, reading: Reading, forms: Sequence[Form], home: Iterable[str]) -> None:
        """Add the abbreviated districts and communes of the provinces `home`."""
        known = [id_ for id_ in home if id_ in self._of_province]
        if not known:
            return
        for start, end, form in forms:
            for id_ in known:
                names = self._of_province[id_].get(form, ())
                _add_mentions(reading, start, end, names, wider_only=" " not in form)
        if forms:
            self._extend_in_districts(reading, forms)
        for start, end, form in _typed_phrases(reading):
            for id_ in known:
                names = self._beginnings[id_].get(form, ()) if id_ in self._beginnings else ()
                if len(names) <= _MOST_NAMES:
                    _add_mentions(reading, start, end, names)

    def _extend_in_districts(self, reading: Reading, forms: Iterable[Form]) -> None:
        """Add the commune whose initials stand before its district: `-VT, Lạng Sơn` for Vĩnh Trại. Only where no other
        commune of the district has them."""
        last: dict[str, int] = {}
        for mention in reading.mentions:
            if mention.name.districts and mention.can_be_district and mention.similarity == 1:
                last.update((district.key, mention.start) for district in mention.name.districts)
        if not last:
            return
        for start, end, form in forms:
            if " " in form:
                continue
            for key, district_start in last.items():
                names = self._of_district[key].get(form, ()) if key in self._of_district else ()
                if len(names) == 1 and district_start >= end:
                    _add_mentions(reading, start, end, names, similarity=_GUESS)


def _forms() -> _Forms:
    return defaultdict(list)


def _kept(forms: _Forms) -> dict[str, tuple[Name, ...]]:
    """The same in less room, as there are tens of thousands: abbreviations recur in other provinces, and most have one
    name."""
    return {intern(form): tuple(names) for form, names in forms.items()}


def _add(forms: _Forms, name: str, entry: Name) -> None:
    words = fold(name).split()
    if len(words) > 1:
        _append(forms["".join(word[0] for word in words)], entry)
    for form in _partial(name):
        _append(forms[form], entry)


def _append(names: list[Name], name: Name) -> None:
    if name not in names:
        names.append(name)


def _partial(name: str) -> Iterator[str]:
    """The forms with initials for all words but the last, or for the first alone: `c o lanh`, `t giang`."""
    words = fold(name).split()
    if len(words) > 1:
        yield " ".join([*(word[0] for word in words[:-1]), words[-1]])
    if len(words) > 2:
        yield " ".join([words[0][0], *words[1:]])


def _beginnings(name: str) -> Iterator[str]:
    """The glued beginnings of a name of several words: `ban`, `banyen` for Bần Yên Nhân."""
    words = fold(name).split()
    for count in range(1, len(words)):
        yield "".join(words[:count])


def _typed_phrases(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """The phrases after a word for a commune that no exact mention covers: tokens [start, end) and their key."""
    tokens = reading.tokens
    word_starts = {word.start for word in reading.words}
    for word in reading.words:
        start = word.end
        if word.kind not in COMMUNE_KINDS or start >= len(tokens) or tokens.gaps[start] >= COMMA:
            continue
        end = start + 1
        while end < len(tokens) and tokens.gaps[end] < DASH and end not in word_starts:
            end += 1
        if not any(m.similarity == 1 for m in reading.starting.get(start, ())):
            yield start, end, "".join(tokens.words[start:end])


def abbreviations(reading: Reading) -> list[Form]:
    """The whole phrases that read as abbreviations."""
    tokens = reading.tokens
    words, gaps = tokens.words, tokens.gaps
    word_starts = {word.start for word in reading.words}
    found: list[Form] = []
    for start, word in enumerate(words):
        if len(word) > 1 and not _is_capitals(tokens, start):
            continue
        end = start + 1
        while end < len(words) and gaps[end] < COMMA and end not in word_starts and end - start < _MOST_LETTERS:
            end += 1
        form = _form(words[start:end])
        if form and left_of(reading, start, word_for(reading, start, start + 1)) in (Left.EDGE, Left.TYPED):
            found.append((start, end, form))
    return found


def _is_capitals(tokens: Tokens, index: int) -> bool:
    """Whether a token is written as several initials: `TB`."""
    written = tokens.text[tokens.starts[index] : tokens.ends[index]]
    return len(written) <= _MOST_LETTERS and written.isupper() and written.isalpha()


def _form(phrase: list[str]) -> str:
    """The initials that a phrase is made of, or its initials and last word; empty if it is no abbreviation."""
    if len(phrase) == 1:
        return phrase[0] if len(phrase[0]) > 1 else ""
    last = phrase[-1]
    if not last.isalpha() or not all(len(word) == 1 and word.isalpha() for word in phrase[:-1]):
        return ""
    return "".join(phrase) if len(last) == 1 else " ".join(phrase)


def _add_mentions(
    reading: Reading,
    start: int,
    end: int,
    names: Iterable[Name],
    wider_only: bool = False,
    similarity: float = SIMILARITY,
) -> None:
    tokens = reading.tokens
    word = word_for(reading, start, end)
    for name in list(names)[:_MOST_NAMES]:
        toned = "".join(tokens.toned[start:end])
        left = left_of(reading, start, word)
        reading.add(Mention(start, end, name, word, left, toned, similarity, wider_only))
