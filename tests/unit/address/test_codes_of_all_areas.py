"""Codes over every commune of today, with the anchors of the gazetteer."""

from __future__ import annotations

import numpy as np
import pytest

from gazetteer.gazetteer import Gazetteer
from services.address.vpostcode import (
    NotDecodableError,
    decode,
    encode_located,
    encode_located_batch,
    is_within_reach,
    provisional_code,
    written_form,
)
from services.address.written_code import WrittenCode, read_code

POINTS_PER_COMMUNE = 5


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


def points(gazetteer: Gazetteer) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Areas, latitudes and longitudes: each decodable commune's reference point, and random ones around its anchor
    as far away as the widest area that decodes (0.9°) allows."""
    random = np.random.default_rng(3321)
    areas: list[str] = []
    lat: list[float] = []
    lon: list[float] = []
    for commune in gazetteer.communes.values():
        if not commune.decodable:
            continue
        north, east = random.uniform(-0.45, 0.45, (2, POINTS_PER_COMMUNE))
        lat += (commune.anchor_lat + north).tolist()
        lon += (commune.anchor_lon + east).tolist()
        areas += [commune.registry_area] * POINTS_PER_COMMUNE
        if commune.lat is not None and commune.lon is not None:
            lat.append(commune.lat)
            lon.append(commune.lon)
            areas.append(commune.registry_area)
    return areas, np.array(lat), np.array(lon)


def test_every_commune_has_an_area_with_its_anchor(gazetteer: Gazetteer) -> None:
    assert len(gazetteer.communes) == 3321
    for commune in gazetteer.communes.values():
        area = gazetteer.areas[commune.registry_area]
        assert (area.anchor_lat, area.anchor_lon) == (commune.anchor_lat, commune.anchor_lon)
        assert area.decodable == commune.decodable


def test_the_decoded_cell_holds_the_point(gazetteer: Gazetteer) -> None:
    areas, lat, lon = points(gazetteer)
    codes = encode_located_batch(areas, lat, lon)
    for code, area, north, east in zip(codes, areas, lat.tolist(), lon.tolist(), strict=True):
        assert code == encode_located(area, north, east)
        cell = decode(code, gazetteer.areas[area])
        assert cell.bounds.south - 1e-9 <= north < cell.bounds.north, code
        assert cell.bounds.west - 1e-9 <= east < cell.bounds.east, code
        assert is_within_reach(gazetteer.areas[area], north, east)
        assert read_code(written_form(code)) == WrittenCode(code, None, True)


def test_old_communes_lie_within_reach_of_their_area(gazetteer: Gazetteer) -> None:
    """Every corner of every old commune decodes by the anchor of the commune that it became part of, whole."""
    measured = 0
    for legacy in gazetteer.legacy:
        if legacy.bbox is None or len(legacy.successors) != 1:
            continue
        commune = gazetteer.communes[legacy.successors[0].commune_code]
        if not commune.decodable:
            continue
        measured += 1
        for lat in (legacy.bbox.south, legacy.bbox.north):
            for lon in (legacy.bbox.west, legacy.bbox.east):
                assert is_within_reach(commune, lat, lon), (legacy.code, commune.code)
    assert measured > 9000


def test_wide_areas_decode_through_the_registry_only(gazetteer: Gazetteer) -> None:
    wide = [area for area in gazetteer.areas.values() if not area.decodable]
    assert wide
    for area in wide:
        with pytest.raises(NotDecodableError, match="too wide"):
            decode(encode_located(area.area, area.anchor_lat, area.anchor_lon), area)


def test_provisional_and_located_codes_never_collide(gazetteer: Gazetteer) -> None:
    areas, lat, lon = points(gazetteer)
    located = set(encode_located_batch(areas, lat, lon))
    provisional = {provisional_code(area, serial) for area in gazetteer.areas for serial in (1, 117, 999_999)}
    assert not located & provisional
    assert len(provisional) == 3 * len(gazetteer.areas)
    for area in gazetteer.areas:
        code = provisional_code(area, 117)
        assert read_code(written_form(code)) == WrittenCode(code, None, True)
        with pytest.raises(NotDecodableError):
            decode(code, gazetteer.areas[area])
