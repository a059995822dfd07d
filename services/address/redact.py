"""Taking phone numbers and the householder's name out of address text, before the text goes further.

What is taken out leaves an ellipsis behind: readers see that something is missing, a parser takes it for a space. The
name goes wherever it equals the householder's field, whole words only, whatever its case, accents and spacing, with
`Ông`, `Bà`, `nhà`… before it. It stays only where a word right before it says that a place is meant
(`đường Trần Phú`); without such a word, personal data weighs more than a street that happens to bear the same name.
A single short word (`Hà`) goes only after `Ông`, `Bà`… or where it stands alone, else it would tear `Hà Giang` apart.
An office in the householder's field (`UBND xã …`) is not a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gazetteer.names import fold, fold_char, tone_key
from schemas.raw import Householder
from services.address.glance import SHORTEST_PHONE, Text, Word, words_of
from services.address.phone_numbers import Span, find_phones, shape, with_brackets

MARK: Final = "…"


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Accents are kept: without them `ba` and `co` begin the names of places. `ong` and `anh` are safe.
_HONORIFICS: Final = _word_set("ông ong bà anh chị cô chú bác cụ em hộ chủ nhà gia đình mr mrs ms")
# With and without accents, save where the bare form is common in names of people.
_PLACE_WORDS: Final = _word_set(
    "đường duong đ phố pho p phường phuong xã xa x trấn tt tp tx thôn thon bản ấp xóm xom buôn buon làng lang khu kdc "
    "tdp ngõ ngo hẻm hem kiệt kiet huyện huyen quận quan tỉnh tinh trường truong cầu chợ cho hồ suối suoi đèo deo"
)
_OFFICES: Final = frozenset({"ubnd", "hđnd"})
_OFFICE_UNITS: Final = frozenset({"xã", "phường", "huyện"})
_PEOPLE: Final = re.compile(r"[,;/&+()\n]|\s[-–]\s|\svà\s")
_NUMBERS: Final = re.compile(r"[,;/\n]")
# A shape holds these besides digits.
_DIGITS_ONLY: Final = str.maketrans("", "", "a,_ .-()+")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_LONG_WORD: Final = 6
_BORDERS: Final = ",;()[]\n"


class Private:
    """What is to go from a record's texts: phone numbers, and name and phone of its householder, if it names one."""

    def __init__(self, householder: Householder | None) -> None:
        self.name: Final = None if householder is None else householder.name
        self.phone: Final = None if householder is None else householder.phone
        self._words: Final = _words(self.name) if self.name else []

    def redacted(self, text: Text) -> Text:
        """The text without them; the same text if it has none."""
        phones = text.may_hold_phone
        names = _names(self.name) if self.name and self._may_name(text) else []
        if not phones and not names:
            return text
        found = _spans(text.text, names, phones, self.phone)
        return Text(_cut(text.text, found)) if found else text

    def _may_name(self, text: Text) -> bool:
        """A quick look that never misses a name: two neighbouring words of the field stand in the text."""
        words, letters = self._words, text.letters
        if not words:
            return True
        before = False
        for index, word in enumerate(words):
            here = word in letters
            if before and here and words[index - 1] + word in letters:
                return True
            before = here
        return False


def redact(text: str, householder: Householder | None) -> str:
    """The text without phone numbers and without the householder's name and phone; the same text if it has none."""
    return Private(householder).redacted(Text(text)).text


def _spans(text: str, names: list[list[str]], phones: bool, phone: str | None) -> list[Span]:
    """What is to go: names, phone numbers if there may be some, and the householder's own."""
    shaped = shape(text)
    spans = find_phones(text, shaped) if phones else []
    cores = _cores(phone) if phones and phone else []
    if cores:
        digits = shaped.translate(_DIGITS_ONLY)
        cores = [core for core in cores if core in digits]
    if names or cores:
        squeezed = _squeeze(text, shaped)
        spans += [with_brackets(shaped, span) for core in cores for span in _find_phone(squeezed, core)]
        spans += [span for name in names for span in _find_name(text, squeezed, name)]
    return spans


def _words(field: str) -> list[str]:
    """The folded words of a householder's field; none where it is but one word, or may name several people."""
    written = words_of(field)
    if _may_be_several(field, written):
        return []
    words: list[str] = []
    for word in written:
        if word.folded == word.letters:
            if word.folded:
                words.append(word.folded)
        else:
            words += word.folded.split(" ")
    return words if len(words) > 1 else []


def _may_be_several(field: str, words: list[Word]) -> bool:
    """Whether a householder's field may name several people. Most hold nothing but letters and spaces."""
    if all(word.is_letters for word in words) and " và " not in field:
        return False
    return _PEOPLE.search(field) is not None


