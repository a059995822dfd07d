"""The check of village lists: what each row comes to, and what is said of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gazetteer.boundaries import Boundaries
from gazetteer.gazetteer import Gazetteer
from gazetteer.names import tidy
from services.address.core import AddressCore
from services.imports.columns import VILLAGE_FIELDS, ListRow, list_row
from services.imports.villages import KINDS, CheckedVillages, check_villages

CORE = AddressCore(Gazetteer.load())
MINH_XUAN, MY_LAM = "02215", "02509"
# Was split: its people are in Mỹ Lâm (most of them) and Minh Xuân.
KIM_PHU = "02497"
LAT, LON = 21.823612, 105.214109


def check(*rows: dict[str, Any], core: AddressCore = CORE, **options: str) -> CheckedVillages:
    columns = {name: name for name in VILLAGE_FIELDS}
    return check_villages(core, [list_row(nth, row, columns) for nth, row in enumerate(rows, 1)], "list.csv", **options)


def kinds(checked: CheckedVillages) -> list[str]:
    return [finding.kind for finding in checked.findings]


@pytest.mark.parametrize(
    ("fields", "commune", "legacy"),
    [
        ({"commune_code": "02215"}, MINH_XUAN, None),
        ({"commune_code": "2215"}, MINH_XUAN, None),
        ({"commune_code": 2215}, MINH_XUAN, None),
        ({"commune_code": "2215.0"}, MINH_XUAN, None),
        ({"commune_code": "02215", "commune": "P. Minh Xuân"}, None, None),
        ({"commune_code": "02215", "commune": "Phường Minh Xuân"}, MINH_XUAN, None),
        ({"commune_code": "02215", "commune": "phuong minh xuan"}, MINH_XUAN, None),
        ({"commune": "Phường Minh Xuân", "province": "Tuyên Quang"}, MINH_XUAN, None),
        ({"commune": "Mỹ Lâm", "province": "Tuyên Quang"}, MY_LAM, None),
        ({"commune": "Xã Kim Phú", "district": "TP Tuyên Quang", "province": "Tuyên Quang"}, None, KIM_PHU),
        ({"old_commune_code": "02497"}, None, KIM_PHU),
        ({"old_commune_code": "02497", "commune_code": "02509"}, MY_LAM, KIM_PHU),
        ({"old_commune": "Kim Phú", "commune_code": "02509"}, MY_LAM, KIM_PHU),
    ],
)
def test_a_commune_is_found_by_code_or_name(fields: dict[str, Any], commune: str | None, legacy: str | None) -> None:
    checked = check({"village": "Thôn Hư Cấu", **fields})
    if commune is None and legacy is None:
        assert kinds(checked) == ["commune.contradicts"]
        return
    (village,) = checked.villages
    assert (village.commune_code, village.legacy_commune_code) == (commune, legacy)
    assert kinds(checked) == ([] if commune else ["commune.split"])
    assert checked.errors == 0


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"village": "Thôn A"}, "commune.missing"),
        ({"village": "Thôn A", "commune_code": "x"}, "commune.code"),
        ({"village": "Thôn A", "commune_code": "022150"}, "commune.code"),
        ({"village": "Thôn A", "commune_code": "99999"}, "commune.unknown"),
        ({"village": "Thôn A", "commune_code": "02215", "commune": "Xã Thái Sơn"}, "commune.contradicts"),
        ({"village": "Thôn A", "commune_code": "02215", "old_commune": "Xã Thái Sơn"}, "commune.contradicts"),
        ({"village": "Thôn A", "commune": "Xã Không Có Đâu", "province": "Tuyên Quang"}, "commune.unknown"),
        ({"village": "Thôn A", "commune": "Tân Lập"}, "commune.doubtful"),
        ({"commune_code": "02215"}, "village.missing"),
        ({"village": "Thôn", "commune_code": "02215"}, "village.name"),
        ({"village": "Thôn " + "a" * 100, "commune_code": "02215"}, "village.name"),
        ({"village": "Thôn a\x07b", "commune_code": "02215"}, "village.name"),
        ({"village": "Hư Cấu", "commune_code": "02215"}, "village.kind"),
        ({"village": "Thôn A", "commune_code": "02215", "lat": "north", "lon": "105"}, "point.unreadable"),
        ({"village": "Thôn A", "commune_code": "02215", "lat": "21.8"}, "point.incomplete"),
        ({"village": "Thôn A", "commune_code": "02215", "lat": "0", "lon": "0"}, "point.zero"),
        ({"village": "Thôn A", "commune_code": "02215", "lat": "48.8566", "lon": "2.3522"}, "point.outside_vietnam"),
        (
            {"village": "Thôn A", "commune_code": "02215", "easting": "418812,4", "northing": "2413456,7"},
            "point.unknown_projection",
        ),
    ],
)
def test_a_bad_row_is_refused_by_name(row: dict[str, Any], kind: str) -> None:
    checked = check(row, {"village": "Thôn Ví Dụ", "commune_code": "02215"})
    errors = [finding for finding in checked.findings if finding.severity == "error"]
    assert [(finding.kind, finding.line) for finding in errors] == [(kind, 1)]
    assert all(finding.what and finding.mend for finding in errors)
    assert [village.name for village in checked.villages] == ["Ví Dụ"]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("Thôn 5", "thôn", "5"),
        ("TDP số 12", "tổ dân phố", "số 12"),
        ("tổ  dân phố Tân Hà", "tổ dân phố", "Tân Hà"),
        ("To dan pho Tan Ha", "tổ dân phố", "Tan Ha"),
        ("ẤP MỚI", "ấp", "MỚI"),
        ("Xóm Ấp", "xóm", "Ấp"),
        ("Bản Bản Ven", "bản", "Bản Ven"),
        ("Tổ 7", "tổ", "7"),
    ],
)
def test_kind_and_name_are_told_apart(text: str, kind: str, name: str) -> None:
    (village,) = check({"village": text, "commune_code": "02215"}).villages
    assert (village.kind, village.name) == (kind, name)


def test_the_kind_comes_from_the_row_the_heading_or_the_option_in_this_order() -> None:
    row = {"village": "Hư Cấu", "commune_code": "02215"}
    assert check({**row, "kind": "Bản"}, kind="thôn").villages[0].kind == "bản"
    assert check(row, kind="thôn").villages[0].kind == "thôn"
    headed = ListRow(1, row, {"village": "Tên xóm"})
    assert check_villages(CORE, [headed], "x", kind="thôn").villages[0].kind == "xóm"
    # An áp is no ấp.
    assert kinds(check({"village": "Áp Thấp", "commune_code": "02215"})) == ["village.kind"]


def test_a_point_far_off_is_left_out_and_said_where_only_estimates_tell() -> None:
    checked = check({"village": "Thôn A", "commune_code": MINH_XUAN, "lat": 22.512345, "lon": 105.212345})
    assert kinds(checked) == ["point.outside_commune"]
    assert checked.villages[0].lat is None
    assert checked.errors == 0


def bounded() -> AddressCore:
    import shapely

    plain = Gazetteer.load()
    plain.boundaries = Boundaries(
        {MINH_XUAN: shapely.box(105.20, 21.80, 105.24, 21.84), MY_LAM: shapely.box(105.10, 21.80, 105.20, 21.84)}
    )
    return AddressCore(plain)


def test_with_boundaries_a_point_outside_is_an_error_and_one_inside_tells_the_part() -> None:
    core = bounded()
    outside = check({"village": "Thôn A", "commune_code": MINH_XUAN, "lat": 21.812345, "lon": 105.251234}, core=core)
    assert (kinds(outside), outside.errors, outside.villages) == (["point.outside_commune"], 1, ())
    for lon, commune in ((105.221234, MINH_XUAN), (105.151234, MY_LAM)):
        row = {"village": "Thôn A", "old_commune_code": KIM_PHU, "lat": 21.812345, "lon": lon}
        checked = check(row, core=core)
        assert checked.findings == ()
        assert (checked.villages[0].commune_code, checked.villages[0].lon) == (commune, lon)
    border = check({"village": "Thôn A", "old_commune_code": KIM_PHU, "lat": 21.812345, "lon": 105.200012}, core=core)
    assert kinds(border) == ["commune.split"]


def test_a_village_that_comes_twice_is_left_out_unless_its_old_commune_differs() -> None:
    row = {"village": "Thôn 1", "commune_code": MY_LAM}
    twice = check(row, {**row, "village": "thôn  1"})
    assert (kinds(twice), len(twice.villages), twice.errors) == (["village.twice"], 1, 0)
    assert "row 1" in twice.findings[0].what
    legacy = sorted({one.code for one in CORE.gazetteer.predecessors(MY_LAM)})[:2]
    apart = check(*({**row, "old_commune_code": code} for code in legacy))
    assert apart.findings == ()
    assert {one.legacy_commune_code for one in apart.villages} == set(legacy)


_CELLS = st.one_of(st.none(), st.integers(), st.floats(), st.booleans(), st.text(max_size=30))


@settings(max_examples=150, deadline=None)
@example([{"epsg": math.inf}])
@given(st.lists(st.dictionaries(st.sampled_from(VILLAGE_FIELDS), _CELLS), max_size=4))
def test_any_row_is_either_a_village_or_told_what_is_wrong(rows: list[dict[str, Any]]) -> None:
    checked = check(*rows)
    assert checked.rows == len(rows)
    named = {finding.line for finding in checked.findings}
    assert len(checked.villages) + len(named) >= len(rows)
    for village in checked.villages:
        assert village.kind in KINDS.values()
        assert village.name == tidy(village.name) != ""
        assert village.commune_code or village.legacy_commune_code
