"""Each kind of trouble is found in a broken copy of the tables, at the row that has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gazetteer.build import build, inspect
from gazetteer.check import check
from gazetteer.findings import Finding, GazetteerInvalid, Severity
from gazetteer.tables import TableError, read_tables
from tests.unit.gazetteer.conftest import Cells, read, write


def change(folder: Path, name: str, number: int, cells: Cells) -> int:
    """Set cells of the row with this index; gives its line in the file."""
    rows = read(folder, name)
    rows[number].update(cells)
    write(folder, name, rows)
    return number + 2


def repeat(folder: Path, table: str, number: int, cells: Cells) -> int:
    """Append a copy of a row, with other cells; gives the line of the copy."""
    rows = read(folder, table)
    rows.append({**rows[number], **cells})
    write(folder, table, rows)
    return len(rows) + 1


def drop(folder: Path, table: str, unwanted: Callable[[Cells], bool]) -> None:
    write(folder, table, [row for row in read(folder, table) if not unwanted(row)])


def found(folder: Path, kind: str) -> list[Finding]:
    return [finding for finding in inspect(folder) if finding.kind == kind]


def test_the_small_copy_is_sound(folder: Path) -> None:
    assert inspect(folder) == ()


# table, row, what is set, the finding it must cause
BROKEN_CELLS = [
    ("communes", 0, {"code": "123"}, "bad.value"),
    ("communes", 0, {"kind": "Thị trấn"}, "bad.value"),
    ("communes", 0, {"name": ""}, "name.empty"),
    ("communes", 0, {"kind": "Xã", "name": "Phường Việt Hòa"}, "name.kind"),
    ("communes", 0, {"kind": "Phường", "name": "phường Việt Hòa"}, "name.kind"),
    ("communes", 0, {"lat": "22,1"}, "bad.number"),
    ("communes", 0, {"lat": "nan"}, "bad.number"),
    ("communes", 0, {"lat": "105.2", "lon": "22.1"}, "bad.number"),
    ("communes", 0, {"lon": ""}, "bad.number"),
    ("communes", 0, {"area_km2": "0.0"}, "bad.number"),
    ("legacy_communes", 0, {"north": "22.0"}, "bad.number"),
    ("legacy_communes", 0, {"edition": "2020"}, "bad.value"),
    ("legacy_communes", 0, {"district": "999"}, "orphan"),
    ("legacy_communes", 0, {"district_edition": "2019"}, "orphan"),
    ("communes", 0, {"province": "99"}, "orphan"),
    ("districts", 0, {"province": "99"}, "orphan"),
    ("provinces", 1, {"successor": "99"}, "orphan"),
    ("provinces", 1, {"successor": ""}, "orphan"),
    ("lineage", 0, {"new": "99999"}, "orphan"),
    ("edition", 0, {"date": "1.7.2025"}, "bad.value"),
    ("lineage", 0, {"old": "99999"}, "orphan"),
    ("merged", 0, {"into": "99999"}, "orphan"),
    ("villages", 0, {"legacy_commune": "99999"}, "orphan"),
    ("aliases", 0, {"code": "99999"}, "orphan"),
    ("postal_codes", 0, {"postal_code": "152213"}, "bad.value"),
    ("postal_codes", 0, {"basis": "inferred", "note": "misprint"}, "postal.inferred"),
    ("postal_codes", 0, {"basis": "suspect", "note": "misprint"}, "postal.suspect"),
    ("postal_codes", 0, {"note": "two codes"}, "code.questioned"),
    ("anchors", 0, {"lat": "", "lon": ""}, "anchor.missing"),
    ("anchors", 0, {"lat": "23.9"}, "anchor.out_of_reach"),
    ("corrections", 0, {"table": "towns"}, "correction.stale"),
    ("corrections", 0, {"column": "colour"}, "correction.stale"),
    ("corrections", 0, {"key": "no such row"}, "correction.stale"),
    ("corrections", 0, {"was": "something else"}, "correction.stale"),
    ("corrections", 0, {"reason": ""}, "correction.stale"),
]


@pytest.mark.parametrize(("table", "number", "cells", "kind"), BROKEN_CELLS)
def test_a_broken_cell_is_named(folder: Path, table: str, number: int, cells: Cells, kind: str) -> None:
    line = change(folder, table, number, cells)
    hits = [(finding.file, finding.line) for finding in found(folder, kind)]
    assert (f"{table}.csv", line) in hits


@pytest.mark.parametrize(
    ("table", "cells", "kind"),
    [
        ("communes", {}, "duplicate.key"),
        ("postal_codes", {}, "duplicate.key"),
        ("legacy_communes", {}, "duplicate.key"),
        ("lineage", {}, "duplicate.key"),
        ("communes", {"code": "99998"}, "duplicate.name"),
        ("postal_codes", {"commune": "99998"}, "postal.duplicate"),
    ],
)
def test_a_repeated_row_is_named(folder: Path, table: str, cells: Cells, kind: str) -> None:
    line = repeat(folder, table, 0, cells)
    assert [(finding.file, finding.line) for finding in found(folder, kind)] == [(f"{table}.csv", line)]


def test_missing_rows_are_named(folder: Path) -> None:
    code = read(folder, "communes")[0]["code"]
    drop(folder, "postal_codes", lambda row: row["commune"] == code)
    assert [finding.code for finding in found(folder, "postal.missing")] == [code]
    area = read(folder, "anchors")[-1]["area"]
    drop(folder, "anchors", lambda row: row["area"] == area)
    assert [finding.what for finding in found(folder, "anchor.missing")] == [f"area {area} has no anchor"]
    drop(folder, "lineage", lambda row: row["new"] == code)
    assert [finding.code for finding in found(folder, "lineage.no_predecessor")] == [code]
    assert found(folder, "lineage.unknown")


def test_an_old_commune_has_one_usual_successor(folder: Path) -> None:
    change(folder, "lineage", 0, {"usual": "0"})
    assert [finding.code for finding in found(folder, "lineage.usual")] == [read(folder, "lineage")[0]["old"]]


def test_a_reference_point_in_another_commune_is_named(folder: Path) -> None:
    rows = read(folder, "communes")
    rows[0]["lat"], rows[0]["lon"] = rows[-1]["lat"], rows[-1]["lon"]
    write(folder, "communes", rows)
    assert [finding.code for finding in found(folder, "point.outside_commune")] == [rows[0]["code"]]


def test_a_reference_point_in_another_province_is_named(folder: Path) -> None:
    change(folder, "communes", 0, {"lat": "10.77", "lon": "106.69"})
    assert [finding.line for finding in found(folder, "point.outside_province")] == [2]


def test_an_old_point_or_box_elsewhere_is_named(folder: Path) -> None:
    number = next(i for i, row in enumerate(read(folder, "legacy_communes")) if row["lat"])
    line = change(folder, "legacy_communes", number, {"lat": "21.0", "lon": "107.0", "south": "20.0", "north": "23.0"})
    assert [finding.line for finding in found(folder, "point.far_from_successor")] == [line]
    assert [finding.line for finding in found(folder, "box.too_wide")] == [line]


def test_the_build_refuses_errors_and_writes_nothing(folder: Path) -> None:
    change(folder, "communes", 0, {"lat": "here"})
    with pytest.raises(GazetteerInvalid, match=r"communes\.csv:2: error bad\.number: lat is 'here'") as caught:
        build(folder, folder / "out.json.gz")
    assert all(finding.severity is Severity.ERROR for finding in caught.value.findings)
    assert not (folder / "out.json.gz").exists()


def test_a_table_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "anchors.csv").write_text("area,lat\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"anchors\.csv: the header lacks lon, decodable"):
        inspect(folder)
    (folder / "anchors.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(TableError, match=r"anchors\.csv: not a UTF-8 CSV file"):
        inspect(folder)
    (folder / "anchors.csv").unlink()
    with pytest.raises(TableError, match=r"anchors\.csv: this table is missing"):
        inspect(folder)


def test_the_shipped_tables_have_warnings_only_for_what_is_known() -> None:
    findings = inspect()
    assert Counter((str(finding.severity), finding.kind) for finding in findings) == {
        ("warning", "postal.inferred"): 2,
        ("warning", "postal.suspect"): 1,
        ("warning", "code.questioned"): 1,
        ("warning", "lineage.unknown"): 1,
    }
    assert {finding.code for finding in findings} == {"08872", "11713", "27664", "06970", "23758"}


def test_uncorrected_the_known_errors_of_the_sources_are_found() -> None:
    outside = {finding.code for finding in check(read_tables()) if finding.kind == "point.outside_commune"}
    swapped = {"08296", "04924", "30130", "28615"}
    misplaced = {"04714", "29983", "06967", "06757"}
    assert swapped | misplaced <= outside
