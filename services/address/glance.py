"""A text at a glance: what is asked of every text before it is read, answered in one pass.

May it hold a phone number, or a certain name? Words typed for an input method that was off? Dashes between its parts?
Are its letters and spaces as they should be? What a word says to that does not depend on the words beside it, nor what
stands between two commas on the rest, and both come again and again: each is looked at once and remembered, save what
may be a phone number. None of the looks misses anything; some find too much.
"""

from __future__ import annotations

import re
from typing import Final

from gazetteer.names import LONGEST_REMEMBERED, fold, tidy
from services.address.cache import BoundedCache
from services.address.residue import LEAST_RESIDUE, hints_at_residue, most_residue
from services.address.tokens import DASHES_BETWEEN, MAX_CHARACTERS, clean

_CACHED_WORDS: Final = 16_384
_CACHED_PHRASES: Final = 16_384
_CACHED_TEXTS: Final = 8_192
SHORTEST_PHONE: Final = 6

_NO_DIGITS: Final = bytes(byte for byte in range(256) if not 48 <= byte <= 57)
# None of the others is a digit but those of ASCII: letters and marks of Latin script, dashes and quotation marks.
_UNUSUAL: Final = re.compile("[^\0-\x7f\xc0-\u036f\u1e00-\u1eff\u2010-\u2027]")
# What is left of a text when it is folded.
_READABLE: Final = re.compile(r"[0-9A-Za-z]")

# What a word can say of its text.
_UNTIDY: Final = 1
_UNCLEAN: Final = 2
_MAYBE_DIGITS: Final = 4
_RESIDUE: Final = 8
_DASH: Final = 16
_LEGIBLE: Final = 32


class Word:
    """What stands between two spaces of a text, perhaps nothing: its folded form, that without spaces, how many digits
    it has, how many words of an input method that was off, whether it has nothing but letters, and what it says of the
    text."""

    def __init__(self, written: str, folded: str, digits: int, residue: int, says: int) -> None:
        self.folded: Final = folded
        self.letters: Final = folded.replace(" ", "")
        self.digits: Final = digits
        self.residue: Final = residue
        self.is_letters: Final = not written or written.isalpha()
        self.says: Final = says


class Phrase:
    """What stands between two commas of a text: its folded letters and digits without spaces, how many digits it has,
    how many words of an input method that was off, and what it says of the text."""

    def __init__(self, letters: str, digits: int, residue: int, says: int) -> None:
        self.letters: Final = letters
        self.digits: Final = digits
        self.residue: Final = residue
        self.says: Final = says


class Text:
    """A text with the segments between its commas."""

    def __init__(self, text: str) -> None:
        phrases: list[Phrase] = []
        digits = residue = says = 0
        segments = text.split(",")
        for segment in segments:
            phrase = _PHRASES.get(segment)
            if phrase is None:
                phrase = _look_at_phrase(segment)
                if len(text) <= LONGEST_REMEMBERED and phrase.digits < SHORTEST_PHONE:
                    _PHRASES.put(segment, phrase)
            phrases.append(phrase)
            digits += phrase.digits
            residue += phrase.residue
            says |= phrase.says
        self.text: Final = text
        self.segments: Final = segments
        self._phrases: Final = phrases
        self._digits: Final = digits
        self._residue: Final = residue
        self._says: Final = says
        self._letters: str | None = None
        self._folded: str | None = None

    @property
    def letters(self) -> str:
        """The folded letters and digits, without spaces."""
        if self._letters is None:
            self._letters = "".join([phrase.letters for phrase in self._phrases])
        return self._letters

    @property
    def folded(self) -> str:
        """The folded text."""
        if self._folded is None:
            self._folded = fold(self.text)
        return self._folded

    @property
    def may_hold_phone(self) -> bool:
        """Whether there are digits enough, or characters that may be digits elsewhere."""
        if len(self.text) < SHORTEST_PHONE:
            return False
        return self._digits >= SHORTEST_PHONE or self._says & _MAYBE_DIGITS != 0

    @property
    def may_hold_residue(self) -> bool:
        """Whether words may have been typed for an input method that was off."""
        return self._residue >= LEAST_RESIDUE and self._says & _RESIDUE != 0

    @property
    def may_hold_dashes(self) -> bool:
        """Whether there may be a dash between spaces, as it parts segments."""
        return self._says & _DASH != 0

    @property
    def is_legible(self) -> bool:
        """Whether it holds a letter or digit of ASCII."""
        return self._says & _LEGIBLE != 0

    @property
    def is_tidy(self) -> bool:
        """Whether `tidy` would leave it as it is."""
        return self._says & _UNTIDY == 0 and not self.text.startswith(" ") and not self.text.endswith(" ")

    @property
    def is_clean(self) -> bool:
        """Whether `clean` would leave it as it is."""
        return self._says & _UNCLEAN == 0 and len(self.text) <= MAX_CHARACTERS


def known_text(text: str) -> Text:
    """The same for texts that come again and again, as the names of communes do: remembered whole."""
    known = _TEXTS.get(text)
    if known is None:
        known = Text(text)
        _TEXTS.put(text, known)
    return known


_WORDS: Final[BoundedCache[str, Word]] = BoundedCache(_CACHED_WORDS)
_PHRASES: Final[BoundedCache[str, Phrase]] = BoundedCache(_CACHED_PHRASES)
_TEXTS: Final[BoundedCache[str, Text]] = BoundedCache(_CACHED_TEXTS)


def words_of(text: str) -> list[Word]:
    """What stands between the spaces of a text."""
    words: list[Word] = []
    for written in text.split(" "):
        word = _WORDS.get(written)
        if word is None:
            word = _look_at_word(written)
            if len(text) <= LONGEST_REMEMBERED and word.digits < SHORTEST_PHONE:
                _WORDS.put(written, word)
        words.append(word)
    return words


def _look_at_phrase(written: str) -> Phrase:
    words = words_of(written)
    digits = residue = says = 0
    for word in words:
        digits += word.digits
        residue += word.residue
        says |= word.says
    if "  " in written:
        says |= _UNTIDY
    return Phrase("".join([word.letters for word in words]), digits, residue, says)


def _look_at_word(written: str) -> Word:
    says = 0
    if tidy(written) != written:
        says |= _UNTIDY
    if "\\" in written or clean(written)[0] != written:
        says |= _UNCLEAN
    if _UNUSUAL.search(written) is not None:
        says |= _MAYBE_DIGITS
    if hints_at_residue(written):
        says |= _RESIDUE
    if _may_part(written):
        says |= _DASH
    if _READABLE.search(written) is not None:
        says |= _LEGIBLE
    digits = len(written.encode(errors="replace").translate(None, _NO_DIGITS))
    return Word(written, fold(written), digits, most_residue(written), says)


def _may_part(written: str) -> bool:
    """Whether a dash stands alone there, or beside white space other than a space."""
    if len(written) > 1 and len(written.split()) == 1 and written.strip() == written:
        return False
    return any(dash in written for dash in DASHES_BETWEEN)
