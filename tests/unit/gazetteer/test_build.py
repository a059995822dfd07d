"""The artifact: the same from the same tables, complete, and refused when it is none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gazetteer.artifact import decode, encode
from gazetteer.build import build
from gazetteer.gazetteer import Gazetteer, GazetteerMissing
from tests.unit.gazetteer.conftest import read, write


def test_two_builds_are_one(folder: Path) -> None:
    one = build(folder, folder / "one.json.gz")
    other = build(folder, folder / "other.json.gz")
    assert one.version == other.version
    assert one.path.read_bytes() == other.path.read_bytes()
    assert len(one.version) == 12
    assert int(one.version, 16) >= 0


def test_the_order_of_rows_does_not_matter_and_their_content_does(folder: Path) -> None:
    before = build(folder, folder / "before.json.gz").version
    for table in ("communes", "legacy_communes", "districts", "anchors", "villages", "aliases", "lineage", "merged"):
        write(folder, table, read(folder, table)[::-1])
    assert build(folder, folder / "reversed.json.gz").version == before
    rows = read(folder, "communes")
    rows[0]["area_km2"] = "123.4"
    write(folder, "communes", rows)
    assert build(folder, folder / "after.json.gz").version != before


def test_what_is_written_is_what_is_read(folder: Path) -> None:
    built = build(folder, folder / "artifact.json.gz")
    version, places = decode(built.path.read_bytes())
    assert version == built.version
    assert places == built.places
    assert encode(places)[0] == built.version


def test_moving_a_reference_point_leaves_the_anchors(folder: Path) -> None:
    before = build(folder, folder / "before.json.gz").places
    rows = read(folder, "communes")
    rows[0]["lat"] = f"{float(rows[0]['lat']) + 0.01:.4f}"
    write(folder, "communes", rows)
    after = build(folder, folder / "after.json.gz").places
    assert after.communes[0].lat != before.communes[0].lat
    assert after.areas == before.areas


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"[]"), gzip.compress(b'{"format": 99}')])
def test_a_file_that_is_no_artifact_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gazetteer.json.gz"
    with pytest.raises(GazetteerMissing, match="does not exist: run `diachi gazetteer build`"):
        Gazetteer.load(path)
    path.write_bytes(content)
    with pytest.raises(GazetteerMissing, match="run `diachi gazetteer build`"):
        Gazetteer.load(path)
