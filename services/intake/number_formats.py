"""Which columns of an .xlsx sheet show their numbers with leading zeros or as percentages: 117 as 000117, 0.5 as 50%.

The reader of workbooks gives values without their formats. Identifiers and phones are often numbers that only their
format makes whole, so the formats of a column's first cells are looked up in the file itself.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from xml.etree import ElementTree

_CHUNK = 1 << 20
_MOST_CELLS = 100_000
_MOST_SHARE_OF_OTHERS = 0.1
# What a file that is no sound .xlsx leads to: its numbers are then plain.
_NOT_TOLD = (zipfile.BadZipFile, ElementTree.ParseError, zlib.error, LookupError, ValueError, EOFError, RuntimeError)
_BUILT_IN = {"9": "0%", "10": "0.00%"}
_ZEROS = re.compile(r"0{2,15}(?:;@)?")
_PERCENT = re.compile(r"0(?:\.(0{1,6}))?%")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*)>")
_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})[0-9]+"')
_STYLE = re.compile(rb'\bs="([0-9]{1,6})"')
_TEXT = re.compile(rb'\bt="(?!n")')


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """At least `digits` digits, or a percentage with `decimals`."""

    digits: int = 0
    decimals: int | None = None

    def show(self, value: float) -> str | None:
        """The number as its cell shows it; None where the format has no part in it."""
        if self.decimals is not None:
            return f"{Decimal(str(value)) * 100:.{self.decimals}f}%"
        return f"{int(value):0{self.digits}d}" if value.is_integer() and value >= 0 else None


def number_formats(path: str, sheet: str) -> dict[int, NumberFormat]:
    """By column (from 0) those formats, of a column that nearly always has one; empty for a file that is no .xlsx."""
    try:
        with zipfile.ZipFile(path) as archive:
            styles = _styles(archive)
            return _of_columns(archive, _part(archive, sheet), styles) if any(styles) else {}
    except _NOT_TOLD:
        return {}


def _styles(archive: zipfile.ZipFile) -> list[NumberFormat | None]:
    """The format of each cell style, None for those that change nothing here."""
    root = ElementTree.fromstring(archive.read("xl/styles.xml"))
    codes = dict(_BUILT_IN)
    for element in root.iter():
        if element.tag.endswith("}numFmt"):
            codes[element.get("numFmtId", "")] = element.get("formatCode", "")
    styles = next((element for element in root if element.tag.endswith("}cellXfs")), None)
    return [] if styles is None else [_format(codes.get(style.get("numFmtId", ""), "")) for style in styles]


def _format(code: str) -> NumberFormat | None:
    plain = code.replace("\\", "").replace('"', "")
    if _ZEROS.fullmatch(plain):
        return NumberFormat(digits=plain.count("0"))
    percent = _PERCENT.fullmatch(plain)
    return NumberFormat(decimals=len(percent.group(1) or "")) if percent else None


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name of the part that holds a sheet. Raises KeyError."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    relation = ""
    for element in book.iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            relation = next((value for name, value in element.items() if name.endswith("}id")), "")
    for element in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")):
        if element.get("Id") == relation:
            target = element.get("Target", "")
            return target.removeprefix("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    raise KeyError(sheet)


def _of_columns(archive: zipfile.ZipFile, part: str, styles: list[NumberFormat | None]) -> dict[int, NumberFormat]:
    seen: dict[int, Counter[NumberFormat | None]] = {}
    for column, style in _numbers(archive, part):
        seen.setdefault(column, Counter())[styles[style] if style < len(styles) else None] += 1
    found: dict[int, NumberFormat] = {}
    for column, formats in seen.items():
        most, count = formats.most_common(1)[0]
        if most is not None and count >= (1 - _MOST_SHARE_OF_OTHERS) * formats.total():
            found[column] = most
    return found


def _numbers(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int]]:
    """Column and style of the first cells that are no text."""
    cells, rest = 0, b""
    with archive.open(part) as file:
        while (chunk := file.read(_CHUNK)) and cells < _MOST_CELLS:
            data = rest + chunk
            end = data.rfind(b">") + 1
            data, rest = data[:end], data[end:][-_CHUNK:]
            for attributes in _CELL.findall(data):
                cells += 1
                reference, style = _REFERENCE.search(attributes), _STYLE.search(attributes)
                # A cell without a value ends in a slash, one of text or a truth value has a type.
                if reference and not attributes.endswith(b"/") and not _TEXT.search(attributes):
                    yield _column(reference.group(1)), int(style.group(1)) if style else 0


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
