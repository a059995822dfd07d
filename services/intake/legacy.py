"""Vietnamese text from before Unicode: TCVN3 (the ABC fonts, .VnTime) and VNI.

Both put the Vietnamese letters where Latin-1 has others. Such text comes as bytes, and as often inside Unicode: a
spreadsheet in these fonts keeps the Latin-1 letters. So it is mended here as text whose characters stand for bytes.

TCVN3 is TCVN 5712:1993, VN3: one byte a letter, no toned capitals (a font of capitals shows them). VNI writes a letter
and then its marks as a second byte.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from enum import StrEnum

from services.intake.syllables import is_syllable


class Legacy(StrEnum):
    """An encoding from before Unicode, as its users call it."""

    TCVN3 = "TCVN3 (ABC)"
    VNI = "VNI"


def _tcvn3() -> dict[str, str]:
    rows = {
        0xA1: "ĂÂÊÔƠƯĐăâêôơưđ",
        0xB5: "àảãáạ",
        0xBB: "ằẳẵắ",
        0xC6: "ặầẩẫấậè",
        0xCE: "ẻẽéẹềểễếệìỉ",
        0xDC: "ĩíịò",
        0xE1: "ỏõóọồổỗốộờởỡớợù",
        0xF1: "ủũúụừửữứựỳỷỹýỵ",
    }
    return {chr(first + nth): letter for first, letters in rows.items() for nth, letter in enumerate(letters)}


# Each mark of VNI: what it does to the letter before it.
_TONE = {"ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323"}
_ROOF = {"á": "\u0301", "à": "\u0300", "å": "\u0309", "ã": "\u0303", "ä": "\u0323", "â": ""}
_BOW = {"é": "\u0301", "è": "\u0300", "ú": "\u0309", "ü": "\u0303", "ë": "\u0323", "ê": ""}
_ALONE = {"í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "ô": "ơ", "ö": "ư", "ñ": "đ", "î": "ỵ"}


def _vni() -> dict[str, str]:
    small = dict(_ALONE)
    for bases, marks, shape in (
        ("aeouy", _TONE, ""),
        ("ôö", _TONE, ""),
        ("aeo", _ROOF, "\u0302"),
        ("a", _BOW, "\u0306"),
    ):
        for base in bases:
            for mark, tone in marks.items():
                if base + mark != "yï":  # ỵ has a byte of its own
                    small[base + mark] = unicodedata.normalize("NFC", _ALONE.get(base, base) + shape + tone)
    # A capital letter's mark is the capital byte, 32 below; a small one after a capital is met too.
    found = dict(small)
    for pair, letter in small.items():
        found[pair.upper()] = letter.upper()
        if len(pair) == 2:
            found[pair[0].upper() + pair[1]] = letter.upper()
    return found


_LETTERS: dict[Legacy, dict[str, str]] = {Legacy.TCVN3: _tcvn3(), Legacy.VNI: _vni()}
_PATTERNS = {
    which: re.compile("|".join(map(re.escape, sorted(letters, key=len, reverse=True))))
    for which, letters in _LETTERS.items()
}
_BYTES = {letter: code for code, letter in _LETTERS[Legacy.TCVN3].items()}
_PAIRS = {
    letter: pair for pair, letter in reversed(_LETTERS[Legacy.VNI].items()) if pair in (pair.lower(), pair.upper())
}
_WORD = re.compile("[A-Za-z\u00a1-\u024f\u0300-\u036f\u1e00-\u1eff]+")
# What Windows-1252 has at 80 to 9F: quotation marks and dashes, the same in these fonts.
_WINDOWS_MARKS = frozenset(bytes(range(0x80, 0xA0)).decode("cp1252", errors="ignore"))
_LATIN = re.compile("[A-Za-z]")
_LATIN_CAPITALS = re.compile("[A-Z]")
_LATIN_SMALL = re.compile("[a-z]")

# So many different words must speak for an encoding, with so large a share, and against the text as it is.
LEAST_WORDS = 4
LEAST_SHARE = 0.8
_MOST_SHARE_AS_IS = 0.5


def decode(text: str, which: Legacy) -> str:
    """The Unicode (NFC) of a text whose characters up to U+00FF stand for bytes of an encoding."""
    letters = _LETTERS[which]
    decoded = _PATTERNS[which].sub(lambda match: letters[match.group()], text)
    if which is Legacy.TCVN3:
        return _capitals(_WORD.sub(lambda match: _capitals(match.group()), decoded))
    return decoded


def encode(text: str, which: Legacy) -> str:
    """A Vietnamese text (NFC) as characters that stand for bytes; TCVN3 has no toned capitals: they become small."""
    if which is Legacy.VNI:
        return "".join(_PAIRS.get(char, char) for char in text)
    return "".join(_BYTES.get(char) or _BYTES.get(char.lower(), char) for char in text)


def _capitals(text: str) -> str:
    """The capital fonts of TCVN3 show small toned letters as capitals: the Latin letters beside them tell."""
    if len(_LATIN_CAPITALS.findall(text)) >= 2 and not _LATIN_SMALL.search(text):
        return text.upper()
    return text


def recognise(texts: Iterable[str]) -> Legacy | None:
    """The encoding that a sample of texts is in; None for text that is good as it is, or tells too little.

    Only texts that hold no letter beyond Latin-1 count: no legacy text has any, and good Vietnamese mostly has.
    """
    words = {word for text in texts if could_be_legacy(text) for word in accented_words(text)}
    if len(words) < LEAST_WORDS or share_of_syllables(words) > _MOST_SHARE_AS_IS:
        return None
    shares = {which: share_of_syllables({decode(word, which) for word in words}) for which in Legacy}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= LEAST_SHARE else None


def reads_better(text: str, which: Legacy) -> bool:
    """Whether a text makes more Vietnamese when it is decoded."""
    if not could_be_legacy(text):
        return False
    return share_of_syllables(accented_words(decode(text, which))) > share_of_syllables(accented_words(text))


def could_be_legacy(text: str) -> bool:
    """Whether a text has characters beyond ASCII, and all of them can stand for bytes."""
    return not text.isascii() and all(char <= "\u00ff" or char in _WINDOWS_MARKS for char in text)


def accented_words(text: str) -> list[str]:
    """The words of a text with Latin letters and others: a lone letter tells nothing."""
    return [word for word in _WORD.findall(text) if not word.isascii() and _LATIN.search(word)]


def share_of_syllables(words: Collection[str]) -> float:
    """How many of the words could be Vietnamese, 0 to 1; 0 of none."""
    return sum(map(is_syllable, words)) / len(words) if words else 0.0
