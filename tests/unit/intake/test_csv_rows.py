"""Rows of CSV text come out the same wherever its blocks end."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake import csv_rows
from services.intake.csv_rows import read_rows
from services.intake.formulas import with_formula
from services.intake.table import ReadError

# Whatever decides where a cell, a row or a block ends.
pieces = st.sampled_from(['"', '""', ",", "\n", "\r", "\r\n", "a", "Thôn 5", "'", "'=1", " ", ",,", '"b\nc"', "\u2028"])
texts = st.lists(pieces, max_size=40).map("".join)


def as_a_whole(text: str) -> list[list[str]] | None:
    """What Python's csv makes of a text that it is given at once; None where its last cell stays open."""
    lines = io.StringIO(text, newline="").readlines()
    rows = list(csv.reader([*lines, "\n"]))
    if rows[-1]:
        return None
    return [[with_formula(cell) for cell in cells] for cells in rows if any(cells)]


def by_blocks(text: str, size: int) -> list[list[str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "_BLOCK_CHARS", size)
        return list(read_rows(io.StringIO(text, newline=""), "file.csv", ","))


@given(text=texts, size=st.integers(1, 12))
@example(text='a,"b\r\nc"\r\nd,e\r\n', size=6)
@example(text='x"y\na,"b\nc', size=4)
def test_the_size_of_blocks_makes_no_difference(text: str, size: int) -> None:
    expected = as_a_whole(text)
    if expected is None:
        with pytest.raises(ReadError, match="not closed"):
            by_blocks(text, size)
    else:
        assert by_blocks(text, size) == expected


@pytest.mark.parametrize("size", [10, 64 * 1024])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('a,b\n1,"x\ny"\n2,"x\n', "line 4: a quotation mark"),
        ("a,b\n" * 500 + '1,"x\n' + "y\n" * 200 + '"\n', "line 501: a quotation mark"),
        ("a,b\n" * 500 + "1," + "x" * 200_000 + "\n", "line 501: field larger"),
        # The tenth character of a line is its carriage return: a block ends between it and the line feed.
        ("123456,89\r\n" * 5 + '1,"x', "line 6: a quotation mark"),
        ('a,"b\nc"\n' + "x" * 3_000_000, "line 3 has more than 2,097,152"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, says: str, size: int) -> None:
    with pytest.raises(ReadError, match=says):
        by_blocks(text, size)


def test_the_longest_cell_of_several_lines_is_read() -> None:
    text = 'a,"' + "x\n" * 99 + '"\nb,c\n'
    assert by_blocks(text, 64) == [["a", "x\n" * 99], ["b", "c"]]


def test_text_that_its_encoding_does_not_allow_is_named() -> None:
    file = io.TextIOWrapper(io.BytesIO("a,b\n".encode("utf-16") * 20_000 + b"x"), encoding="utf-16", newline="")
    with pytest.raises(ReadError, match="after line"):
        list(read_rows(file, "file.csv", ","))
