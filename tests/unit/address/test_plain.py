"""Plain parts read by their word and number alone: as if the whole part had been read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.gazetteer import Gazetteer
from services.address.details import parse_details
from services.address.lexicon import Lexicon
from services.address.mentions import read
from services.address.plain import PlainParts
from services.address.tokens import tokenise

_WORDS = (
    "", "số ", "Số nhà ", "SỐ NHÀ ", "so nha ", "nhà ", "SN. ", "sn ", "Thôn ", "thon ", "xóm ", "Ấp ", "khóm ", "bản ",
    "Tổ ", "TỔ ", "Tổ dân phố ", "TDP ", "tdp", "Tổ nhân dân ", "Khu phố ", "kp ", "khu vực ", "Khối ", "đội ", "Ngõ ",
    "ngách ", "hẻm ", "Kiệt ",
)  # fmt: skip
_numbers = st.from_regex(r"0?[1-9][0-9]{0,2}([a-zA-Z]?(/[0-9]{1,4}[a-zA-Z]?){0,3}|(-[0-9]{1,4}){0,3})", fullmatch=True)
_LEXICON = Lexicon(Gazetteer.load())
_PARTS = PlainParts(_LEXICON)


@given(st.sampled_from(_WORDS), _numbers)
def test_a_plain_part_is_read_as_the_general_parser_reads_it(word: str, number: str) -> None:
    piece = _PARTS.read(word + number)
    reading = read(tokenise(word + number, _LEXICON.syllables, _LEXICON.slips), _LEXICON)
    (whole,) = parse_details(reading, len(reading.tokens))
    assert piece is not None
    assert (piece.label, piece.value) == (whole.label, whole.value)


@pytest.mark.parametrize(
    "part",
    [
        "Phường 7",
        "Quận 3",
        "Tân Lập 2",
        "Thôn Tân Lập 2",
        "22110",
        "Thôn",
        "xã 5",
        "12 Trần Phú",
        "km 5",
        "",
        "0912345678",
    ],
)
def test_other_parts_are_left_to_the_general_parser(part: str) -> None:
    assert _PARTS.read(part) is None
