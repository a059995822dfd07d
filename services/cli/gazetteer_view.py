"""How `diachi gazetteer` prints findings and units."""

from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from gazetteer.findings import Finding
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, District, LegacyCommune, Province

_LISTED = 40


def findings_table(findings: Iterable[Finding]) -> Table:
    """One row a finding, as they come."""
    table = Table(show_lines=True)
    table.add_column("where", no_wrap=True)
    table.add_column("finding", overflow="fold")
    for one in findings:
        what = f"{one.severity} [bold]{one.kind}[/bold] {escape(one.code)}: {escape(one.what)}"
        table.add_row(f"{one.file}:{one.line}", f"{what}\n→ {escape(one.mend)}")
    return table


def panels(gazetteer: Gazetteer, code: str) -> list[Panel]:
    """A panel for each unit, of today and of old, that has the code; a commune also by its registry area."""
    communes = [one for one in gazetteer.communes.values() if code in (one.code, one.registry_area)]
    districts = [one for one in gazetteer.districts.values() if one.code == code]
    provinces = [of_age[code] for of_age in (gazetteer.provinces, gazetteer.old_provinces) if code in of_age]
    return [
        *(_commune(gazetteer, one) for one in communes),
        *(_legacy(gazetteer, one) for one in gazetteer.legacy_by_code(code)),
        *(_district(gazetteer, one) for one in districts),
        *(_province(gazetteer, one) for one in provinces),
    ]


def _commune(gazetteer: Gazetteer, one: Commune) -> Panel:
    grid = _grid()
    province = gazetteer.provinces[one.province_code]
    grid.add_row("code", one.code)
    grid.add_row("province", f"{province.full_name} ({province.code})")
    grid.add_row("postal code", one.postal_code)
    decoded = "" if one.decodable else "; too wide to decode without the registry"
    grid.add_row("registry area", f"{one.registry_area}, anchor {one.anchor_lat}, {one.anchor_lon}{decoded}")
    grid.add_row("reference point", _point(one.lat, one.lon))
    if one.bbox:
        grid.add_row("within", f"{one.bbox.south}, {one.bbox.west} – {one.bbox.north}, {one.bbox.east}")
    grid.add_row("area", f"{one.area_km2} km²" if one.area_km2 else "not known")
    _list(grid, "also spelt", list(one.aliases))
    _list(grid, "made of", [_named(gazetteer, old) for old in gazetteer.predecessors(one.code)])
    _list(grid, "villages", [f"{v.kind} {v.name}" for v in gazetteer.villages if v.commune_code == one.code])
    return Panel(grid, title=f"{one.full_name}, since July 2025", title_align="left")


def _legacy(gazetteer: Gazetteer, one: LegacyCommune) -> Panel:
    grid = _grid()
    district, province = gazetteer.district_of(one), gazetteer.old_provinces[one.province_code]
    grid.add_row("code", one.code)
    grid.add_row("district", f"{district.full_name} ({district.code})")
    grid.add_row("province", f"{province.full_name} ({province.code})")
    grid.add_row("point", _point(one.lat, one.lon))
    _list(grid, "also called", list(one.aliases))
    became = []
    for successor in one.successors:
        commune = gazetteer.communes[successor.commune_code]
        share = " (part; the usual choice)" if successor.usual else " (part)"
        became.append(f"{commune.full_name} {commune.code}{share if len(one.successors) > 1 else ''}")
    _list(grid, "became", became or ["not known"])
    villages = [f"{v.kind} {v.name}" for v in gazetteer.villages if v.legacy_commune_code == one.code]
    _list(grid, "villages", villages)
    return Panel(grid, title=f"{one.full_name}, in the list of {one.edition}", title_align="left")


def _district(gazetteer: Gazetteer, one: District) -> Panel:
    grid = _grid()
    province = gazetteer.old_provinces[one.province_code]
    grid.add_row("code", one.code)
    grid.add_row("province", f"{province.full_name} ({province.code})")
    _list(grid, "also spelt", list(one.aliases))
    _list(grid, "was before", [f"{kind} {one.name}" for kind in one.former_kinds])
    _list(grid, "communes", [old.full_name for old in gazetteer.legacy if old.district_key == one.key])
    return Panel(grid, title=f"{one.full_name}, in the list of {one.edition}", title_align="left")


def _province(gazetteer: Gazetteer, one: Province) -> Panel:
    grid = _grid()
    grid.add_row("code", one.code)
    _list(grid, "also called", list(one.aliases))
    if one.successor_code:
        grid.add_row("became", f"{gazetteer.provinces[one.successor_code].full_name} ({one.successor_code})")
        districts = [d.full_name for d in gazetteer.districts.values() if d.province_code == one.code]
        _list(grid, "districts", districts)
        return Panel(grid, title=f"{one.full_name}, until June 2025", title_align="left")
    olds = gazetteer.old_provinces.values()
    before = [f"{old.full_name} ({old.code})" for old in olds if old.successor_code == one.code]
    _list(grid, "made of", before)
    grid.add_row("communes", str(sum(c.province_code == one.code for c in gazetteer.communes.values())))
    return Panel(grid, title=f"{one.full_name}, since July 2025", title_align="left")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column()
    return grid


def _list(grid: Table, label: str, values: list[str]) -> None:
    shown = values[:_LISTED]
    if len(values) > _LISTED:
        shown.append(f"… and {len(values) - _LISTED} more")
    for index, value in enumerate(shown):
        grid.add_row(label if index == 0 else "", value)


def _named(gazetteer: Gazetteer, old: LegacyCommune) -> str:
    part = " (in part)" if len(old.successors) > 1 else ""
    return f"{old.full_name} {old.code}, {gazetteer.district_of(old).full_name}, {old.edition}{part}"


def _point(lat: float | None, lon: float | None) -> str:
    return "not known" if lat is None or lon is None else f"{lat}, {lon}"
