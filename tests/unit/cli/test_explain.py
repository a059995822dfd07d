"""`diachi explain`: both languages say the same, about any address."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.main import app

_RUNNER = CliRunner()


def _explain(*arguments: str) -> str:
    result = _RUNNER.invoke(app, ["explain", *arguments], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.output


def test_an_accepted_address_in_vietnamese() -> None:
    text = _explain("Tổ 5, P. Tân Qang, TP Tuyên Quang")
    assert "CHẤP NHẬN" in text
    assert "Phường Tân Quang, Thành phố Tuyên Quang" in text
    assert "viết sai một hai chữ cái" in text


def test_a_divided_commune_in_english() -> None:
    text = _explain("xã Việt Lâm, huyện Vị Xuyên, Hà Giang", "--lang", "en")
    assert "CONFIRM" in text
    assert "Xã Vị Xuyên" in text
    assert "divided among several" in text


@pytest.mark.parametrize("address", ["", "[red]zqzq[/red] [/]", "abc", "12 rue de la Paix, Paris"])
def test_a_text_that_is_no_address(address: str) -> None:
    assert "FIX" in _explain(address, "--lang", "en")


def test_a_point_gives_a_code() -> None:
    text = _explain("phường Minh Xuân, tỉnh Tuyên Quang", "--lat", "21.823612", "--lon", "105.214109")
    assert "22110R6F7CJX" in text


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("vi", ["mã cộng", "địa điểm gần đó", "ghi chú", "không thuộc địa chỉ", "căn hộ", "cột km"]),
        ("en", ["plus code", "landmark", "remark", "not part of the address", "flat", "kilometre"]),
    ],
)
def test_every_part_of_an_address_is_named(language: str, labels: list[str]) -> None:
    address = "47V5+Q9V, Tạp hóa Hoa Sen, tầng 2, tòa A1, km 8 QL2 (cạnh cầu), MST 0101234567, phường Minh Xuân"
    text = _explain(address, "--lang", language)
    assert [label for label in labels if label not in text] == []
