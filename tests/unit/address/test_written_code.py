"""Reading codes back as people write them, and what a check character catches."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.address.vpostcode import (
    CHECK_ALPHABET,
    CheckCharacterError,
    CodeError,
    CodeMalformedError,
    check_character,
    code_key,
    encode_located,
    provisional_code,
    unit_text,
    written_form,
)
from services.address.written_code import WrittenCode, read_code

areas = st.from_regex(r"[0-9]{5}", fullmatch=True)
codes = st.builds(encode_located, areas, st.floats(6.0, 24.0), st.floats(102.0, 118.0)) | st.builds(
    provisional_code, areas, st.integers(1, 999_999)
)
units = st.none() | st.integers(2, 9999).map(unit_text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22110-R6F7CJX-9", WrittenCode("22110R6F7CJX", None, True)),
        ("22110-R6F7CJX-02-7", WrittenCode("22110R6F7CJX", "02", True)),
        ("22110r6f7cjx9", WrittenCode("22110R6F7CJX", None, True)),
        (" 22110 r6f7 cjx 02 7 ", WrittenCode("22110R6F7CJX", "02", True)),
        ("22110–R6F7CJX−9", WrittenCode("22110R6F7CJX", None, True)),
        ("22110R6F7CJX027", WrittenCode("22110R6F7CJX", "02", True)),
        ("22110R6F7CJX02-7", WrittenCode("22110R6F7CJX", "02", True)),
        ("22110R6F7CJX", WrittenCode("22110R6F7CJX", None, False)),
        ("22110-R6F7CJX-127", WrittenCode("22110R6F7CJX", "127", False)),
        ("22110R6F7CJX02", WrittenCode("22110R6F7CJX", "02", False)),
        ("221100000117-M", WrittenCode("221100000117", None, True)),
        ("２２１１０-R6F7CJX-9", WrittenCode("22110R6F7CJX", None, True)),
    ],
)
def test_forms_that_people_write(text: str, expected: WrittenCode) -> None:
    assert read_code(text) == expected


@given(codes, units)
def test_the_written_form_and_the_key_are_read_back(code: str, unit: str | None) -> None:
    written = written_form(code, unit)
    for text in (written, written.lower(), written.replace("-", " "), written.replace("-", "")):
        assert read_code(text) == WrittenCode(code, unit, True)
    assert read_code(code_key(code, unit)) == WrittenCode(code, unit, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("22110-R6F7OJX-9", r"character 10 of the code, O, .*perhaps Q"),
        ("2211O-R6F7CJX-9", r"character 5 of the code, O, .*perhaps 0"),
        ("22110-R6F7CJ1-9", r"character 12 of the code, 1, .*perhaps 7"),
        ("22110-00O0117-M", r"character 8 of the code, O, .*perhaps 0"),
        ("22110-R6F7CJ?-9", r"character 12 of the code, \?, is not used there$"),
        ("22110-R6F7CJX-S", r"check character S .*perhaps 5"),
        ("22110-R6F7CJ", "has 11"),
        ("", "has 0"),
        ("22110-R6F7CJX-01-7", "02 to 9999"),
        ("22110-R6F7CJX9-02", "at most a unit and one check"),
        ("22110-R6F7CJX-02-7-7", "at most a unit and one check"),
        ("22110R6F7CJX1234", "cannot be told apart"),
        ("2" * 1000, "this text has 1000"),
    ],
)
def test_what_is_no_code_says_where_and_how_to_mend(text: str, message: str) -> None:
    with pytest.raises(CodeMalformedError, match=message):
        read_code(text)


def test_a_wrong_check_character_is_named() -> None:
    with pytest.raises(CheckCharacterError) as caught:
        read_code("22110-R6F7CJX-8")
    assert (caught.value.given, caught.value.expected) == ("8", "9")


@given(codes, units)
def test_every_substitution_and_adjacent_transposition_is_caught(code: str, unit: str | None) -> None:
    """Exhaustive over the positions and characters of each sample, the check character's own included."""
    written = written_form(code, unit)
    places = [place for place, character in enumerate(written) if character != "-"]
    for place in places:
        for other in CHECK_ALPHABET:
            if other != written[place]:
                with pytest.raises(CodeError):
                    read_code(written[:place] + other + written[place + 1 :])
    for left, right in pairwise(places):
        if written[left] != written[right]:
            swapped = list(written)
            swapped[left], swapped[right] = written[right], written[left]
            with pytest.raises(CodeError):
                read_code("".join(swapped))


@given(codes, units, st.data())
def test_the_check_character_alone_catches_them_too(code: str, unit: str | None, data: st.DataObject) -> None:
    """Errors that the grammar lets through, so that only the check character can tell."""
    body = code + (unit or "")
    place = data.draw(st.integers(0, 4))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != body[place]]))
    changed = code[:place] + digit + code[place + 1 :]
    assert check_character(changed, unit) != check_character(code, unit)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        read = read_code(text)
    except CodeError:
        return
    assert check_character(read.code, read.unit)
