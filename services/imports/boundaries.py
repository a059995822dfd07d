"""The check of boundaries: a GeoJSON file with one area, or several, for each commune of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from gazetteer.boundaries import Boundaries
from gazetteer.findings import Finding, Severity
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune
from services.address.core import AddressCore
from services.address.position import VIETNAM
from services.imports.columns import PLACE_FIELDS, list_row, map_list
from services.imports.communes import NamedCommune, named_communes
from services.imports.report import Problem, warned
from services.intake.table import ReadError

if TYPE_CHECKING:
    from shapely import Geometry, MultiPolygon, Polygon

_AREAS = ("Polygon", "MultiPolygon")
_WGS84 = ("4326", "CRS84", "4979", "CRS84h")
# Outlines of neighbours that were simplified apart overlap by slivers; more is a mistake.
_OVERLAP_SHARE = 0.05
_AREA_TIMES = 2.0
_KM_PER_DEGREE = 111.32
_REFERENCE_SLACK_M = 2_000.0


@dataclass(frozen=True, slots=True)
class CheckedBoundaries:
    """Outlines by commune of today, and what is wrong with the features. Their rows count from 1."""

    outlines: dict[str, Polygon | MultiPolygon]
    findings: tuple[Finding, ...]
    rows: int

    @property
    def errors(self) -> int:
        """How many features cannot be imported."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def read_features(data: bytes, file: str) -> list[Any]:
    """The features of a GeoJSON file. Raises ReadError."""
    try:
        value = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ReadError(f"{file} is no GeoJSON (line {error.lineno}, column {error.colno}): {error.msg}") from None
    features = value.get("features") if isinstance(value, dict) else None
    if not isinstance(features, list) or not features:
        raise ReadError(f"{file} has no features: export the boundaries as a GeoJSON FeatureCollection")
    crs = str(value.get("crs") or "")
    if crs and not any(name in crs for name in _WGS84):
        raise ReadError(
            f"{file} is not in WGS84 ({crs[:100]}): export it in EPSG:4326, longitude and latitude in degrees"
        )
    return features


def property_names(features: Sequence[Any]) -> tuple[str, ...]:
    """All names of properties, in their order."""
    return tuple(dict.fromkeys(name for feature in features for name in _properties(feature)))


def check_boundaries(
    core: AddressCore, features: Sequence[Any], file: str, columns: Mapping[str, str], *, province: str | None = None
) -> CheckedBoundaries:
    """Check features. `columns` says which property is which field; see `services.imports.columns`."""
    rows = [list_row(nth, _properties(feature), columns) for nth, feature in enumerate(features, start=1)]
    findings: list[Finding] = []
    parts: dict[str, list[Any]] = {}
    first: dict[str, int] = {}
    for row, named, feature in zip(rows, named_communes(core, rows, province), features, strict=True):
        commune, geometry = _today(named), _geometry(feature)
        if isinstance(commune, Problem):
            findings.append(commune.at(file, row.number))
        elif isinstance(geometry, Problem):
            findings.append(geometry.at(file, row.number, commune.code))
        else:
            parts.setdefault(commune.code, []).append(geometry)
            first.setdefault(commune.code, row.number)
    outlines: dict[str, Any] = {}
    for code, shapes in parts.items():
        outline, problem = _whole(shapes)
        if problem is not None:
            findings.append(problem.at(file, first[code], code))
        if outline is not None:
            outlines[code] = outline
    findings += [problem.at(file, first[code], code) for code, problem in _doubts(core.gazetteer, outlines)]
    return CheckedBoundaries(outlines, tuple(sorted(findings, key=lambda one: one.line)), len(rows))


def boundary_columns(features: Sequence[Any], chosen: Mapping[str, str]) -> dict[str, str]:
    """Which property is which field. Raises MappingError."""
    return map_list(property_names(features), PLACE_FIELDS, chosen)


def _today(named: NamedCommune | Problem) -> Commune | Problem:
    """The commune of today that a feature is of."""
    if isinstance(named, Problem):
        return named
    if named.legacy is not None or named.commune is None:
        called = named.legacy.full_name if named.legacy else "a commune"
        return Problem("commune.old", f"this is {called} of before July 2025", "import boundaries of since July 2025")
    return named.commune


