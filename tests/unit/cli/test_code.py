"""`diachi code` as it is typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.code import app


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


POINT = ("--lat", "21.823612", "--lon", "105.214109")


def test_encode_by_area_and_by_commune() -> None:
    code, output = run("encode", "--area", "22110", *POINT)
    assert code == 0
    assert "22110R6F7CJX" in output
    assert "22110-R6F7CJX-9" in output
    code, by_commune = run("encode", "--commune", "02215", *POINT)
    assert code == 0
    assert "R6F7CJX" in by_commune


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--area", "99999", *POINT], "no registry area 99999"),
        (["--commune", "99999", *POINT], "no commune of today has the code 99999"),
        (["--area", "22110", "--lat", "10.5", "--lon", "106.5"], "too far from area 22110"),
        (["--area", "22110", "--lat", "nan", "--lon", "106.5"], "too far from area 22110"),
    ],
)
def test_encode_refuses_and_says_why(arguments: list[str], said: str) -> None:
    code, output = run("encode", *arguments)
    assert (code, said in output) == (1, True), output


def test_encode_wants_an_area_or_a_commune() -> None:
    assert run("encode", *POINT)[0] == 2
    assert run("encode", "--area", "22110", "--commune", "02215", *POINT)[0] == 2


def test_decode() -> None:
    code, output = run("decode", "22110-R6F7CJX-9")
    assert code == 0
    assert "7PH7R6F7+CJX" in output
    assert "21.8236125, 105.2141094" in output
    assert "misread" not in output
    assert "misread" in run("decode", "22110R6F7CJX")[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("221100000117", "provisional"),
        ("99999R6F7CJX", "no registry area 99999"),
        ("22110-R6F7CJX-8", "9 would fit"),
    ],
)
def test_decode_refuses_and_says_why(text: str, said: str) -> None:
    code, output = run("decode", text)
    assert (code, said in output) == (1, True), output


@pytest.mark.parametrize(
    ("text", "exit_code", "said"),
    [
        ("22110-R6F7CJX-9", 0, "right: 22110-R6F7CJX-9 (located)"),
        ("22110 r6f7cjx 02 7", 0, "right: 22110-R6F7CJX-02-7 (located)"),
        ("221100000117M", 0, "right: 22110-0000117-M (provisional)"),
        ("22110-R6F7CJX-8", 1, "wrong: check character 8 is wrong: 9 would fit"),
        ("2211O-R6F7CJX-9", 1, "perhaps 0?"),
        ("22110-R6F7CJX", 1, "not checked: no check character; in full it is 22110-R6F7CJX-9"),
    ],
)
def test_check(text: str, exit_code: int, said: str) -> None:
    code, output = run("check", text)
    assert (code, said in output) == (exit_code, True), output
