"""`diachi gazetteer` as people run it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gazetteer.tables import DATA
from services.cli.main import app

runner = CliRunner(env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("artifact") / "gazetteer.json.gz"
    result = runner.invoke(app, ["gazetteer", "build", "--out", str(path)])
    assert result.exit_code == 0
    assert "3321 communes" in result.output
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The shipped tables with a commune whose postal code is gone."""
    folder = tmp_path / "data"
    shutil.copytree(DATA, folder)
    table = folder / "postal_codes.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(line for line in lines if not line.startswith("02215,")), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("02287", ["Xã Chiêm Hóa", "22332", "Thị trấn Vĩnh Lộc", "Huyện Chiêm Hóa (073)", "Xã Phúc Thịnh 02338"]),
        ("02497", ["Xã Kim Phú", "Phường Mỹ Lâm 02509 (part; the usual choice)", "Phường Minh Xuân 02215 (part)"]),
        ("22110", ["Phường Minh Xuân", "anchor 21."]),
        ("22736", ["Đặc khu Trường Sa", "too wide to decode without the registry"]),
        ("769", ["Thành phố Thủ Đức", "Quận 2, in the list of 2019"]),
        ("02", ["Tỉnh Hà Giang, until June 2025", "Tỉnh Tuyên Quang (08)"]),
        ("08", ["Tỉnh Tuyên Quang, since July 2025", "Tỉnh Hà Giang (02)", "124"]),
        ("02332", ["thôn Nà Làng"]),
    ],
)
def test_show_tells_what_a_code_means(artifact: str, code: str, shown: list[str]) -> None:
    result = runner.invoke(app, ["gazetteer", "show", code, "--artifact", artifact])
    assert result.exit_code == 0
    for text in shown:
        assert text in result.output


def test_show_refuses_an_unknown_code(artifact: str) -> None:
    result = runner.invoke(app, ["gazetteer", "show", "99999", "--artifact", artifact])
    assert result.exit_code == 1
    assert "no unit has the code '99999'" in result.stderr


def test_show_without_an_artifact_says_what_to_do(tmp_path: Path) -> None:
    result = runner.invoke(app, ["gazetteer", "show", "02287", "--artifact", str(tmp_path / "none.json.gz")])
    assert result.exit_code == 1
    assert "run `diachi gazetteer build`" in result.stderr


def test_check_passes_the_shipped_tables_and_names_what_is_inferred() -> None:
    result = runner.invoke(app, ["gazetteer", "check"])
    assert result.exit_code == 0
    assert "0 errors" in result.output
    assert "postal.inferred 08872" in result.output


def test_check_and_build_refuse_broken_tables(broken: Path, tmp_path: Path) -> None:
    result = runner.invoke(app, ["gazetteer", "check", "--data", str(broken)])
    assert result.exit_code == 1
    assert "postal.missing 02215" in result.output
    out = tmp_path / "out.json.gz"
    result = runner.invoke(app, ["gazetteer", "build", "--data", str(broken), "--out", str(out)])
    assert result.exit_code == 1
    assert "nothing was built" in result.stderr
    assert not out.exists()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    result = runner.invoke(app, ["gazetteer", "check", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "provinces.csv: this table is missing" in result.stderr
