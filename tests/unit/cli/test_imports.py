"""Importing as people do it: the commands, and every one of the page docs/imports.md on the files of that page."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import Result
from typer.testing import CliRunner

from gazetteer.gazetteer import Gazetteer
from services.address.faults import Fault
from services.cli.main import app

PAGE = (Path(__file__).parents[3] / "docs/imports.md").read_text(encoding="utf-8")
VILLAGES = "Thôn,Mã xã\nThôn Hư Cấu,02215\nThôn Ví Dụ,02509\n"

runner = CliRunner(env={"COLUMNS": "120"})


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the files of the page and no imports."""
    monkeypatch.delenv("DIACHI_IMPORTS_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    for name, text in re.findall(r"```\w+ file=(\S+)\n(.+?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: str, status: int = 0) -> Result:
    result = runner.invoke(app, arguments)
    assert result.exit_code == status, result.output
    return result


def version(folder: Path = Path(".diachi/imports")) -> str:
    return Gazetteer.load(imports=folder).version


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```\n(diachi .+?)```", PAGE, re.DOTALL | re.MULTILINE)
    return [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]


def test_the_commands_of_the_page_work_in_their_order() -> None:
    done = {}
    for command in commands():
        # On a real broker: tests/stream/test_village_news.py; with two gazetteers: tests/unit/cli/test_plan.py.
        if "--publish" in command or command[1] == "plan":
            continue
        done[command[2] if len(command) > 2 else "imports"] = runner.invoke(app, command)
    assert {name: result.exit_code for name, result in done.items()} == {
        "thon.csv": 0, "ban.csv": 0, "xa.geojson": 0, "ma-buu-chinh.csv": 0, "sai.csv": 1, "imports": 0,
    }  # fmt: skip
    assert "villages imported now: 3 (new 3, changed 0, gone 0)" in done["thon.csv"].output
    assert "rows: 1; with errors: 0; warnings: 0" in done["ban.csv"].output
    assert "boundaries imported now: 1 " in done["xa.geojson"].output
    assert "postal codes imported now: 1 " in done["ma-buu-chinh.csv"].output
    told = done["imports"].output
    for text in ("villages      3 of 2 communes", "boundaries    1", "postal codes  1", version()):
        assert text in told


def test_the_errors_of_the_page_are_those_of_the_check() -> None:
    run("gazetteer", "villages", "sai.csv", "--report", "errors.csv", status=1)
    with Path("errors.csv").open(encoding="utf-8-sig", newline="") as file:
        found = [
            (row["row"], f"`{row['kind']}` {row['what']}", row["mend"])
            for row in csv.DictReader(file)
            if row["severity"] == "error"
        ]
    table = PAGE.partition("| row | error |")[2].split("\n\n")[0].splitlines()[2:]
    assert found == [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table]
    assert not Path(".diachi").exists()


def test_the_fields_of_the_page_are_understood_as_it_says() -> None:
    from services.imports.columns import VILLAGE_FIELDS, map_list

    rows = [line.strip("|").split("|") for line in PAGE.partition("| field |")[2].split("\n\n")[0].splitlines()[2:]]
    named = {}
    for fields, headings, _ in rows:
        names = re.findall(r"`(\w+)`", fields)
        known = [heading.strip(" …") for heading in headings.split(",") if heading.strip()]
        named.update(dict.fromkeys(names, known))
        found = {name for heading in known for name in map_list([heading], VILLAGE_FIELDS, {})}
        assert found == (set(names) if known else set()), fields
    assert set(named) == set(VILLAGE_FIELDS) - {"accuracy_m"}


def test_the_same_import_twice_changes_nothing(work: Path) -> None:
    before = version()
    first = run("gazetteer", "villages", "thon.csv").output
    after = version()
    assert f"the gazetteer was {before} and is {after}" in first
    assert before != after
    files = {path.name: path.read_bytes() for path in (work / ".diachi/imports").iterdir()}
    assert (
        f"nothing changed: villages imported: 3; the gazetteer is still {after}"
        in run("gazetteer", "villages", "thon.csv").output
    )
    assert {path.name: path.read_bytes() for path in (work / ".diachi/imports").iterdir()} == files


def test_the_same_list_as_a_workbook_is_the_same_import(work: Path) -> None:
    Path("one.csv").write_text(VILLAGES, encoding="utf-8")
    run("gazetteer", "villages", "one.csv")
    after = version()
    with xlsxwriter.Workbook(work / "one.xlsx") as book:
        sheet = book.add_worksheet("Thôn")
        sheet.write_string(0, 0, "DANH SÁCH THÔN NĂM 2025")
        for row, line in enumerate(VILLAGES.splitlines(), start=2):
            for column, cell in enumerate(line.split(",")):
                # Excel takes the code for a number, and its zero is gone.
                sheet.write(row, column, int(cell) if cell.isdigit() else cell)
    assert "nothing changed" in run("gazetteer", "villages", "one.xlsx").output
    assert version() == after


def test_a_list_replaces_its_communes_and_leaves_the_others() -> None:
    run("gazetteer", "villages", "thon.csv")
    Path("new.csv").write_text("Thôn,Mã xã\nTổ dân phố Hư Cấu,02215\nThôn Mới,02215\n", encoding="utf-8")
    said = run("gazetteer", "villages", "new.csv").output
    assert "villages imported now: 3 (new 1, changed 1, gone 1)" in said
    names = {one.name for one in Gazetteer.load(imports=Path(".diachi/imports")).villages if one.source == "import"}
    assert names == {"Hư Cấu", "Mới", "Ví Dụ"}


def test_errors_stop_the_import_or_are_left_out() -> None:
    run("gazetteer", "villages", "sai.csv", status=1)
    assert not Path(".diachi").exists()
    assert "villages imported now: 1 " in run("gazetteer", "villages", "sai.csv", "--skip-errors").output


def test_a_check_imports_nothing() -> None:
    for command, file in (("villages", "thon.csv"), ("boundaries", "xa.geojson"), ("postal-codes", "ma-buu-chinh.csv")):
        run("gazetteer", command, file, "--check")
    assert not Path(".diachi").exists()


@pytest.mark.parametrize(
    ("command", "name", "text", "says"),
    [
        ("villages", "x.csv", "", "is empty"),
        ("villages", "x.csv", "Tên gọi,Mã xã\nA,02215\n", "no column is the field village"),
        ("villages", "x.csv", "Thôn,Ghi chú\nThôn A,x\n", "nothing says which commune"),
        ("villages", "x.csv", "Thôn,Mã xã\n", "has no rows"),
        ("postal-codes", "x.csv", "Mã xã,Mã\n02215,1\n", "no column is the field postal_code"),
        ("boundaries", "x.geojson", "{", "is no GeoJSON (line 1"),
        ("boundaries", "x.geojson", '{"type": "Feature"}', "has no features"),
        ("boundaries", "x.geojson", '{"features": [{"properties": {"a": 1}}]}', "nothing says which commune"),
        ("boundaries", "x.geojson", '{"crs": "EPSG:9211", "features": [1]}', "is not in WGS84"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(command: str, name: str, text: str, says: str) -> None:
    Path(name).write_text(text, encoding="utf-8")
    assert says in run("gazetteer", command, name, status=1).stderr
    assert not Path(".diachi").exists()


def test_a_missing_file_and_a_wrong_kind_are_named() -> None:
    assert "missing.csv: No such file" in run("gazetteer", "villages", "missing.csv", status=1).stderr
    assert "is not one of" in run("gazetteer", "villages", "thon.csv", "--kind", "street", status=2).stderr
    assert "--publish" in run("gazetteer", "villages", "thon.csv", "--withdraw-missing", status=2).stderr
    assert "no such column" in run("gazetteer", "villages", "thon.csv", "--map", "village=X", status=1).stderr


def test_digitise_and_explain_use_imports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    address = "Tổ dân phố Hư Cấu, phường Minh Xuân, Tuyên Quang"
    before = run("explain", address, "--lang", "en").output
    assert f"−{Fault.VILLAGE_UNLISTED.penalty} " in before
    monkeypatch.setenv("DIACHI_IMPORTS_DIR", str(tmp_path / "kept"))
    for command, file in (("villages", "thon.csv"), ("boundaries", "xa.geojson"), ("postal-codes", "ma-buu-chinh.csv")):
        run("gazetteer", command, file)
    after = run("explain", address, "--lang", "en").output
    assert "21.823612, 105.214109" in after
    assert f"−{Fault.VILLAGE_UNLISTED.penalty} " not in after
    lines = (
        f'id,address,lat,lon\n1,"{address}",,\n2,"{address}",21.801234,105.201234\n3,"{address}",21.801234,105.401234\n'
    )
    Path("in.csv").write_text(lines, encoding="utf-8")
    run("digitise", "in.csv", "-o", "out.csv", "--quiet")
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["postal_code"] for row in rows] == ["22199"] * 3
    assert [row["coordinate_level"] for row in rows] == ["village", "point", "village"]
    assert rows[1]["proposed_code"].startswith("22110"), "the registry area stays"
    assert ["point.outside_commune" in row["faults"] for row in rows] == [False, False, True]


def test_the_services_of_a_stack_find_the_folder_from_wherever_they_run(work: Path) -> None:
    from services.cli.stack import _services
    from services.stream.settings import read_settings

    for service in _services(read_settings(), 1, 6066):
        assert service.environ["DIACHI_IMPORTS_DIR"] == str(work / ".diachi/imports")


def test_an_import_that_cannot_be_read_stops_every_command() -> None:
    folder = Path(".diachi/imports")
    folder.mkdir(parents=True)
    (folder / "postal-codes.csv").write_text("commune,code\n02215,22110\n", encoding="utf-8")
    Path("in.csv").write_text("address\nA\n", encoding="utf-8")
    for command in (
        ("explain", "A"), ("digitise", "in.csv", "-o", "out.csv"), ("code", "decode", "22110R6F7CJX"),
        ("gazetteer", "show", "02215"), ("gazetteer", "imports"), ("normaliser",),
    ):  # fmt: skip
        result = run(*command, status=1)
        assert "the columns are not commune, postal_code" in result.stderr, command