def _names(field: str) -> list[list[str]]:
    """The folded words of the people in a householder's field, without honorifics."""
    names = []
    for part in {field, *_PEOPLE.split(field)}:
        words = tone_key(part).split()
        if _OFFICES.intersection(words) or _OFFICE_UNITS.intersection(words[:-1]):
            return []
        while len(words) > 1 and words[0] in _HONORIFICS:
            del words[0]
        folded = fold(" ".join(words)).split()
        if folded and folded not in names:
            names.append(folded)
    return names


def _cores(field: str) -> list[str]:
    """The digits of the phone numbers in a householder's field, without trunk zero and country code."""
    cores = []
    for part in {field, *_NUMBERS.split(field)}:
        digits = _NO_DIGIT.sub("", shape(part)).removeprefix("00")
        core = digits.removeprefix("84") if len(digits) > 10 else digits
        core = core.removeprefix("0")
        if len(core) >= SHORTEST_PHONE and core not in cores:
            cores.append(core)
    return cores


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """A text's folded letters and digits without anything between them. `at[k]` is the offset of the k-th in the
    text, `begins` holds those that begin a word (and the length of all, as an end)."""

    letters: str
    at: list[int]
    begins: frozenset[int]


def _squeeze(text: str, shaped: str) -> _Squeezed:
    letters: list[str] = []
    at: list[int] = []
    begins = {0}
    apart, after_digit = True, False
    before = " "
    for offset, char in enumerate(text):
        mark = shaped[offset]
        piece = mark if mark.isdigit() else fold_char(char)
        if not piece:
            apart = apart or char == " " or not _is_invisible(char)
            continue
        digit = piece.isdigit()
        if apart or digit != after_digit or (char.isupper() and before.islower()):
            begins.add(len(at))
        apart, after_digit, before = False, digit, char
        for letter in piece:
            if letter != " ":
                letters.append(letter)
                at.append(offset)
    begins.add(len(at))
    return _Squeezed("".join(letters), at, frozenset(begins))


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Me", "Cf") or char in "'`´’‘ʼʹ′＇"


def _occurrences(squeezed: _Squeezed, needle: str) -> Iterator[int]:
    """Where the needle stands as whole words."""
    start = squeezed.letters.find(needle)
    while start >= 0:
        if start in squeezed.begins and start + len(needle) in squeezed.begins:
            yield start
        start = squeezed.letters.find(needle, start + 1)


def _span(squeezed: _Squeezed, start: int, length: int) -> Span:
    return Span(squeezed.at[start], squeezed.at[start + length - 1] + 1)


def _find_phone(squeezed: _Squeezed, core: str) -> Iterator[Span]:
    for prefix in ("", "0", "84", "840", "0084", "00840"):
        number = prefix + core
        for start in _occurrences(squeezed, number):
            yield _span(squeezed, start, len(number))


def _find_name(text: str, squeezed: _Squeezed, name: list[str]) -> Iterator[Span]:
    letters = "".join(name)
    short = len(name) == 1 and len(letters) < _LONG_WORD
    for start in _occurrences(squeezed, letters):
        span = _span(squeezed, start, len(letters))
        words, begin = _honorifics_before(text, span.start)
        if words:
            yield Span(begin, span.end)
        elif short:
            if _stands_alone(text, span):
                yield span
        elif _word_before(text, span.start)[0] not in _PLACE_WORDS:
            yield span


def _word_before(text: str, offset: int) -> tuple[str, int]:
    """The last word before an offset, accents kept, with its own offset; empty if punctuation other than a full
    stop stands between."""
    end = offset
    while end > 0 and (text[end - 1].isspace() or text[end - 1] == "."):
        end -= 1
    start = end
    while start > 0 and (text[start - 1].isalpha() or unicodedata.combining(text[start - 1])):
        start -= 1
    return tone_key(text[start:end]), start


def _honorifics_before(text: str, offset: int) -> tuple[int, int]:
    """How many honorifics stand right before an offset, and where they begin."""
    count, start = 0, offset
    while True:
        word, begin = _word_before(text, start)
        if word not in _HONORIFICS:
            return count, start
        count, start = count + 1, begin


def _stands_alone(text: str, span: Span) -> bool:
    before, after = text[: span.start].rstrip(), text[span.end :].lstrip()
    return (not before or before[-1] in _BORDERS) and (not after or after[0] in _BORDERS)


def _cut(text: str, spans: list[Span]) -> str:
    """The text with a mark for each span, overlapping ones taken together."""
    kept, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            kept += [text[at:start], MARK]
        at = max(at, end)
    return "".join([*kept, text[at:]])
