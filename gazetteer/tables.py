"""The source tables of `gazetteer/data`: how each is laid out, and how it is read.

Cells stay text here. `check` says what is wrong with them, and only checked tables are assembled.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gazetteer.names import tidy

DATA = Path(__file__).parent / "data"
EDITIONS = (2025, 2022, 2019, 2009)
"""The old lists, latest first; of 2009 only the units that people still write and no later list has."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table, and those that identify a row."""

    columns: tuple[str, ...]
    key: tuple[str, ...]


LAYOUTS: Mapping[str, Layout] = {
    "provinces": Layout(("era", "code", "kind", "name", "successor"), ("era", "code")),
    "districts": Layout(("code", "edition", "kind", "name", "province", "former_kinds"), ("code", "edition")),
    "communes": Layout(("code", "kind", "name", "province", "lat", "lon", "area_km2"), ("code",)),
    "postal_codes": Layout(("commune", "postal_code", "basis", "note"), ("commune",)),
    "anchors": Layout(("area", "lat", "lon", "decodable"), ("area",)),
    "legacy_communes": Layout(
        (
            *("code", "edition", "kind", "name", "district", "district_edition"),
            *("lat", "lon", "south", "west", "north", "east"),
        ),
        ("code", "edition", "kind", "name", "district", "district_edition"),
    ),
    "lineage": Layout(("old", "new", "usual"), ("old", "new")),
    "merged": Layout(("code", "last_edition", "into", "basis"), ("code", "into")),
    "villages": Layout(("legacy_commune", "kind", "name", "source"), ("legacy_commune", "kind", "name")),
    "aliases": Layout(("level", "code", "edition", "alias", "relation"), ("level", "code", "edition", "alias")),
    "edition": Layout(("date",), ("date",)),
    "changes": Layout(("date", "code", "kind", "name", "province", "into", "usual"), ("date", "code", "into")),
    "corrections": Layout(("table", "key", "column", "was", "now", "reason"), ("table", "key", "column")),
}


class TableError(Exception):
    """A table is missing, is not UTF-8 CSV, or lacks a column."""


@dataclass(slots=True)
class Row:
    """One row; `line` is its line in the file, the header being line 1."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    rows: list[Row]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def key(self, row: Row) -> str:
        """The row's identity as one string, as the corrections table writes it."""
        return "/".join(row[column] for column in LAYOUTS[self.name].key)


Tables = Mapping[str, Table]


def read_tables(folder: Path = DATA) -> Tables:
    """All tables of a folder, cells in NFC with single spaces.

    Raises TableError naming the file, and what is missing in it.
    """
    return {name: _read(folder / f"{name}.csv", name) for name in LAYOUTS}


def _read(path: Path, name: str) -> Table:
    columns = LAYOUTS[name].columns
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            missing = [column for column in columns if column not in header]
            if missing:
                raise TableError(f"{path}: the header lacks {', '.join(missing)}; it must have {', '.join(columns)}")
            rows = [
                Row(
                    reader.line_num, {**dict.fromkeys(columns, ""), **dict(zip(header, map(tidy, cells), strict=False))}
                )
                for cells in reader
                if cells
            ]
    except FileNotFoundError as error:
        raise TableError(f"{path}: this table is missing") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise TableError(f"{path}: not a UTF-8 CSV file ({error})") from error
    return Table(name, rows)
