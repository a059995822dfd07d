"""Rows on their own: codes, kinds, names and numbers that cannot be right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from gazetteer.findings import Finding, error
from gazetteer.names import tone_key
from gazetteer.tables import EDITIONS, LAYOUTS, Row, Tables

_COMMUNE = re.compile(r"\d{5}")
_DISTRICT = re.compile(r"\d{3}")
_PROVINCE = re.compile(r"\d{2}")
_POSTAL = re.compile(r"\d{5}")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_LEVEL_CODES = {"province": _PROVINCE, "district": _DISTRICT, "legacy": _COMMUNE}

# What each column may hold, by table and column; an empty cell is allowed where the pattern allows it.
_PATTERNS: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("provinces", "era"): re.compile("current|old"),
    ("provinces", "code"): _PROVINCE,
    ("provinces", "kind"): re.compile("Tỉnh|Thành phố"),
    ("provinces", "successor"): re.compile(r"|\d{2}"),
    ("districts", "code"): _DISTRICT,
    ("districts", "edition"): re.compile("|".join(map(str, EDITIONS))),
    ("districts", "kind"): re.compile("Quận|Huyện|Thị xã|Thành phố", re.IGNORECASE),
    ("communes", "code"): _COMMUNE,
    ("communes", "kind"): re.compile("Phường|Xã|Đặc khu"),
    ("postal_codes", "postal_code"): _POSTAL,
    ("postal_codes", "basis"): re.compile("printed|inferred|suspect"),
    ("anchors", "area"): _POSTAL,
    ("anchors", "decodable"): re.compile("0|1"),
    ("legacy_communes", "code"): _COMMUNE,
    ("legacy_communes", "edition"): re.compile("|".join(map(str, EDITIONS))),
    ("legacy_communes", "kind"): re.compile("Phường|Xã|Thị trấn|Huyện"),
    ("lineage", "usual"): re.compile("|0|1"),
    ("merged", "basis"): re.compile("list|alias|name|published"),
    ("villages", "kind"): re.compile(".+"),
    ("villages", "name"): re.compile(".+"),
    ("edition", "date"): _DATE,
    ("changes", "date"): _DATE,
    ("changes", "code"): _COMMUNE,
    ("changes", "kind"): re.compile("Phường|Xã|Đặc khu"),
    ("changes", "province"): _PROVINCE,
    ("changes", "usual"): re.compile("0|1"),
    ("aliases", "level"): re.compile("|".join(_LEVEL_CODES)),
    ("aliases", "alias"): re.compile(".+"),
    ("aliases", "relation"): re.compile("spelling|popular|district_town"),
}
_LATITUDES, _LONGITUDES = (5.0, 24.0), (101.0, 119.0)
_RANGES: Mapping[str, tuple[float, float]] = {
    "lat": _LATITUDES,
    "south": _LATITUDES,
    "north": _LATITUDES,
    "lon": _LONGITUDES,
    "west": _LONGITUDES,
    "east": _LONGITUDES,
    "area_km2": (0.01, 5000.0),
}
_TOGETHER = (("lat", "lon"), ("south", "west", "north", "east"))
# A name that does begin with its kind: phường Phường Đúc in Huế.
_DOUBLED = frozenset({"phường đúc"})
_KINDS = tuple(tone_key(kind) for kind in ("Phường", "Xã", "Thị trấn", "Đặc khu", "Quận", "Huyện", "Thị xã", "Tỉnh"))


def check_rows(tables: Tables) -> Iterator[Finding]:
    """Duplicate rows, and cells that cannot be right whatever the other tables say."""
    for name in LAYOUTS:
        yield from _duplicates(name, tables)
        for row in tables[name]:
            for check in _CHECKS:
                yield from check(name, row)


def _duplicates(name: str, tables: Tables) -> Iterator[Finding]:
    first: dict[str, int] = {}
    table = tables[name]
    for row in table:
        key = table.key(row)
        if key in first:
            yield error("duplicate.key", name, row, key, f"{key} stands already in line {first[key]}", "remove one row")
        first.setdefault(key, row.line)
    if name == "communes":
        yield from _duplicate_codes(tables)


def _duplicate_codes(tables: Tables) -> Iterator[Finding]:
    """Two communes of one kind and name in one province cannot be told apart."""
    seen: dict[tuple[str, ...], str] = {}
    for row in tables["communes"]:
        key = (row["province"], row["kind"], tone_key(row["name"]))
        if key in seen and seen[key] != row["code"]:
            what = f"{row['kind']} {row['name']} of province {row['province']} has also the code {seen[key]}"
            yield error("duplicate.name", "communes", row, row["code"], what, "remove one, or correct its name")
        seen.setdefault(key, row["code"])


def _patterns(name: str, row: Row) -> Iterator[Finding]:
    for column, cell in row.cells.items():
        pattern = _PATTERNS.get((name, column))
        if pattern is not None and not pattern.fullmatch(cell):
            what = f"{column} is {cell!r}, which does not match {pattern.pattern}"
            yield error("bad.value", name, row, _code(row), what, "correct the cell")


def _names(name: str, row: Row) -> Iterator[Finding]:
    if name not in ("provinces", "districts", "communes", "legacy_communes", "changes"):
        return
    words = tone_key(row["name"])
    if not words:
        yield error("name.empty", name, row, _code(row), "the unit has no name", "give its name without its kind")
    for kind in _KINDS:
        if words.startswith(f"{kind} ") and words not in _DOUBLED:
            contradicts = "contradicts" if kind != tone_key(row["kind"]) else "repeats"
            what = f"the name {row['name']!r} {contradicts} the kind {row['kind']!r}"
            yield error("name.kind", name, row, _code(row), what, "leave the kind out of the name, and correct it")
            break


def _numbers(name: str, row: Row) -> Iterator[Finding]:
    for column, cell in row.cells.items():
        if column not in _RANGES or not cell:
            continue
        low, high = _RANGES[column]
        number = parsed(cell)
        if number is None:
            yield error("bad.number", name, row, _code(row), f"{column} is {cell!r}, not a number", "correct the cell")
        elif not low <= number <= high:
            what = f"{column} is {cell}, not between {low:g} and {high:g}"
            yield error("bad.number", name, row, _code(row), what, "correct the cell, or leave it empty")
    for columns in _TOGETHER:
        cells = [row.cells.get(column, "") for column in columns]
        if any(cells) and not all(cells):
            what = f"only some of {', '.join(columns)} are known"
            yield error("bad.number", name, row, _code(row), what, "give all of them, or none")
        elif len(cells) == 4 and all(cells):
            south, west, north, east = map(parsed, cells)
            if None not in (south, west, north, east) and not (south < north and west < east):  # type: ignore[operator]
                what = "the box is empty: south and west must be less than north and east"
                yield error("bad.number", name, row, _code(row), what, "correct the box, or leave it empty")


_CHECKS: tuple[Callable[[str, Row], Iterator[Finding]], ...] = (_patterns, _names, _numbers)


def parsed(cell: str) -> float | None:
    """The number in a cell; None for text, infinity and NaN."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if abs(number) < 1e9 else None


def _code(row: Row) -> str:
    for column in ("code", "commune", "area", "old", "legacy_commune", "key"):
        if column in row.cells:
            return row.cells[column]
    return ""
