"""Imports in the user's folder: kept in one form, laid over the gazetteer, named by its version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.boundaries import MOST_REACH_M, SLACK_M, Boundaries
from gazetteer.changes import FIRST_EDITION
from gazetteer.following import CommuneOf, Listed
from gazetteer.gazetteer import Gazetteer, GazetteerMissing
from gazetteer.imports import (
    BOUNDARIES,
    FILES,
    POSTAL_CODES,
    SOURCE,
    VILLAGES,
    ImportsUnusable,
    read_imports,
    read_outlines,
    read_postal_codes,
    read_villages,
    write_outlines,
    write_postal_codes,
    write_villages,
)
from gazetteer.model import Village
from gazetteer.villages import are_one, merged, village_key, with_newer

MINH_XUAN, MY_LAM, KIM_PHU = "02215", "02509", "02497"
SQUARE = shapely.box(105.2, 21.8, 105.25, 21.85)
_METRES_PER_DEGREE = 111_320.0


def village(name: str = "Hư Cấu", commune: str | None = MINH_XUAN, legacy: str | None = None, **more: float) -> Village:
    return Village(name, "thôn", legacy, commune, SOURCE, **more)  # type: ignore[arg-type]


def listed(*arguments: Any, **more: Any) -> Listed:
    return Listed(village(*arguments, **more), FIRST_EDITION)


def of(code: str, edition: str = FIRST_EDITION) -> CommuneOf:
    return CommuneOf(code, edition)


def load(artifact: Path, folder: Path) -> Gazetteer:
    return Gazetteer.load(artifact, folder)


def test_nothing_imported_changes_nothing(artifact: Path, gazetteer: Gazetteer, tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        found = load(artifact, folder)
        assert (found.version, found.boundaries) == (gazetteer.version, None)
        assert found.villages == gazetteer.villages
        assert found.communes == gazetteer.communes


def test_each_kind_is_laid_over_and_named_by_the_version(artifact: Path, gazetteer: Gazetteer, tmp_path: Path) -> None:
    versions = [gazetteer.version]
    write_villages(tmp_path, [listed(lat=21.82, lon=105.21)])
    versions.append(load(artifact, tmp_path).version)
    write_postal_codes(tmp_path, {of(MINH_XUAN): "22199"})
    versions.append(load(artifact, tmp_path).version)
    write_outlines(tmp_path, {of(MINH_XUAN): SQUARE})
    found = load(artifact, tmp_path)
    versions.append(found.version)
    assert len(set(versions)) == 4
    assert set(found.villages) - set(gazetteer.villages) == {village(lat=21.82, lon=105.21)}
    was, now = gazetteer.communes[MINH_XUAN], found.communes[MINH_XUAN]
    assert now == replace(was, postal_code="22199"), "the registry area and its anchor stay"
    assert {code: one for code, one in found.communes.items() if code != MINH_XUAN} == {
        code: one for code, one in gazetteer.communes.items() if code != MINH_XUAN
    }
    assert found.boundaries is not None
    assert found.boundaries.codes == {MINH_XUAN}
    for name in FILES:
        (tmp_path / name).unlink()
    assert load(artifact, tmp_path).version == gazetteer.version


def test_the_order_of_what_is_written_does_not_count(tmp_path: Path) -> None:
    villages = [listed("B"), listed("A"), listed("A", legacy=KIM_PHU), listed("A", None, KIM_PHU)]
    villages.append(Listed(village("A"), "2026-03-01"))
    assert write_villages(tmp_path, villages)
    data = (tmp_path / VILLAGES).read_bytes()
    assert not write_villages(tmp_path, villages[::-1])
    assert (tmp_path / VILLAGES).read_bytes() == data
    assert set(read_villages(tmp_path)) == set(villages)
    outlines = {
        of(MY_LAM): shapely.MultiPolygon([SQUARE, shapely.box(105.3, 21.8, 105.4, 21.9)]),
        of(MINH_XUAN): SQUARE,
        of(MINH_XUAN, "2026-03-01"): shapely.box(105.2, 21.8, 105.3, 21.9),
    }
    assert write_outlines(tmp_path, outlines)
    assert not write_outlines(tmp_path, dict(reversed(outlines.items())))
    assert read_outlines(tmp_path) == outlines
    assert [path.name for path in tmp_path.iterdir() if path.name not in FILES] == []


def test_writing_nothing_takes_the_file_away(tmp_path: Path) -> None:
    write_villages(tmp_path, [listed()])
    write_postal_codes(tmp_path, {of(MINH_XUAN): "22199"})
    write_outlines(tmp_path, {of(MINH_XUAN): SQUARE})
    assert write_villages(tmp_path, [])
    assert write_postal_codes(tmp_path, {})
    assert write_outlines(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    assert not write_outlines(tmp_path, {})
    assert read_imports(tmp_path).digest == ""


_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(_NAMES, _NAMES), max_size=5), st.floats(21, 22), st.floats(105, 106))
def test_any_village_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]], lat: float, lon: float
) -> None:
    folder = tmp_path_factory.mktemp("imports")
    villages = {
        Listed(Village(name, kind, None, MINH_XUAN, SOURCE, round(lat, 6), round(lon, 6)), FIRST_EDITION)
        for name, kind in names
    }
    write_villages(folder, villages)
    assert set(read_villages(folder)) == villages


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        (VILLAGES, b"\xff", "can't decode"),
        (VILLAGES, b"name,kind\n", "the columns are not commune"),
        (VILLAGES, b"commune,legacy_commune,kind,name,lat,lon\n02215,,a,b,c\n", "line 2 has not 6 cells"),
        (VILLAGES, b"commune,legacy_commune,kind,name,lat,lon\n02215,,a,b,c,1\n", "could not convert"),
        (VILLAGES, b"commune,legacy_commune,kind,name,lat,lon,edition\n02215,,a,b,,,2026\n", "no edition"),
        (POSTAL_CODES, b'commune,postal_code\n"02215', "unexpected end"),
        (POSTAL_CODES, b"commune,postal_code,edition\n02215,22110\n", "line 2 has not 3 cells"),
        (BOUNDARIES, b"{}", "not a file of imported boundaries"),
        (BOUNDARIES, b'{"features": [{"properties": {"code": "02215"}}]}', "not a file of imported boundaries"),
        (
            BOUNDARIES,
            b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "02215"},'
            b' "geometry": {"type": "Point", "coordinates": [105, 21]}}]}',
            "no area",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(artifact: Path, tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(GazetteerMissing, match=says) as error:
        load(artifact, tmp_path)
    assert str(tmp_path / name) in str(error.value)
    assert "import" in str(error.value)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / POSTAL_CODES).mkdir()
    with pytest.raises(ImportsUnusable, match="cannot be read"):
        read_postal_codes(tmp_path)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_villages(tmp_path, [listed()])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_villages(tmp_path, [listed("B")])
    assert read_villages(tmp_path) == (listed(),)
    assert [path.name for path in tmp_path.iterdir()] == [VILLAGES]


def test_an_imported_village_and_an_attested_one_are_one_entry() -> None:
    attested = Village("Hoà Bình", "thôn", KIM_PHU, MY_LAM, "book")
    found = Village("Hòa Bình", "Thôn", None, MY_LAM, SOURCE, 21.8, 105.1)
    assert are_one(attested, found)
    both = Village("Hòa Bình", "Thôn", KIM_PHU, MY_LAM, SOURCE, 21.8, 105.1)
    assert with_newer([attested], [found]) == (both,)
    assert merged(both, attested).lat == 21.8
    for other in (
        replace(found, commune_code=MINH_XUAN), replace(found, name="Hoa Bình"), replace(found, kind="xóm"),
        replace(found, legacy_commune_code="02500"),
    ):  # fmt: skip
        assert not are_one(attested, other)
        assert len(with_newer([attested], [other])) == 2
    # Of two that it may be, it is neither.
    twin = replace(attested, legacy_commune_code="02500")
    assert len(with_newer([attested, twin], [found])) == 3


def test_the_key_of_a_village_is_its_commune_and_name() -> None:
    assert village_key(village()) == "02215:thôn hư cấu"
    assert village_key(village("5", MY_LAM, KIM_PHU)) == "02509/02497:thôn 5"
    with pytest.raises(ValueError, match="which commune of today"):
        village_key(village("5", None, KIM_PHU))


CELLS = {f"{row}{column}": (row, column) for row in range(3) for column in range(3)}
SIDE = 0.05


def grid() -> Boundaries:
    """Nine squares side by side; the one in the middle is missing."""
    return Boundaries(
        {
            code: shapely.box(105 + SIDE * x, 21 + SIDE * y, 105 + SIDE * (x + 1), 21 + SIDE * (y + 1))
            for code, (y, x) in CELLS.items()
            if code != "11"
        }
    )


GRID = grid()


@given(
    st.lists(st.tuples(st.floats(20.95, 21.2), st.floats(104.95, 105.2), st.floats(0.1, 1e6)), min_size=1, max_size=30)
)
def test_points_are_held_against_the_squares_they_lie_in(points: list[tuple[float, float, float]]) -> None:
    found = GRID.around(*map(list, zip(*points, strict=True)))
    assert found == [one for each in points for one in GRID.around(*[[value] for value in each])]
    for (lat, lon, accuracy), (inside, near) in zip(points, found, strict=True):
        # A hair within or without a side is left open: that is what the accuracy is for.
        y, x = (lat - 21) / SIDE, (lon - 105) / SIDE
        if min(abs(y - round(y)), abs(x - round(x))) > 1e-9:
            cell = f"{int(y // 1)}{int(x // 1)}"
            assert inside == ((cell,) if cell in GRID.codes else ())
        assert set(inside) <= set(near)
        assert list(near) == sorted(near)
        reach = min(accuracy + SLACK_M, MOST_REACH_M)
        for code in GRID.codes:
            row, column = CELLS[code]
            south_north = max(21 + SIDE * row - lat, lat - 21 - SIDE * (row + 1), 0.0) * _METRES_PER_DEGREE
            west_east = max(105 + SIDE * column - lon, lon - 105 - SIDE * (column + 1), 0.0) * _METRES_PER_DEGREE
            away = (south_north**2 + (west_east * 0.93) ** 2) ** 0.5
            if away < reach * 0.98:
                assert code in near
            if away > reach * 1.1:
                assert code not in near


def test_no_points_are_no_trouble() -> None:
    assert GRID.around([], [], []) == []
