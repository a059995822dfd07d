"""CSV and JSON Lines files as hostile or careless people make them: the bytes, and the ending of their name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from random import Random

import orjson

from tests.hostile.records import json_shapes
from tests.hostile.texts import SPOILS, hostile_text, plain_texts

File = tuple[bytes, str]
MakeFile = Callable[[Random], File]

_HEADINGS = (
    *("id", "address", "địa chỉ", "Địa chỉ", "DIA CHI", "xã", "huyện", "tỉnh", "lat", "lon", "easting", "northing"),
    *("epsg", "họ tên", "sđt", "phone", "note", "", " ", "STT", "=1+1", "address", "x" * 200, "a\nb", "\x00", "🏠"),
)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1258", "latin-1", "shift-jis")
_MARKS = (
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"\x00\x00\xfe\xff",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"sep=;\n",
)


def _cell(random: Random) -> str:
    match random.randint(0, 9):
        case 0:
            return hostile_text(random, random.choice(list(SPOILS)))
        case 1:
            return random.choice(
                ["=1+1", "@SUM(A1)", "+84912345678", "-5", "'=x", '"', '""', "a\nb", "a\r\nb\r", "a;b,c\td"]
            )
        case 2:
            return random.choice(["21,823612", "105.214", "1e400", "-", "418.812,5", "9211", "EPSG:9209", "0" * 500])
        case 3:
            return ""
        case _:
            return random.choice(plain_texts())


def _rows(random: Random) -> list[list[str]]:
    heading = random.choices(_HEADINGS, k=random.randint(1, 8))
    if random.random() < 0.85:
        heading[random.randrange(len(heading))] = random.choice(["address", "địa chỉ"])
    width = len(heading)
    rows = [
        [_cell(random) for _ in range(max(0, width + random.choice([0] * 8 + [-1, 1, 5])))]
        for _ in range(random.randint(0, 12))
    ]
    titles = [["DANH SÁCH"]] * random.choice([0] * 8 + [1, 40])
    return [*titles, heading, *rows]


def csv_file(random: Random) -> File:
    """A table in any of the ways to write one; one in three has bytes changed, put in, or cut off."""
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=random.choice(",;\t|,;^"),
        quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=random.choice(["\n", "\r\n", "\r", "\n\n"]),
    )
    writer.writerows(_rows(random))
    data = text.getvalue().encode(random.choice(_ENCODINGS), errors="replace")
    if random.random() < 0.33:
        data = _damaged(random, data)
    if random.random() < 0.05:
        data = random.choice(_MARKS) + data
    return data, random.choice([".csv", ".csv", ".csv", ".txt", ".tsv", ".xlsx", ".jsonl", ".dat", ""])


def odd_csv_file(random: Random) -> File:
    """What is no table: far too wide, too long a line or cell, quotation marks that nobody closes, nothing at all."""
    match random.randint(0, 8):
        case 0:
            data = b"address" + b"," * random.choice([999, 1000, 65_536, 1_000_000]) + b"\nx\n"
        case 1:
            data = b"address\n" + b"x" * random.choice([131_072, 131_073, 2_200_000]) + b"\n"
        case 2:
            data = b'address,b\n"x' + b"\ny,z" * random.choice([5, 99, 101, 5000])
        case 3:
            data = random.choice(
                [b"", b"\n" * 5000, b"\x00" * 5000, b" ", b'"', b"\xef\xbb\xbf", b"\xff\xfe", b"sep=;", b"sep="]
            )
        case 4:
            data = b"\n".join(b'"' * random.randint(1, 9) for _ in range(50))
        case 5:
            data = ",".join(["địa chỉ"] * random.choice([2, 900])).encode() + b"\n" + b"x," * 900
        case 6:
            data = random.randbytes(random.choice([3, 100, 5000]))
        case 7:
            data = b"id,address\n" + b"1,x\n" * 20_000
        case _:
            data = b"address\n" + bytes(range(256)) * 4
    return data, random.choice([".csv", ".txt", ".csv", ".xls"])


def json_lines_file(random: Random) -> File:
    """Lines of JSON, some of them none."""
    lines = []
    for _ in range(random.randint(0, 15)):
        line = json_shapes(random).value or b""
        if random.random() < 0.3:
            line = orjson.dumps({random.choice(_HEADINGS): _cell(random) for _ in range(random.randint(0, 6))})
        lines.append(_damaged(random, line) if random.random() < 0.2 else line)
    return random.choice([b"\n", b"\r\n", b"\n\n", b"\r"]).join(lines), random.choice(
        [".jsonl", ".ndjson", ".json", ""]
    )


def _damaged(random: Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(random.randint(1, 5)):
        at = random.randrange(len(damaged) + 1)
        match random.randint(0, 3):
            case 0:
                damaged[at : at + 1] = random.randbytes(2)
            case 1:
                del damaged[at:]
            case 2:
                damaged[at:at] = random.choice(
                    [b'"', b"\x00", b"\xff", b"\r", b"\n", b"\xef\xbb\xbf", b";"]
                ) * random.randint(1, 9)
            case _:
                del damaged[at : at + random.randint(1, 9)]
    return bytes(damaged)


TABLE_KINDS: dict[str, MakeFile] = {"CSV": csv_file, "no CSV": odd_csv_file, "JSON Lines": json_lines_file}
