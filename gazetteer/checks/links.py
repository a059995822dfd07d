"""Rows that speak of each other: orphans, lineage and postal codes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from gazetteer.assemble import read_lineage
from gazetteer.findings import Finding, error, warning
from gazetteer.tables import Row, Tables


def check_links(tables: Tables) -> Iterator[Finding]:
    """What points to nothing, and what should be pointed to and is not."""
    yield from _orphans(tables)
    yield from _lineage(tables)
    yield from _postal_codes(tables)


def _orphans(tables: Tables) -> Iterator[Finding]:
    current = {row["code"] for row in tables["provinces"] if row["era"] == "current"}
    old = {row["code"] for row in tables["provinces"] if row["era"] == "old"}
    districts = {(row["code"], row["edition"]) for row in tables["districts"]}
    communes = {row["code"] for row in tables["communes"]}
    legacy = {row["code"] for row in tables["legacy_communes"]}
    since_2025 = communes | {row["code"] for row in tables["changes"]}
    known = {
        ("provinces", "successor"): (current | {""}, "a province of today"),
        ("districts", "province"): (old, "an old province"),
        ("communes", "province"): (current, "a province of today"),
        ("postal_codes", "commune"): (communes, "a commune of today"),
        ("lineage", "old"): (legacy, "an old commune"),
        ("lineage", "new"): (since_2025, "a commune of July 2025 or later"),
        ("changes", "province"): (current, "a province of today"),
        ("changes", "into"): (since_2025, "a commune of today, nor does it change later"),
        ("merged", "code"): (legacy, "an old commune"),
        ("merged", "into"): (legacy, "an old commune"),
        ("villages", "legacy_commune"): (legacy, "an old commune"),
    }
    for (table, column), (codes, kind) in known.items():
        for row in tables[table]:
            if row[column] not in codes:
                yield _orphan(table, row, row[column], f"{column} {row[column]!r} is not {kind}")
    for row in tables["provinces"]:
        if row["era"] == "old" and not row["successor"]:
            yield _orphan("provinces", row, row["code"], "an old province without a successor")
    for row in tables["legacy_communes"]:
        if (row["district"], row["district_edition"]) not in districts:
            what = f"there is no district {row['district']} of edition {row['district_edition']}"
            yield _orphan("legacy_communes", row, row["code"], what)
    yield from _orphan_aliases(tables)


def _orphan_aliases(tables: Tables) -> Iterator[Finding]:
    targets = {
        "province": {(row["code"], row["era"]) for row in tables["provinces"]},
        "district": {(row["code"], row["edition"]) for row in tables["districts"]},
        "legacy": {(row["code"], row["edition"]) for row in tables["legacy_communes"]},
    }
    for row in tables["aliases"]:
        if (row["code"], row["edition"]) not in targets.get(row["level"], ()):
            what = f"there is no {row['level']} {row['code']} of {row['edition']} to be called {row['alias']!r}"
            yield _orphan("aliases", row, row["code"], what)


def _lineage(tables: Tables) -> Iterator[Finding]:
    usual: dict[str, int] = Counter()
    first: dict[str, Row] = {}
    for row in tables["lineage"]:
        if row["usual"]:
            first.setdefault(row["old"], row)
            usual[row["old"]] += row["usual"] == "1"
    for code, row in first.items():
        if usual[code] != 1:
            what = f"{code} has {usual[code]} usual successors"
            yield error("lineage.usual", "lineage", row, code, what, "mark exactly one of its successors as usual")
    lineage = read_lineage(tables)
    reached: set[str] = set()
    seen: set[str] = set()
    for row in tables["legacy_communes"]:
        code = row["code"]
        if code in seen:
            continue
        seen.add(code)
        successors = lineage.successors_of_code(code)
        reached.update(one.commune_code for one in successors)
        if not successors:
            what = f"it is not known into which commune {row['kind']} {row['name']} went"
            yield warning("lineage.unknown", "legacy_communes", row, code, what, "add a row to merged.csv if you know")
    for row in tables["communes"]:
        if row["code"] not in reached:
            what = f"{row['kind']} {row['name']} has no predecessor"
            yield warning("lineage.no_predecessor", "communes", row, row["code"], what, "add rows to lineage.csv")


def _postal_codes(tables: Tables) -> Iterator[Finding]:
    holders: dict[str, list[Row]] = defaultdict(list)
    for row in tables["postal_codes"]:
        holders[row["postal_code"]].append(row)
        if row["basis"] != "printed":
            what = f"postal code {row['postal_code']} is {row['basis']}: {row['note']}"
            mend = "settle it with the official list, then set its basis to printed"
            yield warning(f"postal.{row['basis']}", "postal_codes", row, row["commune"], what, mend)
        elif row["note"]:
            yield warning(
                "code.questioned", "postal_codes", row, row["commune"], row["note"], "watch the official list"
            )
    for code, rows in holders.items():
        for row in rows[1:]:
            what = f"postal code {code} belongs already to {rows[0]['commune']}"
            yield error("postal.duplicate", "postal_codes", row, row["commune"], what, "correct one of the two")
    with_code = {row["commune"] for row in tables["postal_codes"]}
    anchored = {row["area"] for row in tables["anchors"]}
    for row in tables["communes"]:
        if row["code"] not in with_code:
            what = f"{row['kind']} {row['name']} has no postal code"
            yield error("postal.missing", "communes", row, row["code"], what, "add it to postal_codes.csv")
    for code, rows in holders.items():
        if code not in anchored:
            mend = "add one to anchors.csv: any point of the commune will do, but it never changes again"
            yield error(
                "anchor.missing", "postal_codes", rows[0], rows[0]["commune"], f"area {code} has no anchor", mend
            )


def _orphan(table: str, row: Row, code: str, what: str) -> Finding:
    return error("orphan", table, row, code, what, "correct the code, or add the row it names")
