"""Excel and OpenDocument files of which something is wrong, from a wrong cell to no archive at all."""

from __future__ import annotations

import io
import zipfile
import zlib
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import xlsxwriter

from tests.hostile.tables import File, MakeFile
from tests.hostile.texts import SPOILS, hostile_text, plain_texts
from tests.unit.intake.xlsb import xlsb

_FILES = Path(__file__).parents[1] / "unit" / "intake" / "files"
_BOMB_BYTES = 1 << 20
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))


def _filled(random: Random) -> bytes:
    """A workbook whose cells are texts, numbers, formulas, errors, dates, truths; columns may repeat and merge."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": random.random() < 0.3})
    zeros = book.add_format({"num_format": random.choice(["000000", "0%", "dd/mm/yyyy", "[h]:mm", '"x"0', "General"])})
    for nth in range(random.choice([1, 1, 1, 3])):
        sheet = book.add_worksheet(random.choice([None, f"Trang {nth}", f"<&'{nth}"]))
        top, left = random.choice([0, 0, 3, 100]), random.choice([0, 0, 2, 300])
        heading = random.choices(["id", "địa chỉ", "address", "xã", "lat", "lon", "note", ""], k=random.randint(1, 6))
        if random.random() < 0.8:
            heading[0] = "address"
        for column, name in enumerate(heading):
            sheet.write_string(top, left + column, name)
        for row in range(1, random.randint(1, 6)):
            for column in range(len(heading)):
                _put(random, sheet, top + row, left + column, zeros)
        if random.random() < 0.2:
            sheet.merge_range(top + 1, left, top + 1 + random.randint(1, 60), left + random.randint(0, 3), "gộp")
        if random.random() < 0.05:
            sheet.write_string(random.choice([2000, 20_000]), random.choice([0, 999, 1001]), "xa")
        if random.random() < 0.1:
            sheet.hide() if nth else sheet.write_comment(0, 0, "x")
    book.close()
    return out.getvalue()


def _put(random: Random, sheet: Any, row: int, column: int, number: Any) -> None:
    match random.randint(0, 8):
        case 0:
            sheet.write_formula(
                row,
                column,
                random.choice(["=1/0", '=HYPERLINK("http://127.0.0.1/")', "=A1", "=NA()"]),
                None,
                random.choice(["#DIV/0!", "", "x", 5]),
            )
        case 1:
            sheet.write_number(
                row, column, random.choice([0, -1.5, 1e300, 2**53, 0.1 + 0.2, 45_000, 3e6, -1e9]), number
            )
        case 2:
            sheet.write_boolean(row, column, random.random() < 0.5)
        case 3:
            sheet.write_blank(row, column, None, number)
        case 4:
            sheet.write_string(
                row, column, hostile_text(random, random.choice(list(SPOILS)))[:32_000].replace("\x00", "")
            )
        case 5:
            sheet.write_string(row, column, random.choice(["_x0000_", "_xD800_", "_x005F_", "=1+1", "00117"]))
        case _:
            sheet.write_string(row, column, random.choice(plain_texts()))


def _repacked(random: Random, data: bytes) -> bytes:
    """The same archive with one of its parts changed, swapped, doubled, left out or blown up."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        target = random.choice(names)
        for name in names:
            part = old.read(name)
            if name != target:
                new.writestr(name, part)
                continue
            match random.randint(0, 8):
                case 0:
                    part = part[: random.randint(0, len(part))]
                case 1:
                    part = random.randbytes(random.randint(0, 400))
                case 2:
                    part = part.replace(b'"1"', random.choice([b'"-1"', b'"99999999999"', b'"x"', b'""']))
                case 3:
                    part = b'<?xml version="1.0"?><!DOCTYPE x [' + _LAUGHS.encode() + b"]><x>&l8;</x>"
                case 4:
                    part = part.replace(b"A1", random.choice([b"XFD1048576", b"A0", b"ZZZZ9", b"1A", b"A99999999999"]))
                case 5:
                    part += b" " * _BOMB_BYTES * random.randint(1, 20)
                case 6:
                    part = old.read(random.choice(names))
                case 7:
                    new.writestr(name, part)
                case _:
                    continue
            new.writestr(name, part)
        if random.random() < 0.1:
            new.writestr(random.choice(["../../evil", "/etc/x", "xl/styles.xml", "x" * 300]), b"x")
    return out.getvalue()