def _properties(feature: Any) -> Mapping[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return properties if isinstance(properties, dict) else {}


def _geometry(feature: Any) -> Geometry | Problem:
    """The area of a feature."""
    import shapely

    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in _AREAS:
        return Problem("boundary.no_area", f"the feature is no area, but {kind}", "export areas (polygons)")
    try:
        shape = shapely.force_2d(shapely.from_geojson(orjson.dumps(geometry)))
    except (shapely.GEOSException, ValueError, TypeError) as error:
        return Problem("boundary.unreadable", f"its coordinates cannot be read ({error})", "export it again")
    if shape.is_empty or not np.isfinite(shape.bounds).all():
        return Problem("boundary.unreadable", "its area is empty, or a coordinate is no number", "export it again")
    west, south, east, north = shape.bounds
    if _in_vietnam(south, west, north, east):
        return shape
    if _in_vietnam(west, south, east, north):
        return Problem("boundary.swapped_axes", "latitude stands before longitude", "export longitude first")
    if max(map(abs, shape.bounds)) > 360:
        return Problem("boundary.metres", "its coordinates are metres", "export it in WGS84 (EPSG:4326)")
    return Problem("boundary.outside_vietnam", "it lies outside Vietnam", "export it in WGS84 (EPSG:4326)")


def _in_vietnam(south: float, west: float, north: float, east: float) -> bool:
    return VIETNAM.south <= south and north <= VIETNAM.north and VIETNAM.west <= west and east <= VIETNAM.east


def _whole(shapes: Sequence[Any]) -> tuple[Any, Problem | None]:
    """The commune's outline out of its parts, mended where an outline crosses itself."""
    import shapely

    parts = [part for shape in shapes for part in shapely.get_parts(shape)]
    outline = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    if outline.is_valid:
        return outline, None
    why = shapely.is_valid_reason(outline)
    areas = [part for part in shapely.get_parts(shapely.make_valid(outline)) if part.geom_type in _AREAS]
    mended = shapely.union_all(areas) if areas else None
    if mended is None or mended.is_empty:
        return None, Problem("boundary.invalid", f"the outline is no area: {why}", "draw it anew")
    return mended, warned("boundary.mended", f"the outline was not sound, and is mended: {why}", "look at it on a map")


def _doubts(gazetteer: Gazetteer, outlines: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    """What speaks against outlines that are sound by themselves: area, reference point, neighbours."""
    communes = [gazetteer.communes[code] for code in sorted(outlines)]
    boundaries = Boundaries(outlines)
    placed = [one for one in communes if one.lat is not None and one.lon is not None]
    around = boundaries.around(
        [one.lat or 0.0 for one in placed], [one.lon or 0.0 for one in placed], [_REFERENCE_SLACK_M] * len(placed)
    )
    for one, (_, near) in zip(placed, around, strict=True):
        if one.code not in near:
            what = f"the reference point of {one.full_name} lies outside it"
            yield one.code, warned("boundary.reference_point", what, "look whether it is the right commune")
    for one in communes:
        km2 = _area_km2(outlines[one.code])
        if one.area_km2 and not one.area_km2 / _AREA_TIMES <= km2 <= one.area_km2 * _AREA_TIMES:
            what = f"it covers {km2:.1f} km², and {one.full_name} has {one.area_km2} km²"
            yield one.code, warned("boundary.area", what, "look whether it is the right commune")
    yield from _overlaps(communes, outlines)


def _overlaps(communes: Sequence[Commune], outlines: Mapping[str, Any]) -> Iterator[tuple[str, Problem]]:
    import shapely

    shapes = np.array([outlines[one.code] for one in communes], dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    smaller = np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other]))
    much = shared > smaller * _OVERLAP_SHARE
    for first, second in zip(one[much].tolist(), other[much].tolist(), strict=True):
        what = f"it overlaps that of {communes[first].full_name} ({communes[first].code})"
        yield communes[second].code, warned("boundary.overlap", what, "look at both on a map")


def _area_km2(shape: Any) -> float:
    latitude = np.radians((shape.bounds[1] + shape.bounds[3]) / 2)
    return float(shape.area * _KM_PER_DEGREE**2 * np.cos(latitude))
