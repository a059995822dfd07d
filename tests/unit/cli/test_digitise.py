"""`diachi digitise`: one output row for each input row, in order, in three formats and as a filter."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import load_workbook
from typer.testing import CliRunner

from services.cli.main import app

DIACHI = Path(sys.executable).with_name("diachi")

CSV = """id,Địa chỉ,lat,lon,Chủ hộ,SĐT,Tuyến,Người nhận
1,"thôn 5, xã Tân Trào, Sơn Dương, Tuyên Quang","21,7801","105,4012",Lò Văn Mẫu,0900 000 697,TQ-03 gọi 0900 000 697,A
2,,,,,,,
3,"Phường Minh Xuân, Tuyên Quang",21°49',105,Ma Thị Ví Dụ,,TQ-04,B
4,"Số 12 đường Tân Hà, Phường Minh Xuân, Tuyên Quang, nhà bà Ma Thị Ví Dụ",21.823612,105.214109,Ma Thị Ví Dụ,,TQ-05,C
5,"xã Tân Trào, Tuyên Quang",,,,,,,surplus
"""
PERSONAL = ("Lò Văn Mẫu", "0900 000 697", "0900000697", "Ma Thị Ví Dụ", "Chủ hộ", "SĐT", "Người nhận")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(CSV, encoding="utf-8-sig")
    return path


def digitise(file: Path, output: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["digitise", str(file), "-o", str(output), *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_json_lines(sample: Path, tmp_path: Path) -> None:
    said = digitise(sample, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["id"], row["line_no"]) for row in rows] == [("1", 1), ("2", 2), ("3", 3), ("4", 4), ("5", 5)]
    assert [row["error_code"] for row in rows] == [None, "input.schema", "input.schema", None, "input.schema"]
    assert rows[0]["commune_code"] == "02545"
    assert (rows[0]["lat"], rows[0]["lon"]) == (21.7801, 105.4012)
    assert rows[0]["village"] == "Thôn 5"
    assert rows[3]["proposed_code"] == "22110R6F7CJX"
    assert "/position/lat" in rows[2]["error_detail"]
    assert [row["error_column"] for row in rows] == [None, "Địa chỉ", "lat", None, None]
    assert "3 input.schema" in said
    assert not list(tmp_path.glob(".*"))


def test_csv_keeps_the_operators_columns_before_the_result(sample: Path, tmp_path: Path) -> None:
    digitise(sample, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    own = ["id", "Địa chỉ", "lat", "lon", "Chủ hộ", "SĐT", "Tuyến", "Người nhận"]
    assert list(rows[0])[: len(own)] == own
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert (rows[0]["lat"], rows[0]["result_lat"]) == ("21,7801", "21.7801")
    assert rows[3]["proposed_code"] == "22110R6F7CJX"
    assert rows[2]["error_code"] == "input.schema"
    assert rows[2]["SĐT"] == ""


def test_geojson_has_a_feature_a_row_and_nothing_personal(sample: Path, tmp_path: Path) -> None:
    digitise(sample, tmp_path / "out.geojson")
    text = (tmp_path / "out.geojson").read_text()
    features = json.loads(text)["features"]
    assert [feature["id"] for feature in features] == ["1", "2", "3", "4", "5"]
    assert features[3]["geometry"] == {"type": "Point", "coordinates": [105.214109, 21.823612]}
    assert features[1]["geometry"] is None
    assert features[3]["properties"]["Tuyến"] == "TQ-05"
    assert features[2]["properties"]["error_code"] == "input.schema"
    assert features[2]["properties"]["Tuyến"] == "TQ-04"
    for personal in PERSONAL:
        assert personal not in text


def test_excel_in_and_out_keeps_the_operators_columns_and_makes_no_formula(tmp_path: Path) -> None:
    source = tmp_path / "in.xlsx"
    book = xlsxwriter.Workbook(source, {"strings_to_formulas": False})
    sheet = book.add_worksheet("Địa chỉ")
    sheet.write(0, 0, "DANH SÁCH ĐỊA CHỈ")
    sheet.write_row(2, 0, ["Mã", "Địa chỉ", "Ghi chú", "lat"])
    sheet.write_row(3, 0, [1, "thôn 5, xã Tân Trào, Sơn Dương, Tuyên Quang", "=1+1", 21.7801])
    sheet.write_row(4, 0, [2, "", "+84 900 000 697"])
    book.close()
    said = digitise(source, tmp_path / "out.xlsx")
    assert 'address is "Địa chỉ"' in said
    assert 'columns of your own: "Ghi chú"' in said
    assert "1 line above the heading is left out" in said
    rows = load_workbook(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
    heading, first, second = rows
    assert heading[:5] == ["Mã", "Địa chỉ", "Ghi chú", "lat", "commune_code"]
    assert first[:5] == ["1", "thôn 5, xã Tân Trào, Sơn Dương, Tuyên Quang", "=1+1", "21.7801", "02545"]
    assert second[2] == "+84 900 000 697"
    assert second[heading.index("error_code")] == "input.schema"
    assert b"<f>" not in zipfile.ZipFile(tmp_path / "out.xlsx").read("xl/worksheets/sheet1.xml")
    quiet = digitise(source, tmp_path / "out.csv", "-q")
    assert quiet == ""
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["Ghi chú"] for line in lines] == ["'=1+1", "+84 900 000 697"]
    digitise(tmp_path / "out.csv", tmp_path / "again.jsonl")
    again = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text().splitlines()]
    assert again[0]["extra"]["Ghi chú"] == "=1+1"


def test_json_lines_in_can_be_csv_out(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "raw": "xã Tân Trào, Tuyên Quang"}\nbad\n{"id": 2, "raw": "x", "own": {"a": 1}}\n')
    digitise(source, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["own"]) for row in rows] == [("1", ""), ("", ""), ("2", '{"a":1}')]
    assert rows[1]["error_code"] == "input.not_json"


def test_more_rows_than_a_batch_stay_in_order(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,address\n" + "".join(f"{n},thôn {n % 9} xã Tân Trào Tuyên Quang\n" for n in range(2500)))
    digitise(source, tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [str(n) for n in range(2500)]
    assert [row["line_no"] for row in rows] == list(range(1, 2501))


def test_the_filter_answers_each_line_before_the_input_ends() -> None:
    with subprocess.Popen(
        [DIACHI, "digitise", "-", "-o", "-", "-q"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        answers: list[dict[str, Any]] = []
        for n, text in enumerate(("xã Tân Trào, Sơn Dương, Tuyên Quang", "", "Phường Minh Xuân, Tuyên Quang")):
            process.stdin.write(json.dumps({"id": n, "raw": text}).encode() + b"\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
        process.stdin.write(b"no json")
        process.stdin.close()
        answers.append(json.loads(process.stdout.readline()))
        assert process.stdout.read() == b""
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert [answer["id"] for answer in answers[:3]] == [0, 1, 2]
    assert [answer["commune_code"] for answer in answers] == ["02545", None, "02215", None]
    assert [answer["error_code"] for answer in answers] == [None, "input.schema", None, "input.not_json"]
    least = (
        "id commune_code legacy_commune_code village proposed_code lat lon match_level coordinate_level score margin"
    )
    assert {*least.split(), "faults", "next_action"} <= answers[1].keys()


@pytest.mark.parametrize("ending", ["csv", "xlsx", "jsonl", "geojson"])
def test_bytes_that_are_not_utf8_stop_no_format(ending: str, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes("id,address,Tuyến\n1,xã Tân Trào,a\n".encode() + b"caf\xe9,x\xff,\xfe\n")
    output = tmp_path / f"out.{ending}"
    assert "1 input.not_utf8" in digitise(source, output)
    assert b"input.not_utf8" in output.read_bytes() or ending == "xlsx"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.csv", "-o", "out.csv"], "missing.csv"),
        (["in.csv", "-o", "out.txt"], ".csv, .xlsx, .geojson or .jsonl"),
        (["in.csv", "-o", "in.csv"], "overwrite"),
        (["-", "-o", "out.csv"], "standard input"),
        (["-", "-o", "out.xlsx"], "standard input"),
        (["in.csv", "-o", "out.xlsx", "--sheet", "A"], "no workbook"),
        (["in.csv", "-o", "out.csv", "--map", "address=Nhà"], "no such column"),
        (["in.csv", "-o", "out.csv", "--map", "nhà"], "FIELD=COLUMN"),
        (["bad.csv", "-o", "out.csv"], "no column is the address"),
        (["in.csv", "-o", "in.csv/out.csv"], "in.csv: File exists"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_output(
    arguments: list[str], says: str, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("x,y\n1,2\n")
    result = CliRunner().invoke(app, ["digitise", *arguments])
    assert result.exit_code == 1
    assert says in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "in.csv"]


def test_a_file_that_breaks_in_the_middle_leaves_no_half_output(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text('id,address\n1,xã Tân Trào\n2,"open\n')
    result = CliRunner().invoke(app, ["digitise", str(source), "-o", str(tmp_path / "out.jsonl")])
    assert result.exit_code == 1
    assert "line 3" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
