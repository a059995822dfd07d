"""The changes of communes since July 2025: their days, their parts, and that each leads to a commune of today."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from gazetteer.assemble import read_changes
from gazetteer.changes import FIRST_EDITION, Changes
from gazetteer.findings import Finding, error
from gazetteer.tables import Row, Tables

_SAME = ("kind", "name", "province")


def check_changes(tables: Tables) -> Iterator[Finding]:
    """What keeps an address of an earlier edition from being led to its commune of today."""
    editions = list(tables["edition"])
    if len(editions) != 1:
        where = editions[1] if editions else Row(1, {})
        what = f"the gazetteer has {len(editions)} editions"
        yield error(
            "edition.count", "edition", where, "", what, "give the one day from which its communes are those of today"
        )
        return
    yield from _days(tables, editions[0]["date"])
    yield from _parts(tables)
    yield from _ends(tables)


def _days(tables: Tables, edition: str) -> Iterator[Finding]:
    for row in tables["changes"]:
        if not FIRST_EDITION < row["date"] <= edition:
            what = f"a change of {row['date']} is not after {FIRST_EDITION}, and up to the edition, {edition}"
            yield error("change.day", "changes", row, row["code"], what, "correct the day, or that of edition.csv")


def _parts(tables: Tables) -> Iterator[Finding]:
    rows = sorted(tables["changes"], key=lambda row: (row["date"], row["code"], row.line))
    for (date, code), group in groupby(rows, key=lambda row: (row["date"], row["code"])):
        parts = list(group)
        usual = sum(row["usual"] == "1" for row in parts)
        if usual != 1:
            what = f"of what {code} became on {date}, {usual} are the usual one"
            yield error("change.usual", "changes", parts[0], code, what, "mark exactly one as usual")
        for row in parts[1:]:
            if any(row[column] != parts[0][column] for column in _SAME):
                what = f"{code} is named otherwise than in line {parts[0].line}"
                yield error(
                    "change.name", "changes", row, code, what, "give kind, name and province as they were before"
                )


def _ends(tables: Tables) -> Iterator[Finding]:
    communes = {row["code"] for row in tables["communes"]}
    follow = Changes(read_changes(tables)).follow
    for row in tables["changes"]:
        for end in follow(row["into"], row["date"]):
            if end.commune_code not in communes:
                what = f"{row['code']} leads to {end.commune_code}, which is no commune of today"
                yield error(
                    "change.end", "changes", row, row["code"], what, "add what became of that one, or correct it"
                )
