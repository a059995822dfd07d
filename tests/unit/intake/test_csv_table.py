"""CSV in the wild: encodings, delimiters, titles above the heading."""

from __future__ import annotations

import contextlib
import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.encoding import recognise_file
from services.intake.legacy import Legacy, encode
from services.intake.readers import ReadError, Table, open_table

SAMPLE = Path(__file__).parents[3] / "gazetteer" / "samples" / "tuyen_quang.csv"
HEADING = ["Mã", "Địa chỉ", "Xã/Phường", "Ghi chú"]
ROWS = [
    ["1", "Số 5, ngõ 12, đường Bình Thuận", "Phường Minh Xuân", "đã kiểm tra"],
    ["2", "Thôn 5, cạnh nhà văn hoá", "Xã Thái Sơn", "chưa rõ"],
    ["3", "Xóm Đồng Văn", "Xã Tân Trào", ""],
]


def written(rows: list[list[str]], delimiter: str = ",", newline: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return text.getvalue()


def table(tmp_path: Path, content: bytes, name: str = "file.csv", **options: object) -> Table:
    path = tmp_path / name
    path.write_bytes(content)
    return open_table(path, **options)  # type: ignore[arg-type]


def cells(found: Table) -> list[list[str]]:
    assert found.columns is not None
    return [[(row.values or {}).get(name, "") for name in found.columns] for row in found.rows()]


TEXT = written([HEADING, *ROWS])
WINDOWS_1258 = {
    "ã": "a\u0303", "ố": "ô\u0301", "ờ": "ơ\u0300", "ậ": "â\u0323", "ị": "i\u0323", "ỉ": "i\u0309", "õ": "o\u0303",
    "ì": "i\u0300", "ể": "ê\u0309", "ạ": "a\u0323", "ồ": "ô\u0300", "à": "a\u0300", "ú": "u\u0301", "á": "a\u0301",
    "ó": "o\u0301",
}  # fmt: skip


def in_windows_1258(text: str) -> bytes:
    return "".join(WINDOWS_1258.get(char, char) for char in text).encode("cp1258")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-8-sig"), None),
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-32"), "UTF-32"),
        (in_windows_1258(TEXT), "Windows-1258"),
        (encode(TEXT, Legacy.TCVN3).encode("latin-1"), "TCVN3"),
        (encode(TEXT, Legacy.VNI).encode("latin-1"), "VNI"),
        (encode(TEXT, Legacy.TCVN3).encode(), "TCVN3"),
        (encode(TEXT, Legacy.VNI).encode("utf-16"), "VNI"),
    ],
)
def test_the_same_rows_come_out_of_every_encoding(tmp_path: Path, content: bytes, note: str | None) -> None:
    found = table(tmp_path, content)
    assert found.columns == tuple(HEADING)
    assert cells(found) == ROWS
    assert (note is None and found.notes == ()) or any(note in each for each in found.notes if note)


def test_columns_in_an_old_font_are_mended_beside_columns_in_unicode(tmp_path: Path) -> None:
    mixed = [HEADING, *([row[0], encode(row[1], Legacy.TCVN3), row[2], row[3]] for row in ROWS)]
    assert cells(table(tmp_path, written(mixed).encode())) == ROWS


def test_good_text_far_below_an_old_fonts_rows_stays_as_it_is(tmp_path: Path) -> None:
    legacy = [["1", encode(ROWS[0][1], Legacy.TCVN3), "", ""]] * 2100
    content = written([HEADING, *legacy, ["2", "Phường Hà Giang, xã là", "", ""]]).encode()
    found = cells(table(tmp_path, content))
    assert found[0][1] == ROWS[0][1]
    assert found[-1][1] == "Phường Hà Giang, xã là"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=5))
def test_text_in_utf8_is_never_read_otherwise(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"id,address\n" + "\n".join(lines).encode())
    assert recognise_file(path).name == "UTF-8"


