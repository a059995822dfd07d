"""Texts that nobody should have to read, made from those that people write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from random import Random

from tests.bench.province import rows

Spoil = Callable[[Random, str], str]

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e"
_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
_MARKS = "\u0300\u0301\u0303\u0309\u0323\u031b\u0302\u0306\u20dd\u0489"
_SPACES = "\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\x0b\x0c\x1c\x85"
_CONTROLS = "\x01\x07\x08\x1b\x7f\x9f\ufffe\uffff\ufffd"
_OTHER_SCRIPTS = "العنوان 住所 ที่อยู่ адрес διεύθυνση 🏠🇻🇳👩‍👩‍👧 𝐓𝐡ô𝐧 ｔｈôｎ ⅳ ² ½ ٣ ៣"
_KINDS = ("thôn", "xã", "phường", "huyện", "tỉnh", "tổ", "số", "ngõ", "đường", "km", "sn", "tp", "tt", "ql")
_WORDS = (*_KINDS, *".,-/();:'\"#&+=@", "..")
_MOST = 1000


@cache
def plain_texts(count: int = 3000) -> tuple[str, ...]:
    """Addresses as people write them, in this order."""
    return tuple(row.address for row in rows(count) if row.address)


def _sprinkled(random: Random, text: str, characters: str, most: int = 20) -> str:
    letters = list(text)
    for _ in range(random.randint(1, most)):
        letters.insert(random.randint(0, len(letters)), random.choice(characters))
    return "".join(letters)


def _decomposed(random: Random, text: str) -> str:
    return unicodedata.normalize(random.choice(["NFD", "NFKD", "NFKC"]), text)


def _misread(random: Random, text: str) -> str:
    """As text looks that was decoded with the wrong encoding, in parts or wholly, once or twice."""
    start = random.randint(0, len(text))
    part = text[start:]
    for _ in range(random.randint(1, 2)):
        part = part.encode("utf-8").decode(random.choice(["latin-1", "cp1258", "cp437"]), errors="replace")
    return text[:start] + part


def _long_word(random: Random, text: str) -> str:
    word = random.choice(
        [random.choice(text or "a"), random.choice(_WORDS), random.choice(_MARKS), "1", "0.", "ngõ 1/"]
    )
    return text[: random.randint(0, len(text))] + word * random.randint(1, _MOST)


def _repeated(random: Random, text: str) -> str:
    """One name again and again: what looks for pairs of names has as many as can be."""
    parts = text.split(random.choice([",", " "]))
    part = random.choice(parts) or "xã"
    return random.choice([", ", " ", " - ", ",", ""]).join([part] * random.randint(2, 200)) + text


def _many_places(random: Random, text: str) -> str:
    return random.choice([", ", " - ", " "]).join([text, *random.choices(plain_texts(), k=random.randint(2, 12))])


def _word_salad(random: Random, text: str) -> str:
    words = text.split() + random.choices(_WORDS, k=random.randint(1, 150))
    random.shuffle(words)
    return random.choice([" ", "", ", "]).join(words)


def _numbers(random: Random, text: str) -> str:
    """Digits in every shape that a phone, a house number or a code has."""
    shapes = ["0912345678", "1/2/3/4/5", "7PH7R6F7+CJX", "22110-R6F7CJX-9", "12A-14B", "+84 (0)912", "1e308", "-0"]
    return text + random.choice([" ", ", ", ""]).join(random.choices(shapes, k=random.randint(1, 90)))


def _any_characters(random: Random, _: str) -> str:
    """Code points from the whole of Unicode, unassigned ones too; no surrogates, which are no text."""
    points = (random.choice([0x7F, 0x24F, 0x1EFF, 0xFFFF, 0x10FFFF]) for _ in range(random.randint(1, 300)))
    return "".join(chr(point) for most in points if not 0xD800 <= (point := random.randint(0, most)) <= 0xDFFF)


def _other_scripts(random: Random, text: str) -> str:
    return _sprinkled(random, text, _OTHER_SCRIPTS)


def _swapped_case(_: Random, text: str) -> str:
    return "".join(letter.upper() if nth % 2 else letter.lower() for nth, letter in enumerate(text))


def _formula(random: Random, text: str) -> str:
    return random.choice(["=", "+", "-", "@", "\t=", "'="]) + f'HYPERLINK("http://127.0.0.1/?"&A1;"{text}")'


def _ten_kilobytes(random: Random, text: str) -> str:
    return (random.choice([text, " ", "ạ", ",", "xã "]) * 10_000)[:10_240]


def _short(random: Random, text: str) -> str:
    return text[: random.randint(0, 3)]


def _untouched(_: Random, text: str) -> str:
    return text


def _sprinkling(characters: str) -> Spoil:
    return lambda random, text: _sprinkled(random, text, characters)


SPOILS: dict[str, Spoil] = {
    "as people write": _untouched,
    "combining marks": _sprinkling(_MARKS),
    "zero width": _sprinkling(_INVISIBLE),
    "right to left": _sprinkling(_DIRECTIONS),
    "odd spaces": _sprinkling(_SPACES),
    "control characters": _sprinkling(_CONTROLS),
    "other scripts": _other_scripts,
    "decomposed": _decomposed,
    "mixed encodings": _misread,
    "one word long": _long_word,
    "repeated names": _repeated,
    "many places": _many_places,
    "word salad": _word_salad,
    "numbers": _numbers,
    "any characters": _any_characters,
    "mixed case": _swapped_case,
    "formulas": _formula,
    "10 kB": _ten_kilobytes,
    "short": _short,
}


def hostile_text(random: Random, kind: str) -> str:
    """A text of that kind; one in five is spoilt a second way too."""
    text = SPOILS[kind](random, random.choice(plain_texts()))
    return text if random.random() < 0.8 else SPOILS[random.choice(list(SPOILS))](random, text)
