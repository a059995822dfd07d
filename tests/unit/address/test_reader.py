"""Texts read segment by segment say what they say when they are read as a whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gazetteer.gazetteer import Gazetteer
from services.address.lexicon import Lexicon
from services.address.mentions import Mention, Reading, read
from services.address.reader import Reader
from services.address.tokens import tokenise
from services.address.type_words import TypeWord

LEXICON = Lexicon(Gazetteer.load())
READER = Reader(LEXICON)

# Names and type words, and what a comma does not keep apart: the end of a type word before it, a number behind it.
words = st.sampled_from(
    ["xã", "X.", "Phường", "P.", "thị trấn", "TT", "huyện", "quận", "quan", "cơ", "co", "tỉnh", "T.", "Thôn", "thon 5",
     "Bản", "tổ", "duong", "đường", "kiệt", "k", "Hà Giang", "Ha Giang", "Sơn Dương", "son duong", "Tân Lập", "Na Hang",
     "Tứ Quận", "Vị Xuyên", "Đà Lạt", "Bắc Mê", "5", "12A", "7/3", "Phường 2", "Việt", "viet", "nam", "Vietnam", "ph",
     "ường", "thành ph", "ố", "Ward", "District", "xãTânLập", "Ha\u0300", "\u00ad", "\\", "-", "/", "."]
)  # fmt: skip
segments = st.lists(words, max_size=4).map(" ".join)
texts = st.lists(segments, max_size=5).map(",".join)


def _whole(text: str) -> Reading:
    return read(tokenise(text, LEXICON.syllables, LEXICON.slips), LEXICON)


def _type_word(reading: Reading, word: TypeWord | None) -> tuple[object, ...] | None:
    """What a type word is, and whether it is one of the reading's own."""
    if word is None:
        return None
    return word.start, word.end, word.kind, word.weak, any(word is one for one in reading.words)


def _mention(reading: Reading, one: Mention) -> tuple[object, ...]:
    word = _type_word(reading, one.word)
    return one.start, one.end, one.name.key, word, one.left, one.toned, one.similarity, one.wider_only


def _said(reading: Reading) -> dict[str, object]:
    tokens = reading.tokens
    return {
        "tokens": (tokens.text, tokens.words, tokens.toned, tokens.starts, tokens.ends, tokens.gaps, tokens.cut),
        "words": [_type_word(reading, word) for word in reading.words],
        "before": {end: _type_word(reading, word) for end, word in reading.word_before.items()},
        "neutral": reading.neutral,
        "country": reading.country,
        "local": reading.local_starts,
        "mentions": [_mention(reading, one) for one in reading.mentions],
        "starting": {at: [_mention(reading, one) for one in mine] for at, mine in reading.starting.items()},
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "X. Nhữ Khê,H. Yên Sơn,T. Tuyên Quang",
        "xã Tứ Quận,huyện Yên Sơn",
        "cơ,quan Hoàn Kiếm",
        "thị trấn,huyện Na Hang,Hà Giang",
        "Thôn Tân Lập,5 Hà Giang",
        "tổ,5 Hà Giang",
        "Phường 2,Đà Lạt,3,Lâm Đồng",
        "ph ường,Trần Phú",
        "viet,nam",
        "12 Hà Giang,Hà Giang\\,Việt Nam",
        "X. Yên Hoa," * 60,
    ],
)
def test_a_text_says_the_same_by_its_segments(text: str) -> None:
    for _ in range(2):
        assert _said(READER.read(text)) == _said(_whole(text))


@given(texts)
@example("Hà Giang,e\u0301,Ha\u0300 Giang")
def test_no_text_says_something_else(text: str) -> None:
    assert _said(READER.read(text)) == _said(_whole(text))


def test_what_was_read_is_not_changed_by_what_is_added_to_it() -> None:
    text = "X. Yên Hoa,H. Na Hang"
    first = READER.read(text)
    first.neutral[0] = False
    first.keep([])
    first.tokens.words.append("x")
    assert _said(READER.read(text)) == _said(_whole(text))