def test_a_few_bytes_that_are_not_utf8_make_no_other_encoding(tmp_path: Path) -> None:
    rows = "".join(f"{n},thôn {n} xã Thái Sơn\n" for n in range(50)).encode()
    found = table(tmp_path, b"id,address\n" + rows + b"x,caf\xe9\n" + rows)
    assert len(list(found.rows())) == 101
    assert found.notes == ()


def test_an_encoding_that_is_not_known_is_named_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"no encoding that is known here \(UTF-8, .*VNI\): save it as CSV"):
        table(tmp_path, b"m\x81,\x90\x91\x92\n1,2\n")
    with pytest.raises(ReadError, match="not sound UTF-16"):
        table(tmp_path, "id,địa chỉ\n".encode("utf-16")[:-1])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_of_the_heading_whatever_the_rows_and_titles_hold(tmp_path: Path, delimiter: str) -> None:
    lines = ["DANH SÁCH ĐỊA CHỈ, NĂM 2025, TỈNH TUYÊN QUANG", "", delimiter.join(HEADING)]
    lines += [f"{n}{delimiter}Số {n} ngõ 3 xã Thái Sơn{delimiter}{delimiter}a b" for n in range(5)]
    found = table(tmp_path, "\n".join(lines).encode())
    assert found.columns == tuple(HEADING)
    assert len(cells(found)) == 5
    assert "1 line above the heading is left out" in found.notes


def test_excels_own_line_about_the_delimiter_is_understood(tmp_path: Path) -> None:
    found = table(tmp_path, b"sep=;\r\nid;address\r\n1;a, b\r\n")
    assert cells(found) == [["1", "a, b"]]


def test_a_line_that_numbers_the_columns_is_no_row(tmp_path: Path) -> None:
    found = table(tmp_path, "STT,Địa chỉ,Xã\n(1),(2),(3)\n1,a,b\n".encode())
    assert cells(found) == [["1", "a", "b"]]
    assert cells(table(tmp_path, "STT,Địa chỉ,Xã\n1,2,4\n".encode())) == [["1", "2", "4"]]


def test_a_heading_that_the_operator_maps_is_found_below_a_title(tmp_path: Path) -> None:
    content = "Bưu điện tỉnh,,\nLập ngày 1/7,,\nSố hiệu,Chỗ ở,Tuyến\n1,a,b\n".encode()
    assert table(tmp_path, content, wanted=["chỗ ở"]).columns == ("Số hiệu", "Chỗ ở", "Tuyến")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from("id,;\t\"'\n\rđịa chỉ=·¸ø")).map(str.encode)
    | st.text().map(lambda text: text.encode("utf-16", "surrogatepass"))
)
def test_any_bytes_are_a_table_or_end_in_a_named_error(tmp_path: Path, content: bytes) -> None:
    rows = []
    with contextlib.suppress(ReadError):
        rows = list(table(tmp_path, content).rows())
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))


def test_absurd_files_end_in_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="1,201 columns"):
        table(tmp_path, ("address," * 1200 + "x\n").encode())
    with pytest.raises(ReadError, match="line 2 has more than"):
        table(tmp_path, b"id,address\n" + b"x" * 3_000_000).scan()


@pytest.mark.parametrize("which", Legacy)
@pytest.mark.parametrize("codec", ["latin-1", "utf-8"])
def test_the_sample_batch_comes_whole_out_of_an_old_encoding(tmp_path: Path, which: Legacy, codec: str) -> None:
    text = unicodedata.normalize("NFC", SAMPLE.read_text(encoding="utf-8-sig"))
    good = cells(table(tmp_path, text.encode()))
    found = table(tmp_path, encode(text, which).encode(codec))
    assert any(which.value in note for note in found.notes)
    # TCVN3 has no toned capitals.
    assert [[cell.casefold() for cell in row] for row in cells(found)] == [
        [cell.casefold() for cell in row] for row in good
    ]
