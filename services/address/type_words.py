"""Type words in a text: where a word that names a kind of place stands, and whether it can be one there."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from services.address.tokens import DASH, DOT, GLUED, SPACE, Tokens
from services.address.words import (
    ACCENTED,
    BROKEN_WORDS,
    LOCAL_KINDS,
    MAX_TYPE_WORDS,
    NUMBERED_ONLY,
    SOFT,
    TRAILING,
    TYPE_WORDS,
    WEAK,
    Kind,
    spelt_as_type,
)

_FIRST_WORDS: Final = frozenset(words.split(" ")[0] for words in TYPE_WORDS)
_SECOND_WORDS: Final = frozenset(words.split(" ")[1] for words in TYPE_WORDS if " " in words)
# What begins a broken type word without being one of its whole words.
_BROKEN_STARTS: Final = frozenset(stem for word in BROKEN_WORDS for stem in accumulate(word)) - frozenset(BROKEN_WORDS)
_BROKEN_ENDS: Final = frozenset(word[start:] for word in BROKEN_WORDS for start in range(1, len(word)))
_MOST_BROKEN: Final = 5


def _may_end(text: str) -> bool:
    """Whether a type word can be one at the end of a phrase: those for other kinds are the end of a name there."""
    kind = TYPE_WORDS.get(text)
    return kind is not None and (kind in LOCAL_KINDS or kind is Kind.TOWN or text in TRAILING)


_LAST_WORDS: Final = frozenset(words.split(" ")[-1] for words in TYPE_WORDS if _may_end(words))


class TypeWord:
    """A type word at tokens [start, end)."""

    def __init__(self, start: int, end: int, kind: Kind, weak: bool) -> None:
        self.start: Final = start
        self.end: Final = end
        self.kind: Final = kind
        self.weak: Final = weak


def find_type_words(tokens: Tokens, slips: dict[str, str], accented: bool) -> list[TypeWord]:
    """The words of a text that name a kind of place, in order; `slips` are misspelt words to what they stand for,
    `accented` says that the text is written with accents."""
    found: list[TypeWord] = []
    words, gaps, count = tokens.words, tokens.gaps, len(tokens)
    mended = [slips.get(word, word) for word in words]
    toned = tokens.toned
    index = 0
    while index < count:
        step = 1
        broken = _broken_word(tokens, index) if toned[index] in _BROKEN_STARTS else None
        if broken is not None:
            found.append(broken)
            index = broken.end
            continue
        if mended[index] in _FIRST_WORDS:
            for length in range(_longest(mended, gaps, index), 0, -1):
                text = mended[index] if length == 1 else " ".join(mended[index : index + length])
                kind = TYPE_WORDS.get(text)
                if kind is not None and _in_place(tokens, index, length, text) and _spelt(tokens, index, length):
                    plain = accented and text in ACCENTED and toned[index] == words[index]
                    slip = mended[index : index + length] != words[index : index + length]
                    weak = text in WEAK or plain or slip or _may_begin_name(tokens, index, kind, found)
                    found.append(TypeWord(index, index + length, kind, weak))
                    step = length
                    break
        index += step
    kept: list[TypeWord] = []
    for at, word in enumerate(found):
        following = found[at + 1] if at + 1 < len(found) else None
        if not _office(tokens, word, following) and not _ends_name(tokens, word, following):
            kept.append(word)
    return kept


def may_go_on(tokens: Tokens, slips: dict[str, str]) -> bool:
    """Whether what follows the last token, behind a comma, may tell if the last words are a type word, or whether the
    next word is one; none does behind other words. For tokens without a comma between them."""
    count = len(tokens)
    if count == 0:
        return False
    word = tokens.words[-1]
    if word == "co" or tokens.toned[-1] in _BROKEN_ENDS:
        return True
    if slips.get(word, word) not in _LAST_WORDS:
        return False
    mended = [slips.get(word, word) for word in tokens.words[-MAX_TYPE_WORDS:]]
    for length in range(1, len(mended) + 1):
        if _may_end(" ".join(mended[-length:])) and _spelt(tokens, count - length, length):
            return True
    return False


def _longest(mended: list[str], gaps: list[int], index: int) -> int:
    """How many words a type word at a token may have, as far as its second word and commas tell."""
    if index + 1 == len(mended) or gaps[index + 1] > DASH or mended[index + 1] not in _SECOND_WORDS:
        return 1
    return 2 if index + 2 == len(mended) or gaps[index + 2] > DASH else MAX_TYPE_WORDS


def _spelt(tokens: Tokens, index: int, length: int) -> bool:
    """Whether none of its accents make a word for a kind another word."""
    for at in range(index, index + length):
        word, toned = tokens.words[at], tokens.toned[at]
        if word != toned and not spelt_as_type(word, toned):
            return False
    return True


def _ends_name(tokens: Tokens, word: TypeWord, following: TypeWord | None) -> bool:
    """Whether a type word is the end of the name before it, as another follows at once: `xã Tứ Quận huyện Yên Sơn`."""
    if following is None or following.start != word.end or {word.kind, following.kind} & LOCAL_KINDS:
        return False
    if following.weak and tokens.gaps[min(following.end, len(tokens) - 1)] != DOT:
        return False
    return _follows_name(tokens, word.start)


def _follows_name(tokens: Tokens, start: int) -> bool:
    """Whether a word that names nothing of an address by itself stands right before a token."""
    return start > 0 and tokens.gaps[start] < DASH and tokens.words[start - 1] not in _FIRST_WORDS


def _office(tokens: Tokens, word: TypeWord, following: TypeWord | None) -> bool:
    """Whether `quan` without accents ends `cơ quan`, an office, rather than names a quận."""
    if following is None or following.start != word.end or tokens.toned[word.start] != "quan":
        return False
    return word.start > 0 and tokens.words[word.start - 1] == "co" and following.kind not in LOCAL_KINDS


def _may_begin_name(tokens: Tokens, index: int, kind: Kind, found: list[TypeWord]) -> bool:
    """Whether a type word without accents stands right behind another, and so may be a name: `huyen Quan Hoa`."""
    if not found or found[-1].end != index or kind in LOCAL_KINDS or found[-1].kind in LOCAL_KINDS:
        return False
    if _follows_name(tokens, found[-1].start):
        return False
    return tokens.gaps[index] < DASH and tokens.toned[index] == tokens.words[index]


def _broken_word(tokens: Tokens, index: int) -> TypeWord | None:
    """A type word with its accents that spaces break up."""
    text = tokens.toned[index]
    if text not in _BROKEN_STARTS:
        return None
    for end in range(index + 1, min(len(tokens), index + _MOST_BROKEN)):
        if tokens.gaps[end] > SPACE:
            return None
        text += tokens.toned[end]
        kind = BROKEN_WORDS.get(text)
        if kind is not None:
            return TypeWord(index, end + 1, kind, weak=False) if end + 1 < len(tokens) else None
        if text not in _BROKEN_STARTS:
            return None
    return None


def _in_place(tokens: Tokens, index: int, length: int, text: str) -> bool:
    """Whether a type word can stand here: not glued to a number (`30D`), and, for words that are as often part of a
    name (`Võ Văn Kiệt`), not in the middle of a phrase unless a number follows."""
    if length == 1 and tokens.gaps[index] == GLUED and len(text) == 1:
        return False
    end = index + length
    ends_phrase = end == len(tokens) or tokens.gaps[end] >= DASH
    if ends_phrase and not _may_end(text):
        return False
    # Without accents `duong` ends names as well: `thon 5 Son Duong Tuyen Quang`.
    soft = text in SOFT or (text == "duong" and tokens.toned[index] == text)
    if text not in NUMBERED_ONLY and (not soft or index == 0 or tokens.gaps[index] >= DASH):
        return True
    following = tokens.words[index + length : index + length + 1]
    if following and following[0].isdigit():
        return True
    return text not in NUMBERED_ONLY and (tokens.words[index - 1].isdigit() or len(tokens.words[index - 1]) == 1)
