"""`diachi submit` of a workbook as people fill it in, and the outcome file: a row for each row, its columns kept."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import load_workbook

from tests.stream.pipeline import Pipeline
from tests.stream.services import create_service_topics
from tests.stream.test_submit import diachi, start, url

ROWS = [
    ["A-1", "Số 12 đường Tân Hà", "Phường Minh Xuân", 21.823612, 105.214109, "=1+1"],
    ["A-2", "Thôn 5", "xã Tân Trào", "", "", "TQ-03"],
    ["A-3", "Thôn 1", "xã Không Có Thật", "", "", "TQ-04"],
    ["A-4", "", "", 21.8, "đông", "TQ-05"],
]


@pytest.fixture
def pipeline(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Pipeline]:
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    (tmp_path / "logs").mkdir()
    with Pipeline(kafka, topic_prefix, tmp_path / "logs") as pipeline:
        yield pipeline


def workbook(path: Path) -> None:
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False})
    book.add_worksheet("Hướng dẫn").write(0, 0, "Điền vào trang sau")
    sheet = book.add_worksheet("Địa chỉ")
    sheet.merge_range(0, 0, 0, 6, "DANH SÁCH ĐỊA CHỈ")
    for nth, row in enumerate([["Mã", "Địa chỉ", "Xã", "Vĩ độ", "Kinh độ", "Tuyến", "Tỉnh"], [], *ROWS], start=2):
        sheet.write_row(nth, 0, row)
    sheet.merge_range(4, 6, 7, 6, "Tuyên Quang")
    book.close()


def test_a_workbook_comes_back_with_what_became_of_each_row(kafka: str, pipeline: Pipeline, tmp_path: Path) -> None:
    tracker, *_ = start(pipeline, "tracker", "normaliser", "registrar")
    source, out = tmp_path / "in.xlsx", tmp_path / "out.xlsx"
    workbook(source)
    arguments = ("submit", source, "--source", "tq", "--sheet", "Địa chỉ")
    first = diachi(kafka, url(tracker), *arguments, "--outcomes", out)
    assert first.returncode == 0, first.stderr
    assert '"Địa chỉ" is read; --sheet names another: "Hướng dẫn"' in first.stderr
    assert 'commune  is "Xã"' in first.stderr

    heading, *lines = load_workbook(out).get_sheet_by_index(0).to_python()
    rows = [dict(zip(map(str, heading), line, strict=True)) for line in lines]
    assert heading[:10] == ["Mã", "Địa chỉ", "Xã", "Vĩ độ", "Kinh độ", "Tuyến", "Tỉnh", "outcome", "code", "reason"]
    assert [row["Mã"] for row in rows] == ["A-1", "A-2", "A-3", "A-4"]
    assert [row["outcome"] for row in rows] == ["digitised", "digitised", "review", "dead_letter"]
    assert {row["Tỉnh"] for row in rows} == {"Tuyên Quang"}
    assert rows[0]["Tuyến"] == "=1+1"
    assert rows[0]["code"] == "22110R6F7CJX"
    assert (rows[0]["lat"], rows[0]["lon"]) == (21.823612, 105.214109)
    assert rows[2]["faults"] and rows[2]["reason"] in str(rows[2]["faults"])
    assert (rows[3]["reason"], rows[3]["error_code"]) == ("input.schema", "input.schema")
    assert rows[3]["error_column"] == "Địa chỉ"
    assert "address" in str(rows[3]["error_detail"])

    again = diachi(kafka, url(tracker), *arguments, "--outcomes", tmp_path / "out.csv", "-q")
    assert again.returncode == 0, again.stderr
    assert "Hướng dẫn" not in again.stderr
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["outcome"] for row in found] == ["unchanged", "unchanged", "unchanged", "dead_letter"]
    assert [row["code"] for row in found] == ["22110R6F7CJX", rows[1]["code"], "", ""]
    assert found[0]["Tuyến"] == "'=1+1"

    third = diachi(kafka, url(tracker), *arguments, "--outcomes", tmp_path / "out.geojson")
    assert third.returncode == 0, third.stderr
    features = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert [feature["properties"]["outcome"] for feature in features] == [row["outcome"] for row in found]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [105.214109, 21.823612]}
    assert features[0]["properties"]["Tuyến"] == "=1+1"
    assert [feature["id"] for feature in features] == ["A-1", "A-2", "A-3", "A-4"]
