"""Tokens are where they say, and apart by what stands between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gazetteer.names import fold, tone_key
from services.address.tokens import COMMA, DASH, DOT, GLUED, MAX_TOKENS, SPACE, _gap, tokenise

pieces = st.sampled_from(
    ["thôn5", "TP.HồChíMinh", "M'Gar", "tỉnhthanh", "giang", "12/3", "P1", ",", " ", ". ", " - ", "–", "("]
)
texts = st.text(max_size=60) | st.lists(pieces, max_size=12).map("".join)
_SYLLABLES = frozenset({"ha", "giang", "thanh", "tinh"})


@given(texts)
def test_tokens_are_where_they_say(text: str) -> None:
    tokens = tokenise(text, _SYLLABLES)
    written = [tokens.text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)]
    assert tokens.toned == [tone_key(part).replace(" ", "") for part in written]
    between = [tokens.text[end:start] for end, start in zip(tokens.ends, tokens.starts[1:], strict=False)]
    assert tokens.gaps == [COMMA, *map(_gap, between)][: len(tokens)]


def test_what_stands_between_tokens_is_told_apart() -> None:
    tokens = tokenise("P1. Minh - Xuân,TP.Hà Giang")
    assert tokens.words == ["p", "1", "minh", "xuan", "tp", "ha", "giang"]
    assert tokens.gaps == [COMMA, GLUED, DOT, DASH, COMMA, DOT, SPACE]


def test_words_in_one_case_are_split_into_syllables() -> None:
    tokens = tokenise("xã hàgiang,12", _SYLLABLES)
    assert (tokens.words, tokens.toned) == (["xa", "ha", "giang", "12"], ["xã", "hà", "giang", "12"])
    assert (tokens.starts, tokens.ends) == ([0, 3, 5, 11], [2, 5, 10, 13])
    assert tokens.gaps == [COMMA, SPACE, GLUED, COMMA]


def test_only_so_many_tokens_are_read() -> None:
    text = "a1 " * MAX_TOKENS
    tokens = tokenise(text)
    assert len(tokens) == MAX_TOKENS
    assert fold(text[: tokens.ends[-1]]).replace(" ", "") == "".join(tokens.words)
    assert len(tokenise("a1" * (MAX_TOKENS // 2) + "b2")) == MAX_TOKENS
