"""The least binary workbook (.xlsb, [MS-XLSB]) that holds texts: no library writes one."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence

_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_ROW, _TEXT, _BEGIN_SHEET, _END_SHEET, _BEGIN_DATA, _END_DATA, _DIMENSION = 0, 6, 129, 130, 145, 146, 148
_BEGIN_BOOK, _END_BOOK, _BEGIN_SHEETS, _END_SHEETS, _SHEET = 131, 132, 143, 144, 156


def xlsb(rows: Sequence[Sequence[str]]) -> bytes:
    """A workbook with one sheet of these texts."""
    width = max(map(len, rows))
    cells = b"".join(
        _record(_ROW, struct.pack("<IIHHBI", row, 0, 300, 0, 0, 1) + struct.pack("<II", 0, width - 1))
        + b"".join(_record(_TEXT, struct.pack("<II", column, 0) + _text(value)) for column, value in enumerate(values))
        for row, values in enumerate(rows)
    )
    sheet = (
        _record(_BEGIN_SHEET)
        + _record(_DIMENSION, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1))
        + _record(_BEGIN_DATA)
        + cells
        + _record(_END_DATA)
        + _record(_END_SHEET)
    )
    book = (
        _record(_BEGIN_BOOK)
        + _record(_BEGIN_SHEETS)
        + _record(_SHEET, struct.pack("<II", 0, 1) + _text("rId1") + _text("Trang 1"))
        + _record(_END_SHEETS)
        + _record(_END_BOOK)
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="bin" ContentType="application/vnd.ms-excel.'
            'sheet.binary.macroEnabled.main"/><Default Extension="rels" ContentType="application/xml"/></Types>',
        )
        archive.writestr("_rels/.rels", _relation("officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/_rels/workbook.bin.rels", _relation("worksheet", "worksheets/sheet1.bin"))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return content.getvalue()


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def _record(number: int, data: bytes = b"") -> bytes:
    """Number and length are little-endian in groups of seven bits."""
    head = bytes([number]) if number < 128 else bytes([number & 0x7F | 0x80, number >> 7])
    size = len(data)
    length = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        length.append(low | (0x80 if size else 0))
        if not size:
            return head + bytes(length) + data


def _text(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode("utf-16-le")
