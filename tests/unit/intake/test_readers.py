"""Files as rows: no row is lost, however the file is written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.formulas import with_formula
from services.intake.readers import Csv, JsonLines, ReadError, Table, open_table

# Anything but what csv cannot carry: lone surrogates are not text, and NUL is refused later by the schema.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


def table(tmp_path: Path, content: bytes, name: str = "file.csv") -> Table:
    path = tmp_path / name
    path.write_bytes(content)
    return open_table(path)


def values(found: Table) -> list[dict[str, object] | None]:
    return [row.values for row in found.rows()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.lists(texts, min_size=3, max_size=3), max_size=8),
    delimiter=st.sampled_from(",;\t"),
    newline=st.sampled_from(["\r\n", "\n"]),
    bom=st.booleans(),
)
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path: Path, rows: list[list[str]], delimiter: str, newline: str, bom: bool
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([["id", "địa chỉ", "ghi chú"], *rows])
    found = table(tmp_path, text.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    assert found.columns == ("id", "địa chỉ", "ghi chú")
    # The apostrophe by which a spreadsheet marks text is none of the text.
    cells = [[with_formula(cell) for cell in row] for row in rows]
    expected = [{name: cell for name, cell in zip(found.columns, row, strict=True) if cell} for row in cells]
    assert values(found) == [row for row in expected if row]
    assert [row.number for row in found.rows()] == list(range(1, len([row for row in expected if row]) + 1))


def test_cells_may_hold_line_breaks_delimiters_and_quotation_marks(tmp_path: Path) -> None:
    found = table(tmp_path, 'id;address\n1;"Số 5; ngõ ""Cụt""\nxã A"\n2;b\n'.encode())
    assert values(found) == [{"id": "1", "address": 'Số 5; ngõ "Cụt"\nxã A'}, {"id": "2", "address": "b"}]


def test_the_delimiter_is_looked_for_outside_quotation_marks(tmp_path: Path) -> None:
    found = table(tmp_path, b'"a,b,c,d";address\n1;x\n')
    assert found.columns == ("a,b,c,d", "address")


def test_empty_lines_are_no_rows_and_short_rows_have_empty_cells(tmp_path: Path) -> None:
    found = table(tmp_path, b"\nid,address,note\n\n1,a\n,,\n2,b,c\n\n")
    assert [(row.number, row.values) for row in found.rows()] == [
        (1, {"id": "1", "address": "a"}),
        (2, {"id": "2", "address": "b", "note": "c"}),
    ]


def test_rows_with_more_cells_than_the_heading_keep_them_and_are_counted(tmp_path: Path) -> None:
    found = table(tmp_path, b"id,address\n1,a\n2,b,c,\n3,d,,\n" + b"4,e,f\n" * 7)
    assert [row.surplus for row in found.rows()][:3] == [(), ("c", ""), ()]
    seen = found.scan()
    assert (seen.rows, seen.ragged_rows, seen.ragged) == (10, 8, [2, 4, 5, 6, 7])


def test_repeated_and_missing_headings_are_told_apart(tmp_path: Path) -> None:
    assert table(tmp_path, b"address,note,note,,\n").columns == ("address", "note", "note (3)", "column 4", "column 5")


def test_a_quotation_mark_that_is_never_closed_is_found_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"line 3: a quotation mark .* not closed"):
        table(tmp_path, b'id,address\n1,a\n2,"b\n3,c\n').scan()
    with pytest.raises(ReadError, match="line 2"):
        table(tmp_path, b'id,address\n1,"a\n' + b"2,b\n" * 1000 + b'3,"c"\n').scan()
    late = table(tmp_path, b"id,address\n" + b"2,b\n" * 5000 + b'3,"c\n')
    with pytest.raises(ReadError, match="line 5002"):
        late.scan()


def test_bytes_that_are_not_utf8_go_through_in_rows_but_not_in_the_heading(tmp_path: Path) -> None:
    found = table(tmp_path, b"id,address\n1,\xe0\n")
    (row,) = found.rows()
    assert row.values is not None
    assert row.values["address"].encode(errors="surrogateescape") == b"\xe0"
    with pytest.raises(ReadError, match="no encoding that is known"):
        table(tmp_path, "mã,địa chỉ\n".encode("cp1258", errors="replace"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"\xef\xbb\xbf \n", "empty"),
        ("a.csv", b"\x00\x00", "empty"),
        ("a.xlsx", b"PK\x00\x01", "no workbook"),
        ("a.xls", b"<html><table>", "web page"),
        ("a.csv", b"x" * 70_000, "no line break"),
        ("a.jsonl", b'[{"a": 1}]', "JSON array"),
        ("a", b' [\n{"a": 1}]', "JSON array"),
    ],
)
def test_what_is_no_table_is_refused_with_a_way_out(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(ReadError, match=says):
        table(tmp_path, content, name)


def test_json_lines_are_told_by_ending_or_content(tmp_path: Path) -> None:
    assert isinstance(table(tmp_path, b'{"raw": "x"}\n', "a.ndjson"), JsonLines)
    assert isinstance(table(tmp_path, b'\n {"raw": "x"}\n', "a"), JsonLines)
    assert isinstance(table(tmp_path, b'{"raw", "x"}\n', "a.csv"), Csv)


def test_every_json_line_is_a_row_also_those_that_are_no_objects(tmp_path: Path) -> None:
    lines = [b'{"id": 1}', b"[1]", b"not json", b"\xff", b"null", b'{"id": 2}']
    found = table(tmp_path, b"\xef\xbb\xbf" + b"\r\n\r\n".join(lines), "a.jsonl")
    assert [row.line for row in found.rows()] == lines
    assert values(found) == [{"id": 1}, None, None, None, None, {"id": 2}]
    assert [row.number for row in found.rows()] == [1, 2, 3, 4, 5, 6]


def test_a_json_line_of_any_length_is_one_row(tmp_path: Path) -> None:
    long = b'{"raw": "' + b"x" * (5 * 1024 * 1024) + b'"}'
    found = table(tmp_path, b'{"id": 1}\n' + long + b'\n{"id": 2}\n', "a.jsonl")
    rows = list(found.rows())
    assert [row.values for row in rows] == [{"id": 1}, None, {"id": 2}]
    assert len(rows[1].line or b"") == 2 * 1024 * 1024