def _bent(random: Random, data: bytes) -> bytes:
    """The bytes with some of them changed, or cut off."""
    bent = bytearray(data)
    for _ in range(random.randint(1, 12)):
        at = random.randrange(len(bent))
        bent[at] = random.randrange(256)
    return bytes(bent[: random.randint(8, len(bent))] if random.random() < 0.3 else bent)


@cache
def _others() -> tuple[File, ...]:
    """Whole workbooks of the formats that are not .xlsx."""
    rows = [["Mã", "Địa chỉ"], *([str(nth), text] for nth, text in enumerate(plain_texts()[:5]))]
    files = ((_FILES / f"addresses.{ending}").read_bytes() for ending in ("xls", "ods"))
    return (*zip(files, (".xls", ".ods"), strict=True), (xlsb(rows), ".xlsb"))


def excel_file(random: Random) -> File:
    """An .xlsx with odd cells; half of them were damaged afterwards."""
    data = _filled(random)
    match random.randint(0, 5):
        case 0 | 1:
            data = _repacked(random, data)
        case 2:
            data = _bent(random, data)
        case _:
            pass
    return data, random.choice([".xlsx", ".xlsx", ".xlsx", ".xls", ".csv", ".ods"])


def other_workbook(random: Random) -> File:
    """An .xls, .ods or .xlsb that was damaged, or an archive that is no workbook."""
    data, ending = random.choice(_others())
    match random.randint(0, 6):
        case 0:
            data = zlib.compress(data)
        case 1:
            data = b"PK\x03\x04" + random.randbytes(random.randint(0, 400))
        case 2:
            data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.randbytes(random.randint(0, 2000))
        case 3 if ending != ".xls":
            data = _repacked(random, data)
        case _:
            data = _bent(random, data)
    return data, ending


def bomb(random: Random) -> File:
    """A small .xlsx of which one part unpacks to gigabytes, or whose last cell is in the last corner of the sheet."""
    whole = _filled(random)
    if random.random() < 0.5:
        return _in_the_corner(random.choice([b"A1048576", b"XFD1048576"])), ".xlsx"
    out = io.BytesIO()
    target = random.choice(["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"])
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != target:
                new.writestr(name, old.read(name))
        with new.open(target, "w", force_zip64=True) as part:
            part.write(old.read(target)[:-20])
            for _ in range(random.choice([64, 1024, 3000])):
                part.write(b"<si><t>x</t></si>" * (_BOMB_BYTES // 17))
    return out.getvalue(), ".xlsx"


def huge_cell(path: Path, mebibytes: int) -> None:
    """Write a small .xlsx of which one cell is so large."""
    made, target = io.BytesIO(), "xl/sharedStrings.xml"
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    book.add_worksheet().write_column(0, 0, ["address", "x"])
    book.close()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            if name != target:
                new.writestr(name, old.read(name))
        before, tag, after = old.read(target).rpartition(b"<t>")
        with new.open(target, "w", force_zip64=True) as part:
            part.write(before + tag)
            for _ in range(mebibytes):
                part.write(b"x" * _BOMB_BYTES)
            part.write(after)


def _in_the_corner(reference: bytes) -> bytes:
    """A sheet of two cells, the second of which says that it stands far away."""
    made, out = io.BytesIO(), io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    book.add_worksheet().write_column(0, 0, ["address", "x"])
    book.close()
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = part.replace(b'"A2"', b'"' + reference + b'"').replace(b'<row r="2"', b'<row r="1048576"')
            new.writestr(name, part)
    return out.getvalue()


WORKBOOK_KINDS: dict[str, MakeFile] = {"Excel": excel_file, "other workbooks": other_workbook}
