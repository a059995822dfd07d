"""The check of boundaries: made-up areas around the places of real communes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from services.imports.boundaries import CheckedBoundaries, boundary_columns, check_boundaries, read_features
from services.intake.readers import ReadError

CORE = AddressCore(Gazetteer.load())
SHARED = Path(__file__).parents[3].parent / "shared" / "boundaries"
MINH_XUAN, MY_LAM = "02215", "02509"


def square(west: float, south: float, side: float = 0.06) -> list[list[list[float]]]:
    east, north = west + side, south + side
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def around(code: str, side: float = 0.06) -> list[list[list[float]]]:
    one = CORE.gazetteer.communes[code]
    assert one.lat is not None and one.lon is not None
    return square(one.lon - side / 2, one.lat - side / 2, side)


def feature(coordinates: Any, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    properties = properties or {"code": MINH_XUAN}
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def check(*features: Any) -> CheckedBoundaries:
    read = read_features(json.dumps({"type": "FeatureCollection", "features": features}).encode(), "x.geojson")
    return check_boundaries(CORE, read, "x.geojson", boundary_columns(read, {}))


def kinds(checked: CheckedBoundaries) -> list[tuple[int, str]]:
    return [(finding.line, finding.kind) for finding in checked.findings]


@pytest.mark.parametrize(
    "properties",
    [
        {"code": MINH_XUAN, "name": "Phường Minh Xuân"},
        {"ma_xa": 2215},
        {"ten_xa": "Phường Minh Xuân", "ten_tinh": "Tuyên Quang"},
    ],
)
def test_a_commune_is_found_by_its_properties(properties: dict[str, Any]) -> None:
    checked = check(feature(around(MINH_XUAN), **properties))
    assert (checked.findings, list(checked.outlines)) == ((), [MINH_XUAN])


def test_several_features_of_a_commune_are_one_outline() -> None:
    west, south = around(MINH_XUAN, 0.04)[0][0]
    checked = check(feature(square(west, south, 0.04)), feature(square(west + 0.1, south, 0.02)))
    assert checked.findings == ()
    assert checked.outlines[MINH_XUAN].geom_type == "MultiPolygon"
    assert len(checked.outlines[MINH_XUAN].geoms) == 2


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (feature([105.2, 21.8], "Point"), "boundary.no_area"),
        ({"type": "Feature", "properties": {"code": MINH_XUAN}, "geometry": None}, "boundary.no_area"),
        (feature([]), "boundary.unreadable"),
        (feature([[[105.2, 21.8], [105.3, 21.8]]]), "boundary.unreadable"),
        (feature([[["a", "b"]]]), "boundary.unreadable"),
        (feature([[[y, x] for x, y in around(MINH_XUAN)[0]]]), "boundary.swapped_axes"),
        (feature(square(418_000, 2_413_000, 3000)), "boundary.metres"),
        (feature(square(2.3, 48.8)), "boundary.outside_vietnam"),
        (feature(around(MINH_XUAN), code="99999"), "commune.unknown"),
        (feature(around(MINH_XUAN), code="02497"), "commune.old"),
        (feature(around(MINH_XUAN), name="x", code=None), "commune.missing"),
        ("no feature", "commune.missing"),
    ],
)
def test_a_bad_feature_is_refused_by_name(bad: Any, kind: str) -> None:
    checked = check(feature(around(MY_LAM), code=MY_LAM), bad)
    errors = [finding for finding in checked.findings if finding.severity == "error"]
    if kind == "commune.missing" and isinstance(bad, dict):
        kind = "commune.unknown"  # by name
    assert [(finding.line, finding.kind) for finding in errors] == [(2, kind)]
    assert list(checked.outlines) == [MY_LAM]


def test_what_is_odd_is_imported_with_a_warning() -> None:
    west, south = around(MINH_XUAN)[0][0]
    far = check(feature(square(west + 0.3, south)))
    assert kinds(far) == [(1, "boundary.reference_point")]
    small = check(feature(around(MINH_XUAN, 0.002)))
    assert kinds(small) == [(1, "boundary.area")]
    both = check(feature(around(MINH_XUAN)), feature(around(MINH_XUAN), code=MY_LAM))
    assert (2, "boundary.overlap") in kinds(both)
    bow = [[[west, south], [west + 0.1, south + 0.1], [west + 0.1, south], [west, south + 0.1], [west, south]]]
    crossed = check(feature(bow))
    assert (1, "boundary.mended") in kinds(crossed)
    assert crossed.outlines[MINH_XUAN].is_valid
    assert {checked.errors for checked in (far, small, both, crossed)} == {0}


def test_heights_and_a_byte_order_mark_do_no_harm() -> None:
    ring = [[x, y, 12.5] for x, y in around(MINH_XUAN)[0]]
    data = json.dumps({"crs": {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "features": [feature([ring])]})
    read = read_features(b"\xef\xbb\xbf" + data.encode(), "x")
    checked = check_boundaries(CORE, read, "x", boundary_columns(read, {}))
    assert checked.findings == ()
    assert not checked.outlines[MINH_XUAN].has_z


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"features": {}}', b'{"features": []}', b"\xff", b"null"])
def test_what_is_no_collection_of_features_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError):
        read_features(data, "x.geojson")


def test_real_boundaries_pass() -> None:
    paths = sorted(SHARED.glob("*.geojson"))
    if not paths:
        pytest.skip("no boundaries in ../shared")
    for path in paths[::6]:
        features = read_features(path.read_bytes(), path.name)
        checked = check_boundaries(CORE, features, path.name, boundary_columns(features, {}))
        # Ba Chẽ has another code there; islands lie apart from their reference points.
        assert checked.errors <= 1
        assert len(checked.outlines) >= len(features) - 1
        assert len(checked.findings) <= len(features) / 10
