"""The whole gazetteer, built once for the run, and a small copy of its tables to break."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from gazetteer.build import build
from gazetteer.gazetteer import Gazetteer
from gazetteer.tables import DATA, LAYOUTS

PROVINCE, OLD_PROVINCES = "08", ("02", "08")
Cells = dict[str, str]


def read(folder: Path, table: str) -> list[Cells]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(folder: Path, table: str, rows: list[Cells]) -> None:
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, LAYOUTS[table].columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped tables, built."""
    return build(DATA, tmp_path_factory.mktemp("artifact") / "gazetteer.json.gz").path


@pytest.fixture(scope="session")
def gazetteer(artifact: Path) -> Gazetteer:
    return Gazetteer.load(artifact)


@pytest.fixture(scope="session")
def _province(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Cells]]:
    """The rows of the tables that are about the new Tuyên Quang."""
    tables = {name: read(DATA, name) for name in LAYOUTS}
    districts = {row["code"] for row in tables["districts"] if row["province"] in OLD_PROVINCES}
    communes = {row["code"] for row in tables["communes"] if row["province"] == PROVINCE}
    legacy = {row["code"] for row in tables["legacy_communes"] if row["district"] in districts}
    areas = {row["postal_code"] for row in tables["postal_codes"] if row["commune"] in communes}
    keep: dict[str, Callable[[Cells], bool]] = {
        "provinces": lambda row: row["code"] in (PROVINCE if row["era"] == "current" else OLD_PROVINCES),
        "districts": lambda row: row["code"] in districts,
        "communes": lambda row: row["code"] in communes,
        "postal_codes": lambda row: row["commune"] in communes,
        "anchors": lambda row: row["area"] in areas,
        "legacy_communes": lambda row: row["code"] in legacy,
        "lineage": lambda row: row["old"] in legacy,
        "merged": lambda row: row["code"] in legacy,
        "villages": lambda row: row["legacy_commune"] in legacy,
        "aliases": lambda row: row["code"] in (legacy | districts),
        "edition": lambda _: True,
        "changes": lambda row: row["province"] == PROVINCE,
        "corrections": lambda row: row["key"][:5] in (legacy | communes),
    }
    return {name: [row for row in rows if keep[name](row)] for name, rows in tables.items()}


@pytest.fixture
def folder(_province: dict[str, list[Cells]], tmp_path: Path) -> Path:
    """A folder with the tables of one province, sound as they stand, to be broken by a test."""
    for name, rows in _province.items():
        write(tmp_path, name, rows)
    return tmp_path
