"""Gazetteers of other days, for tests: made-up changes of communes of Tuyên Quang, and the communes of June 2025."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from gazetteer.artifact import encode
from gazetteer.assemble import assemble
from gazetteer.build import build
from gazetteer.gazetteer import Gazetteer
from gazetteer.tables import DATA, LAYOUTS, read_tables

Cells = dict[str, str]
JUNE = "2025-03-01"
MERGER_DAY = "2026-03-01"
# Made up: Cao Bồ and Thượng Sơn become one commune with a code and a postal code of its own, Vị Xuyên gives a part to a
# new one, Bạch Ngọc gets another name.
CAO_BO, THUONG_SON, MERGED, MERGED_AREA = "00952", "00958", "00953", "20990"
VI_XUYEN, PART, PART_AREA = "00913", "00914", "20991"
BACH_NGOC, RENAMED = "00976", "Ngọc Sơn Mới"


def read(folder: Path, table: str) -> list[Cells]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(folder: Path, table: str, rows: Iterable[Cells]) -> None:
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, LAYOUTS[table].columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def edit(folder: Path, table: str, change: Callable[[list[Cells]], list[Cells]]) -> None:
    write(folder, table, change(read(folder, table)))


def copied(folder: Path) -> Path:
    """The shipped tables, to be changed."""
    shutil.copytree(DATA, folder)
    return folder


def built(folder: Path) -> Path:
    """The artifact of a folder of tables."""
    return build(folder, folder / "gazetteer.json.gz").path


def loaded(folder: Path) -> Gazetteer:
    return Gazetteer.load(built(folder))


def change_row(code: str, kind: str, name: str, into: str, usual: bool = True, date: str = MERGER_DAY) -> Cells:
    return {
        "date": date,
        "code": code,
        "kind": kind,
        "name": name,
        "province": "08",
        "into": into,
        "usual": str(int(usual)),
    }


def merger_tables(folder: Path) -> Path:
    """The shipped tables with a made-up merger, split and renaming."""
    copied(folder)
    new = [
        # In the middle between the two; and the north-east of Vị Xuyên.
        (MERGED, "Tây Côn Lĩnh", "22.71", "104.86", "253.8", MERGED_AREA),
        (PART, "Làng Vàng", "22.73", "105.02", "30.0", PART_AREA),
    ]
    edit(folder, "edition", lambda _: [{"date": MERGER_DAY}])
    edit(
        folder,
        "communes",
        lambda rows: (
            [
                {**row, "name": RENAMED} if row["code"] == BACH_NGOC else row
                for row in rows
                if row["code"] not in (CAO_BO, THUONG_SON)
            ]
            + [
                {"code": code, "kind": "Xã", "name": name, "province": "08", "lat": lat, "lon": lon, "area_km2": km2}
                for code, name, lat, lon, km2, _ in new
            ]
        ),
    )
    edit(
        folder,
        "postal_codes",
        lambda rows: (
            [row for row in rows if row["commune"] not in (CAO_BO, THUONG_SON)]
            + [{"commune": code, "postal_code": area, "basis": "printed", "note": ""} for code, *_, area in new]
        ),
    )
    edit(
        folder,
        "anchors",
        lambda rows: (
            rows + [{"area": area, "lat": lat, "lon": lon, "decodable": "1"} for _, _, lat, lon, _, area in new]
        ),
    )
    write(
        folder,
        "changes",
        [
            change_row(CAO_BO, "Xã", "Cao Bồ", MERGED),
            change_row(THUONG_SON, "Xã", "Thượng Sơn", MERGED),
            change_row(VI_XUYEN, "Xã", "Vị Xuyên", VI_XUYEN),
            change_row(VI_XUYEN, "Xã", "Vị Xuyên", PART, usual=False),
            change_row(BACH_NGOC, "Xã", "Bạch Ngọc", BACH_NGOC),
        ],
    )
    return folder


def june_artifact(folder: Path) -> Path:
    """The gazetteer of June 2025. Its tables would not pass the check, which knows no two communes of one name in one
    province; before July 2025 there were such, in several districts."""
    version, content = encode(assemble(read_tables(june_tables(folder))))
    path = folder / f"{version}.json.gz"
    path.write_bytes(content)
    return path


def june_tables(folder: Path) -> Path:
    """The communes, districts and provinces of June 2025 as those of today, with made-up postal codes."""
    copied(folder)
    old = [row for row in read(folder, "legacy_communes") if row["edition"] == "2025" and row["kind"] != "Huyện"]
    province = {(row["code"], row["edition"]): row["province"] for row in read(folder, "districts")}
    taken = {row["area"] for row in read(folder, "anchors")}
    free = (f"{number:05}" for number in range(1, 100_000) if f"{number:05}" not in taken)
    areas = {row["code"]: area for row, area in zip(old, free, strict=False)}
    provinces = [row for row in read(folder, "provinces") if row["era"] == "old"]
    write(folder, "edition", [{"date": JUNE}])
    write(
        folder,
        "provinces",
        [{**row, "successor": row["code"]} for row in provinces]
        + [{**row, "era": "current", "successor": ""} for row in provinces],
    )
    write(
        folder,
        "communes",
        [
            {
                **{column: row[column] for column in ("code", "name", "lat", "lon")},
                # A township is none of the kinds of today.
                "kind": "Xã" if row["kind"] == "Thị trấn" else row["kind"],
                "province": province[row["district"], row["district_edition"]],
                "area_km2": "",
            }
            for row in old
        ],
    )
    edit(folder, "aliases", lambda rows: [row for row in rows if row["edition"] != "current"])
    write(
        folder,
        "postal_codes",
        [{"commune": code, "postal_code": area, "basis": "printed", "note": ""} for code, area in areas.items()],
    )
    write(
        folder,
        "anchors",
        [
            {"area": areas[row["code"]], "lat": row["lat"] or "22", "lon": row["lon"] or "105", "decodable": "1"}
            for row in old
        ],
    )
    write(folder, "lineage", [{"old": row["code"], "new": row["code"], "usual": "1"} for row in old])
    write(folder, "corrections", [])
    return folder
