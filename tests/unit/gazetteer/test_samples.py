"""The sample batch is what its generator makes, and what its page says."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.samples.compose import KINDS, OUTPUT, rows, to_csv
from gazetteer.samples.surroundings import point_near, surroundings

BOUNDARIES = Path(__file__).parents[4] / "shared" / "boundaries" / "08_tuyen_quang.geojson"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture(scope="module")
def sample() -> list[dict[str, str]]:
    with OUTPUT.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_generator_makes_the_file_byte_for_byte(gazetteer: Gazetteer) -> None:
    assert to_csv(rows(gazetteer)).encode("utf-8") == OUTPUT.read_bytes()


def test_the_page_counts_the_rows_of_each_kind(sample: list[dict[str, str]]) -> None:
    page = OUTPUT.with_name("README.md").read_text(encoding="utf-8")
    told = {kind: int(count) for kind, count in re.findall(r"^\| ([^|]+) \| (\d+) \|", page, re.MULTILINE)}
    counted = Counter(row["composed_as"] for row in sample)
    assert told == counted
    assert counted.total() == 3000
    assert {kind for kind, _, _ in KINDS} < set(told)


def test_ids_repeat_only_where_meant(sample: list[dict[str, str]]) -> None:
    repeated = [row_id for row_id, count in Counter(row["id"] for row in sample).items() if count > 1]
    again = {row["id"] for row in sample if row["composed_as"].startswith("same id")}
    assert set(repeated) == again
    first = {row["id"]: row for row in reversed(sample)}
    for row in sample:
        if row["composed_as"].startswith("same id"):
            assert (row["address"] == first[row["id"]]["address"]) == (row["composed_as"] == "same id, same text")


def test_households_are_plainly_made_up(sample: list[dict[str, str]]) -> None:
    named = [row["householder_name"] for row in sample if row["householder_name"]]
    assert len(named) > 1000
    assert all(re.search(r"(Mẫu|Ví Dụ|Hư Cấu|Giả Định)$", name) for name in named)
    phones = [re.sub(r"\D", "", row["householder_phone"]) for row in sample if row["householder_phone"]]
    assert all(re.fullmatch(r"(84|0)900000\d{3}", phone) for phone in phones)


def inside(lat: float, lon: float, geometry: dict[str, Any]) -> bool:
    """Whether a point lies in a GeoJSON polygon or multipolygon: by the rings that a ray to the east crosses."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    odd = False
    for ring in (ring for polygon in polygons for ring in polygon):
        for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
                odd = not odd
    return odd


def test_right_points_lie_in_their_commune(gazetteer: Gazetteer) -> None:
    if not BOUNDARIES.exists():
        pytest.skip("the boundaries of the communes are not part of the project")
    features = json.loads(BOUNDARIES.read_text(encoding="utf-8"))["features"]
    boundary = {feature["properties"]["code"]: feature["geometry"] for feature in features}
    random = Random(7)
    for place in surroundings(gazetteer).places:
        for _ in range(5):
            lat, lon = point_near(random, place)
            assert inside(lat, lon, boundary[place.commune.code]), (place.legacy.code, lat, lon)
