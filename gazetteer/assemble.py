"""From checked tables to places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from gazetteer.changes import Changes, ordered
from gazetteer.extent import commune_box
from gazetteer.lineage import Lineage, predecessors
from gazetteer.model import (
    Area,
    BoundingBox,
    Commune,
    CommuneChange,
    District,
    LegacyCommune,
    Province,
    Successor,
    Village,
)
from gazetteer.places import Places
from gazetteer.tables import EDITIONS, Row, Table, Tables
from gazetteer.villages import in_order

Aliases = dict[tuple[str, str, str], tuple[str, ...]]


def assemble(tables: Tables) -> Places:
    """The places that the tables tell of. The tables must have passed the check."""
    aliases = _aliases(tables["aliases"])
    lineage, changes = read_lineage(tables), read_changes(tables)
    districts = _districts(tables["districts"], aliases)
    legacy = _legacy(tables["legacy_communes"], districts, lineage, aliases)
    areas = tuple(
        Area(row["area"], float(row["lat"]), float(row["lon"]), row["decodable"] == "1")
        for row in sorted(tables["anchors"], key=lambda row: row["area"])
    )
    return Places(
        provinces=_provinces(tables["provinces"], aliases),
        districts=tuple(districts[key] for key in sorted(districts)),
        communes=_communes(tables, areas, legacy, changes),
        areas=areas,
        legacy=legacy,
        villages=_villages(tables["villages"], lineage),
        changes=changes,
        edition=next(iter(tables["edition"]))["date"],
    )


def read_lineage(tables: Tables) -> Lineage:
    """The lineage that the tables `lineage`, `merged` and `changes` tell."""
    direct: dict[str, list[Successor]] = defaultdict(list)
    for row in tables["lineage"]:
        if not row["usual"]:
            continue  # A correction refuted this row.
        direct[row["old"]].append(Successor(row["new"], row["usual"] == "1"))
    merged: dict[str, list[str]] = defaultdict(list)
    for row in tables["merged"]:
        merged[row["code"]].append(row["into"])
    return Lineage(dict(direct), dict(merged), read_changes(tables))


def read_changes(tables: Tables) -> tuple[CommuneChange, ...]:
    """The changes since July 2025, by day and code; one that is in several rows is a split."""
    rows = sorted(tables["changes"], key=_change)
    changes = []
    for (date, code), parts in groupby(rows, key=_change):
        group = list(parts)
        successors = [Successor(row["into"], row["usual"] == "1") for row in group]
        first = group[0]
        changes.append(CommuneChange(date, code, first["kind"], first["name"], first["province"], ordered(successors)))
    return tuple(changes)


def _change(row: Row) -> tuple[str, str]:
    return row["date"], row["code"]


def district_key(rows: Iterable[Row]) -> dict[tuple[str, str], str]:
    """The key of each district by (code, edition): the code alone for the latest edition of a code."""
    latest: dict[str, int] = {}
    rows = list(rows)
    for row in rows:
        latest[row["code"]] = max(latest.get(row["code"], 0), int(row["edition"]))
    return {
        (row["code"], row["edition"]): row["code"]
        if int(row["edition"]) == latest[row["code"]]
        else f"{row['code']}@{row['edition']}"
        for row in rows
    }


def _aliases(table: Table) -> Aliases:
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in table:
        found[row["level"], row["code"], row["edition"]].append(row["alias"])
    return {key: tuple(sorted(names)) for key, names in found.items()}


def _provinces(table: Table, aliases: Aliases) -> tuple[Province, ...]:
    return tuple(
        Province(
            code=row["code"],
            name=row["name"],
            kind=row["kind"],
            current=row["era"] == "current",
            aliases=aliases.get(("province", row["code"], row["era"]), ()),
            successor_code=row["successor"] or None,
        )
        for row in sorted(table, key=lambda row: (row["era"], row["code"]))
    )


def _districts(table: Table, aliases: Aliases) -> dict[str, District]:
    keys = district_key(table)
    found = {}
    for row in table:
        key = keys[row["code"], row["edition"]]
        found[key] = District(
            key=key,
            code=row["code"],
            edition=int(row["edition"]),
            name=row["name"],
            kind=row["kind"],
            province_code=row["province"],
            aliases=aliases.get(("district", row["code"], row["edition"]), ()),
            former_kinds=tuple(filter(None, row["former_kinds"].split("|"))),
        )
    return found


def _legacy(
    table: Table, districts: dict[str, District], lineage: Lineage, aliases: Aliases
) -> tuple[LegacyCommune, ...]:
    by_edition = {(district.code, str(district.edition)): district for district in districts.values()}
    communes = []
    for row in table:
        district = by_edition[row["district"], row["district_edition"]]
        communes.append(
            LegacyCommune(
                code=row["code"],
                edition=int(row["edition"]),
                name=row["name"],
                kind=row["kind"],
                district_code=district.code,
                district_key=district.key,
                province_code=district.province_code,
                lat=_number(row["lat"]),
                lon=_number(row["lon"]),
                bbox=_bbox(row),
                aliases=aliases.get(("legacy", row["code"], row["edition"]), ()),
                successors=lineage.successors_of_code(row["code"]),
            )
        )
    return tuple(sorted(communes, key=lambda one: (one.code, -one.edition, one.district_key, one.kind, one.name)))


def _communes(
    tables: Tables, areas: Sequence[Area], legacy: Sequence[LegacyCommune], changes: Sequence[CommuneChange]
) -> tuple[Commune, ...]:
    postal = {row["commune"]: row["postal_code"] for row in tables["postal_codes"]}
    by_area = {area.area: area for area in areas}
    before = predecessors(legacy)
    former = _former_names(tables, changes)
    communes = []
    for row in sorted(tables["communes"], key=lambda row: row["code"]):
        # A registry area begins as the postal code of its commune.
        area = by_area[postal[row["code"]]]
        old = [one for one in before.get(row["code"], ()) if one.edition == EDITIONS[0]]
        lat, lon, km2 = _number(row["lat"]), _number(row["lon"]), _number(row["area_km2"])
        point = None if lat is None or lon is None else (lat, lon)
        communes.append(
            Commune(
                code=row["code"],
                name=row["name"],
                kind=row["kind"],
                province_code=row["province"],
                postal_code=area.area,
                registry_area=area.area,
                lat=lat,
                lon=lon,
                anchor_lat=area.anchor_lat,
                anchor_lon=area.anchor_lon,
                decodable=area.decodable,
                bbox=commune_box(point, km2, [one.bbox for one in old if one.bbox]),
                area_km2=km2,
                aliases=tuple(sorted({*_spellings(row["name"], old), *former[row["code"]]})),
            )
        )
    return tuple(communes)


def _spellings(name: str, old: Sequence[LegacyCommune]) -> Iterable[str]:
    return (spelling for one in old if one.name == name for spelling in one.aliases)


def _former_names(tables: Tables, changes: Sequence[CommuneChange]) -> dict[str, set[str]]:
    """By commune of today the names of those that changed into it, in whole or in part, which people go on writing.

    Not a name that a commune of the same province bears today: that one is meant.
    """
    borne = {(row["province"], row["name"]) for row in tables["communes"]}
    province = {row["code"]: row["province"] for row in tables["communes"]}
    follow = Changes(changes).follow
    names: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        for step in change.successors:
            for end in follow(step.commune_code, change.date):
                if (province.get(end.commune_code), change.name) not in borne:
                    names[end.commune_code].add(change.name)
    return names


def _villages(table: Table, lineage: Lineage) -> tuple[Village, ...]:
    villages = []
    for row in table:
        successors = lineage.successors_of_code(row["legacy_commune"])
        commune = successors[0].commune_code if len(successors) == 1 else None
        villages.append(Village(row["name"], row["kind"], row["legacy_commune"], commune, row["source"]))
    return tuple(sorted(villages, key=in_order))


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _bbox(row: Row) -> BoundingBox | None:
    if not row["south"]:
        return None
    return BoundingBox(*(float(row[side]) for side in ("south", "west", "north", "east")))
