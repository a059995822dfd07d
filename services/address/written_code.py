"""Reading codes as people write them: lower case, spaces for hyphens, without check character, misread letters."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

from services.address.vpostcode import (
    CHECK_ALPHABET,
    CODE_LENGTH,
    CODE_PATTERN,
    OLC_ALPHABET,
    UNIT_PATTERN,
    CheckCharacterError,
    CodeMalformedError,
    check_character,
)

_DIGITS: Final = "0123456789"
_MAX_TEXT: Final = 64

# What a character outside the code's alphabet was probably meant to be; the first that its place allows is named.
_LOOKALIKES: Final = {
    "0": "Q",
    "1": "7",
    "A": "4",
    "B": "8",
    "D": "0",
    "E": "3",
    "G": "6",
    "I": "1",
    "K": "X",
    "L": "1",
    "N": "M",
    "O": "0Q",
    "Q": "0",
    "S": "5",
    "T": "7",
    "U": "V",
    "Y": "V",
    "Z": "2",
}


@dataclass(frozen=True, slots=True)
class WrittenCode:
    """A code as read. `checked` is False if the text had no check character: a misreading would go unseen."""

    code: str
    unit: str | None
    checked: bool


def read_code(text: str) -> WrittenCode:
    """Read the written form, with or without unit, hyphens and check character, in any case.

    A code's key (`22110R6F7CJX-02`) is read too. Raises CheckCharacterError if the check character does not fit,
    CodeMalformedError if the text is no code; its message names the place and, where one is likely, the mend.
    """
    code, tail, glued = _split(text)
    _require_grammar(code)
    unit, check = _read_glued(code, tail[0]) if glued and len(tail) == 1 else _read_parts(tail)
    if check is None:
        return WrittenCode(code, unit, checked=False)
    if check not in CHECK_ALPHABET:
        raise CodeMalformedError(f"check character {check} is not used in codes{_hint(check, CHECK_ALPHABET)}")
    expected = check_character(code, unit)
    if check != expected:
        raise CheckCharacterError(check, expected)
    return WrittenCode(code, unit, checked=True)


def _split(text: str) -> tuple[str, list[str], bool]:
    """The 12 characters of the code, the parts after it, and whether the first of them hung on to the code."""
    if len(text) > _MAX_TEXT:
        raise CodeMalformedError(f"a code has {CODE_LENGTH} characters and a few more; this text has {len(text)}")
    folded = unicodedata.normalize("NFKC", text).upper()
    parts = "".join(" " if _separates(character) else character for character in folded).split()
    code = ""
    for index, part in enumerate(parts):
        code += part
        if len(code) > CODE_LENGTH:
            return code[:CODE_LENGTH], [code[CODE_LENGTH:], *parts[index + 1 :]], True
        if len(code) == CODE_LENGTH:
            return code, parts[index + 1 :], False
    raise CodeMalformedError(f"a code has {CODE_LENGTH} characters, this one has {len(code)}")


def _separates(character: str) -> bool:
    return character.isspace() or character == "\u2212" or unicodedata.category(character) == "Pd"


def _require_grammar(code: str) -> None:
    if CODE_PATTERN.fullmatch(code):
        return
    for position, character in enumerate(code):
        allowed = _allowed(code, position)
        if character not in allowed:
            raise CodeMalformedError(
                f"character {position + 1} of the code, {character}, is not used there{_hint(character, allowed)}"
            )


def _allowed(code: str, position: int) -> str:
    """The characters that may stand at a position, given those before it."""
    if position < 5 or (position > 5 and code[5] == "0"):
        return _DIGITS
    return "0" + OLC_ALPHABET if position == 5 else OLC_ALPHABET


def _hint(character: str, allowed: str) -> str:
    likely = [other for other in _LOOKALIKES.get(character, "") if other in allowed]
    return f" (perhaps {likely[0]}?)" if likely else ""


def _read_parts(tail: list[str]) -> tuple[str | None, str | None]:
    """Unit and check character where hyphens or spaces tell them apart: a check character is one character long."""
    match tail:
        case []:
            return None, None
        case [check] if len(check) == 1:
            return None, check
        case [unit]:
            return _unit(unit), None
        case [unit, check] if len(check) == 1:
            return _unit(unit), check
    raise CodeMalformedError("after the code stand at most a unit and one check character")


def _read_glued(code: str, rest: str) -> tuple[str | None, str | None]:
    """Unit and check character where nothing separates them from the code."""
    if len(rest) == 1:
        return None, rest
    unit, check = rest[:-1], rest[-1]
    both = UNIT_PATTERN.fullmatch(unit) is not None
    if both and (check_character(code, unit) == check or not UNIT_PATTERN.fullmatch(rest)):
        return unit, check
    if both:
        raise CodeMalformedError("unit and check character cannot be told apart: write them with hyphens")
    return _unit(rest), None


def _unit(text: str) -> str:
    if not UNIT_PATTERN.fullmatch(text):
        raise CodeMalformedError("a unit is a number from 02 to 9999")
    return text
