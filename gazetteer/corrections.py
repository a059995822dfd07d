"""Bad values of the sources, mended one by one: `corrections.csv` names the cell, both values and the reason.

The tables keep what their source says, so that a mended value can be seen for what it is.
"""

from __future__ import annotations

from gazetteer.findings import Finding, error
from gazetteer.tables import LAYOUTS, Row, Table, Tables

# Columns that are mended together, their values joined by spaces.
_GROUPS = {"point": ("lat", "lon"), "box": ("south", "west", "north", "east")}


def corrected(tables: Tables) -> tuple[Tables, list[Finding]]:
    """The tables with every correction applied, and what is wrong with the corrections themselves."""
    findings: list[Finding] = []
    by_table: dict[str, list[Row]] = {}
    for row in tables["corrections"]:
        if row["table"] not in LAYOUTS or row["table"] == "corrections":
            findings.append(_stale(row, f"there is no table {row['table']!r}", "name one of the data tables"))
        elif not set(_columns(row)) <= set(LAYOUTS[row["table"]].columns):
            findings.append(_stale(row, f"{row['table']} has no column {row['column']!r}", "name one of its columns"))
        else:
            by_table.setdefault(row["table"], []).append(row)
    mended = dict(tables)
    for name, rows in by_table.items():
        mended[name] = _apply(tables[name], rows, findings)
    return mended, findings


def _apply(table: Table, corrections: list[Row], findings: list[Finding]) -> Table:
    rows = {table.key(row): row for row in table}
    mended: dict[str, dict[str, str]] = {}
    for correction in corrections:
        key, columns = correction["key"], _columns(correction)
        if not correction["reason"]:
            findings.append(_stale(correction, f"{key} is corrected without a reason", "give the reason"))
        if key not in rows:
            findings.append(_stale(correction, f"{table.name} has no row {key}", "remove the correction"))
            continue
        cells = mended.setdefault(key, dict(rows[key].cells))
        found = " ".join(cells[column] for column in columns).strip()
        now = correction["now"].split(" ") if len(columns) > 1 else [correction["now"]]
        if found != correction["was"]:
            what = f"{table.name} {key} has {correction['column']} {found!r}, not {correction['was']!r}"
            findings.append(_stale(correction, what, "look whether the source was mended; then remove the correction"))
        elif correction["now"] and len(now) != len(columns):
            what = f"{correction['now']!r} is not one value each for {', '.join(columns)}"
            findings.append(_stale(correction, what, "give all values, or none to say that they are not known"))
        else:
            cells.update(zip(columns, now if correction["now"] else [""] * len(columns), strict=True))
    return Table(table.name, [Row(row.line, mended.get(table.key(row), row.cells)) for row in table])


def _columns(correction: Row) -> tuple[str, ...]:
    return _GROUPS.get(correction["column"], (correction["column"],))


def _stale(row: Row, what: str, mend: str) -> Finding:
    return error("correction.stale", "corrections", row, row["key"], what, mend)
