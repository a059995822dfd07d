"""What imported boundaries change: a point is in its commune or not, and tells the parts of split communes apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from msgspec.structs import replace

from gazetteer.boundaries import Boundaries
from gazetteer.changes import FIRST_EDITION
from gazetteer.following import CommuneOf
from gazetteer.gazetteer import Gazetteer
from gazetteer.imports import write_outlines
from schemas.address import AddressResult, NextAction
from schemas.raw import Decision, RawAddress, RawPosition
from services.address.core import AddressCore
from services.address.faults import Fault

SHARED = Path(__file__).parents[3].parent / "shared" / "boundaries"
MINH_XUAN, MY_LAM = "02215", "02509"
# Kim Phú was split: most of it is Mỹ Lâm today, a part Minh Xuân.
SPLIT = "Thôn 5, xã Kim Phú, thành phố Tuyên Quang, tỉnh Tuyên Quang"
PLAIN = "Phường Minh Xuân, tỉnh Tuyên Quang"
BORDER, LAT = 105.20, 21.812345
WEST, EAST = BORDER - 0.031234, BORDER + 0.031234
OUTSIDE, SPLIT_FAULT = Fault.POINT_OUTSIDE_COMMUNE.value, Fault.COMMUNE_SPLIT.value

OUTLINES = {
    MY_LAM: shapely.box(BORDER - 0.1, 21.75, BORDER, 21.9),
    MINH_XUAN: shapely.box(BORDER, 21.75, BORDER + 0.05, 21.9),
}


def core(*codes: str) -> AddressCore:
    gazetteer = Gazetteer.load()
    if codes:
        gazetteer.boundaries = Boundaries({code: OUTLINES[code] for code in codes})
    return AddressCore(gazetteer)


WITHOUT, BOTH, ONE = core(), core(MINH_XUAN, MY_LAM), core(MINH_XUAN)


def place(core: AddressCore, text: str, lon: float | None, accuracy_m: float = 5.0) -> AddressResult:
    position = None if lon is None else RawPosition(lat=LAT, lon=lon, accuracy_m=accuracy_m)
    return core.digitise([RawAddress("test", "1", text, position=position)])[0]


@pytest.mark.parametrize(("lon", "commune"), [(EAST, MINH_XUAN), (WEST, MY_LAM)])
def test_a_point_tells_the_part_of_a_split_commune(lon: float, commune: str) -> None:
    found = place(BOTH, SPLIT, lon)
    assert (found.commune_code, found.next_action) == (commune, NextAction.ACCEPT)
    assert not {SPLIT_FAULT, OUTSIDE} & set(found.faults)
    assert found.proposed_code is not None


def test_near_the_border_of_two_parts_it_is_asked() -> None:
    for lon in (BORDER - 0.0001, BORDER + 0.0001):
        found = place(BOTH, SPLIT, lon)
        assert SPLIT_FAULT in found.faults
        assert found.next_action is NextAction.CONFIRM
        assert found.commune_code == (MY_LAM if lon < BORDER else MINH_XUAN), "the likelier one is the guess"
    # Three hundred metres off, a coarse point still reaches over the border, and a fine one does not.
    assert SPLIT_FAULT in place(BOTH, SPLIT, BORDER + 0.003, accuracy_m=500).faults
    assert SPLIT_FAULT not in place(BOTH, SPLIT, BORDER + 0.003, accuracy_m=5).faults


def test_where_only_one_part_has_a_boundary_it_says_what_it_can() -> None:
    assert place(ONE, SPLIT, EAST).commune_code == MINH_XUAN
    found = place(ONE, SPLIT, WEST)
    assert found.commune_code == MY_LAM
    assert OUTSIDE not in found.faults


def test_a_point_outside_is_named_and_not_used() -> None:
    inside, outside = place(BOTH, PLAIN, EAST), place(BOTH, PLAIN, BORDER + 0.06)
    assert (OUTSIDE in inside.faults, OUTSIDE in outside.faults) == (False, True)
    assert inside.position is not None
    assert inside.position.lon == round(EAST, 7)
    assert outside.position is not None
    assert outside.position.source.startswith("gazetteer.")
    assert outside.proposed_code is None
    # By its box alone the same point might lie there.
    assert OUTSIDE not in place(WITHOUT, PLAIN, BORDER - 0.0009).faults
    # A few metres beyond the line is no other commune.
    assert OUTSIDE not in place(BOTH, PLAIN, BORDER - 0.0002).faults
    assert OUTSIDE in place(BOTH, PLAIN, BORDER - 0.0009).faults


def test_a_decision_is_held_to_the_boundary_as_well() -> None:
    decision = Decision("test", "1", "an", "2025-11-24T08:00:00Z", 0, MINH_XUAN, PLAIN)
    inside = BOTH.settle(replace(decision, position=RawPosition(lat=LAT, lon=EAST)))
    outside = BOTH.settle(replace(decision, position=RawPosition(lat=LAT, lon=WEST)))
    assert (inside.faults, outside.faults) == ((), (OUTSIDE,))
    assert inside.proposed_code is not None
    assert outside.proposed_code is None


def test_communes_without_a_boundary_and_addresses_without_a_point_are_as_before() -> None:
    elsewhere = "Thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang"
    position = RawPosition(lat=22.051234, lon=105.021234)
    for text in (elsewhere, SPLIT, PLAIN, ""):
        raws = [RawAddress("test", "1", text), RawAddress("test", "2", elsewhere, position=position)]
        assert BOTH.digitise(raws) == WITHOUT.digitise(raws)


def test_a_batch_is_one_look_into_the_index_and_gives_what_single_ones_give(monkeypatch: pytest.MonkeyPatch) -> None:
    raws = [
        RawAddress("test", str(nth), text, position=RawPosition(lat=LAT, lon=lon) if lon else None)
        for nth, (text, lon) in enumerate(
            (text, lon) for text in (SPLIT, PLAIN, "") for lon in (WEST, BORDER, EAST, 0.0, 108.0)
        )
    ]
    singly = [BOTH.digitise([raw])[0] for raw in raws]
    calls = []
    around = Boundaries.around

    def counted(self: Boundaries, *columns: list[float]) -> object:
        calls.append(len(columns[0]))
        return around(self, *columns)

    monkeypatch.setattr(Boundaries, "around", counted)
    assert BOTH.digitise(raws) == singly
    assert calls == [12]


def test_every_commune_holds_a_point_of_its_own_and_none_of_its_neighbours(tmp_path: Path) -> None:
    path = SHARED / "08_tuyen_quang.geojson"
    if not path.exists():
        pytest.skip("no boundaries in ../shared")
    outlines = {
        feature["properties"]["code"]: shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]
    }
    write_outlines(tmp_path, {CommuneOf(code, FIRST_EDITION): one for code, one in outlines.items()})
    gazetteer = Gazetteer.load(imports=tmp_path)
    bounded = AddressCore(gazetteer)
    points = {code: outline.representative_point() for code, outline in outlines.items()}
    texts = {code: f"{gazetteer.communes[code].full_name}, Tuyên Quang" for code in outlines}

    def results(where: dict[str, str]) -> dict[str, AddressResult]:
        raws = [
            RawAddress("test", code, texts[code], position=RawPosition(lat=points[at].y, lon=points[at].x))
            for code, at in where.items()
        ]
        return dict(zip(where, bounded.digitise(raws), strict=True))

    own = results({code: code for code in outlines})
    assert [code for code, found in own.items() if found.commune_code != code or OUTSIDE in found.faults] == []
    order = sorted(outlines)
    shifted = results(dict(zip(order, [*order[1:], order[0]], strict=True)))
    # Of two communes of one name the point may choose the other one.
    assert [code for code, found in shifted.items() if found.commune_code == code and OUTSIDE not in found.faults] == []
