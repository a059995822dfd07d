"""Excel and OpenDocument files as people fill them in, and those that are no honest workbooks."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.legacy import Legacy, encode
from services.intake.readers import ReadError, Table, open_table
from services.intake.records import RecordBuilder
from tests.unit.intake.xlsb import xlsb

FILES = Path(__file__).parent / "files"

Fill = Callable[[Any, Any], object]


def workbook(tmp_path: Path, *fills: Fill, names: tuple[str, ...] = (), **options: object) -> Table:
    """A workbook with a sheet for each `fill`, opened."""
    path = tmp_path / "file.xlsx"
    book = xlsxwriter.Workbook(path)
    for nth, fill in enumerate(fills):
        fill(book, book.add_worksheet(names[nth] if names else None))
    book.close()
    return open_table(path, **options)  # type: ignore[arg-type]


def grid(*rows: list[Any], at: tuple[int, int] = (0, 0)) -> Fill:
    def fill(_book: Any, sheet: Any) -> None:
        for nth, row in enumerate(rows):
            sheet.write_row(at[0] + nth, at[1], row)

    return fill


def values(found: Table) -> list[dict[str, Any] | None]:
    return [row.values for row in found.rows()]


@pytest.mark.parametrize("ending", ["xls", "ods"])
def test_older_and_open_formats_are_read_alike(ending: str) -> None:
    found = open_table(FILES / f"addresses.{ending}")
    assert values(found) == [
        {"Mã": "1", "Địa chỉ": "Số 5, thôn 2", "Xã": "Tân Trào", "Ngày": "02/07/2025"},
        {"Mã": "2", "Địa chỉ": "Số 6, thôn 3", "Xã": "Tân Trào", "Ngày": "03/07/2025"},
    ]


def test_binary_workbooks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsb"
    path.write_bytes(xlsb([["Mã", "Địa chỉ"], ["1", "Số 5, thôn 2"]]))
    assert values(open_table(path)) == [{"Mã": "1", "Địa chỉ": "Số 5, thôn 2"}]


def test_cells_are_read_as_a_person_sees_them(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        day, clock, moment = (book.add_format({"num_format": f}) for f in ("dd/mm/yyyy", "hh:mm", "dd/mm/yyyy hh:mm"))
        sheet.write_row(0, 0, ["address", "day", "clock", "moment", "whole", "sum", "far", "true", "formula", "broken"])
        sheet.write_string(1, 0, "Số 5\nthôn 2")
        sheet.write_datetime(1, 1, date(2025, 7, 1), day)
        sheet.write_datetime(1, 2, time(7, 30), clock)
        sheet.write_datetime(1, 3, datetime(2025, 7, 1, 7, 30), moment)  # noqa: DTZ001 - a sheet has no time zones
        sheet.write_number(1, 4, 912345678)
        sheet.write_number(1, 5, 0.1 + 0.2)
        sheet.write_number(1, 6, 105.214109)
        sheet.write_boolean(1, 7, True)
        sheet.write_formula(1, 8, '="a"&"b"', None, "ab")
        sheet.write_formula(1, 9, "=1/0", None, "#DIV/0!")

    (row,) = values(workbook(tmp_path, fill))
    assert row is not None
    assert (row["address"], row["day"], row["clock"]) == ("Số 5\nthôn 2", "01/07/2025", "07:30")
    assert (row["moment"], row["whole"], row["sum"], row["far"]) == (
        "01/07/2025 07:30",
        "912345678",
        "0.3",
        "105.214109",
    )
    assert (row["true"], row["formula"]) == ("TRUE", "ab")


def test_numbers_come_with_their_leading_zeros_and_percent_signs(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        grid(["Mã", "SĐT", "address", "Tỷ lệ", "Phần", "Số", "Lẫn"], at=(0, 2))(book, sheet)
        formats = [book.add_format({"num_format": code}) for code in ("000000", "0000000000", "0%", "0.00%")]
        for row in range(1, 30):
            sheet.write_number(row, 2, 117 + row, formats[0])
            sheet.write_number(row, 3, 912_345_600 + row, formats[1])
            sheet.write_string(row, 4, "x")
            sheet.write_number(row, 5, 0.07, formats[2])
            sheet.write_number(row, 6, 0.125, formats[3])
            sheet.write_number(row, 7, 5)
            sheet.write_number(row, 8, 5, formats[0] if row % 2 else None)

    first, *_ = values(workbook(tmp_path, grid(["other"]), fill, names=("A", "B & C"), sheet="B & C"))
    assert first == {
        "Mã": "000118",
        "SĐT": "0912345601",
        "address": "x",
        "Tỷ lệ": "7%",
        "Phần": "12.50%",
        "Số": "5",
        "Lẫn": "5",
    }


def test_titles_blank_rows_and_column_numbers_are_no_rows(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.merge_range(1, 1, 1, 4, "DANH SÁCH ĐỊA CHỈ NĂM 2025")
        sheet.write(2, 1, "Bưu điện tỉnh, tháng 7")
        grid(["STT", "Địa chỉ (số nhà, thôn)", "Xã", "Ghi chú"], ["(1)", "(2)", "(3)", "(4)"], at=(4, 1))(book, sheet)
        grid([1, "Số 5", "Tân Trào"], [], ["", ""], [2, "Số 6", "Minh Xuân", "mới"], at=(6, 1))(book, sheet)

    found = workbook(tmp_path, fill)
    assert found.columns == ("STT", "Địa chỉ (số nhà, thôn)", "Xã", "Ghi chú")
    assert [(row.number, (row.values or {})["Xã"]) for row in found.rows()] == [(1, "Tân Trào"), (2, "Minh Xuân")]
    assert "2 lines above the heading are left out" in found.notes


def test_a_merged_cell_counts_for_each_of_its_rows_but_makes_no_two_rows_one_record(tmp_path: Path) -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.merge_range(2, 1, 3, 1, "Mã")
        sheet.merge_range(2, 2, 2, 3, "Nơi ở")
        grid(["Địa chỉ", "Xã"], at=(3, 2))(book, sheet)
        grid(["", "Số 5"], ["", "Số 6"], ["", ""], [8, "Số 7", "Minh Xuân"], at=(4, 1))(book, sheet)
        sheet.merge_range(4, 1, 5, 1, 7)
        sheet.merge_range(4, 3, 6, 3, "Tân Trào")

    found = workbook(tmp_path, fill)
    assert values(found) == [
        {"Mã": "7", "Địa chỉ": "Số 5", "Xã": "Tân Trào"},
        {"Mã": "7", "Địa chỉ": "Số 6", "Xã": "Tân Trào"},
        {"Mã": "8", "Địa chỉ": "Số 7", "Xã": "Minh Xuân"},
    ]
    assert any("merged cells" in note for note in found.notes)
    builder = RecordBuilder("post", found.columns, {})
    ids = [builder.build(row).id for row in found.rows()]
    assert (ids[0], ids[2]) == ("7", "8")
    assert ids[1] not in ("7", "8")


def test_the_sheet_is_the_first_that_is_shown_or_the_one_that_is_named(tmp_path: Path) -> None:
    def hidden(book: Any, sheet: Any) -> None:
        grid(["address"], ["hidden"])(book, sheet)
        sheet.hide()

    def shown(book: Any, sheet: Any) -> None:
        grid(["address"], ["shown"])(book, sheet)
        sheet.activate()
        sheet.set_first_sheet()

    names = ("Cũ", "Địa chỉ", "Khác")
    found = workbook(tmp_path, hidden, shown, grid(["address"], ["other"]), names=names)
    assert values(found) == [{"address": "shown"}]
    assert any('"Địa chỉ" is read; --sheet names another: "Khác", "Cũ"' in note for note in found.notes)
    path = tmp_path / "file.xlsx"
    assert values(open_table(path, sheet="khác ")) == [{"address": "other"}]
    with pytest.raises(ReadError, match='no sheet "Trang 9"; its sheets are "Địa chỉ", "Khác", "Cũ"'):
        open_table(path, sheet="Trang 9")


def test_a_sheet_in_an_old_font_is_converted(tmp_path: Path) -> None:
    text = ["Số 5, đường Bình Thuận, Phường Minh Xuân", "Thôn Đồng Văn, xã Thái Sơn"]
    found = workbook(
        tmp_path, grid(["id", "Địa chỉ"], *([nth, encode(each, Legacy.TCVN3)] for nth, each in enumerate(text)))
    )
    assert [(row or {})["Địa chỉ"] for row in values(found)] == text
    assert any("TCVN3" in note for note in found.notes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9), min_size=2, max_size=2
        ),
        max_size=6,
    )
)
def test_what_was_written_is_read_back(tmp_path: Path, rows: list[list[str]]) -> None:
    def fill(_book: Any, sheet: Any) -> None:
        for nth, row in enumerate([["id", "địa chỉ"], *rows]):
            for place, cell in enumerate(row):
                sheet.write_string(nth, place, cell)

    found = workbook(tmp_path, fill)
    assert values(found) == [{"id": row[0], "địa chỉ": row[1]} for row in rows]


def with_cells(tmp_path: Path, *cells: tuple[int, int]) -> Path:
    path = tmp_path / "far.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for row, column in cells:
        sheet.write_string(row, column, "x")
    book.close()
    return path


def test_a_cell_in_the_last_corner_ends_in_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"more than 3 GiB .* Delete what lies outside the table"):
        open_table(with_cells(tmp_path, (0, 0), (1_048_575, 16_383)))
    with pytest.raises(ReadError, match="16,384 columns, and 1,000 are the most"):
        open_table(with_cells(tmp_path, (0, 0), (0, 16_383)))


def test_an_archive_that_says_it_unpacks_to_too_much_is_refused_unread(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"x")
    # The sizes stand in the directory at the archive's end: 24 bytes after its mark.
    data = bytearray(content.getvalue())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (0xFFFF_FFF0).to_bytes(4, "little")
    path = tmp_path / "bomb.xlsx"
    path.write_bytes(data)
    with pytest.raises(ReadError, match=r"unpacks to 4.0 GiB"):
        open_table(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PK\x03\x04 not an archive", "damaged or no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "damaged or no workbook"),
    ],
)
def test_a_damaged_workbook_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.xlsx"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=says):
        open_table(path)


@pytest.mark.parametrize("ending", ["xls", "ods"])
def test_a_workbook_that_was_cut_off_or_changed_ends_in_a_named_error_or_is_read(tmp_path: Path, ending: str) -> None:
    whole = (FILES / f"addresses.{ending}").read_bytes()
    path = tmp_path / f"file.{ending}"
    for at in range(9, len(whole), len(whole) // 9):
        for content in (whole[:at], whole[:at] + b"\xff" * 8 + whole[at + 8 :]):
            path.write_bytes(content)
            with contextlib.suppress(ReadError):
                assert open_table(path).columns


def test_an_empty_sheet_names_the_others(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match='sheet "Sheet1" is empty; --sheet names another: "Sheet2"'):
        workbook(tmp_path, grid(), grid(["address"], ["x"]))


def test_only_workbooks_have_sheets(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("address\nx\n")
    with pytest.raises(ReadError, match="no workbook"):
        open_table(path, sheet="A")
