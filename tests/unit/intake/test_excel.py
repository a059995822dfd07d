"""The Excel outcome file: whatever a row holds is there again, as text."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import load_workbook

from services.intake.answers import RESULT_FIELDS, Answer, Refused, result_fields
from services.intake.excel import ExcelWriter
from services.intake.records import RecordBuilder
from services.intake.table import Row
from services.intake.workbook_child import shown

COLUMNS = ("id", "address")


def written(rows: list[dict[str, str]], **options: Any) -> bytes:
    builder, file = RecordBuilder("post", COLUMNS, {}), io.BytesIO()
    writer = ExcelWriter(file, COLUMNS, RESULT_FIELDS, result_fields, **options)
    answers = [
        Answer(builder.build(Row(nth, dict(row))), None, Refused("input.schema", "mend it"))
        for nth, row in enumerate(rows, start=1)
    ]
    writer.write(answers)
    writer.finish()
    return file.getvalue()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=20) | st.text(st.sampled_from("_x0041=+-@<&>'\" "), max_size=20))
def test_any_text_comes_back(text: str) -> None:
    _, row = load_workbook(io.BytesIO(written([{"id": "1", "address": f"a{text}"}]))).get_sheet_by_index(0).to_python()
    # XML has no place for control characters, and reads each kind of line break as one.
    expected = "".join(char if char in "\t\n\r" or " " <= char not in "\ufffe\uffff" else "\ufffd" for char in text)
    assert _lines(shown(row[1])) == _lines(f"a{expected}")


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_bytes_that_are_not_utf8_leave_a_mark_and_long_cells_are_cut() -> None:
    book = load_workbook(
        io.BytesIO(written([{"id": "1", "address": "a\udc80b"}, {"id": "2", "address": "x" * 40_000}]))
    )
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[1][1] == "a\ufffdb"
    assert len(str(rows[2][1])) == 32_767


def test_rows_that_do_not_fit_on_a_sheet_go_on_on_the_next() -> None:
    book = load_workbook(io.BytesIO(written([{"id": str(nth), "address": "x"} for nth in range(5)], most_rows=3)))
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert book.sheet_names == ["Diachi", "Diachi 2", "Diachi 3"]
    assert [row[0] for sheet in sheets for row in sheet[1:]] == ["0", "1", "2", "3", "4"]
    assert {tuple(sheet[0][:2]) for sheet in sheets} == {COLUMNS}
