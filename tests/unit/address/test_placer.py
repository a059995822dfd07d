"""Where a tail lies is worked out once: the result is the one that working it out for each address gives."""

from __future__ import annotations

from itertools import product

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from schemas.address import AddressResult, CoordinateLevel
from schemas.raw import RawAddress, RawPosition
from services.address.core import AddressCore
from services.address.glance import Text
from services.address.locate import points_of
from services.address.position import read_points
from services.address.resolve import confirmed, resolve

GAZETTEER = Gazetteer.load()
CORE = AddressCore(GAZETTEER)
TEXTS = [
    "xã Hùng Đức, huyện Hàm Yên, Tuyên Quang",
    "xã Việt Lâm, huyện Vị Xuyên, Hà Giang",  # divided
    "Ba Đình, Thanh Hóa",  # a group of a town means a ward of that name
    "Thạch An, Cao Bằng",
    "Tân Lập, Thái Nguyên",
    "xã Không Có, huyện Hàm Yên, Tuyên Quang",
    "",
]
FIELDS = (
    "commune", "legacy", "legacy_assumed", "place", "village", "faults", "score", "margin", "rivals", "point_inside"
)  # fmt: skip
HEADS = ("", "Thôn 5, ", "Tổ dân phố 5, ", "12 Lê Lợi, ")


def _points(text: str) -> list[RawPosition | None]:
    """None, and the reference points of the communes that a text may mean."""
    ranked = CORE.matcher.match([Text(text)])[0].ranking.ranked
    communes = [GAZETTEER.communes[code] for one in ranked[:4] for code in one.place.current]
    return [None, *(RawPosition(one.lat, one.lon) for one in communes if one.lat is not None)]


def _alone(raw: RawAddress) -> AddressResult:
    """The result of a core that has placed nothing yet."""
    CORE.confirm_villages({"of no village": None}, -1)
    return CORE.digitise([raw])[0]


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_placed_before_changes_no_result(text: str) -> None:
    raws = [RawAddress("test", "1", head + text, position=at) for head, at in product(HEADS, _points(text))]
    alone = [_alone(raw) for raw in raws]
    assert CORE.digitise(raws) == alone
    assert CORE.digitise(raws[::-1]) == alone[::-1]


def test_a_point_that_agrees_only_counts_against_the_rivals() -> None:
    """The short way comes to the same as the long one, which looks at every candidate."""
    seen = 0
    for text, names in product(TEXTS, ((), ("Tổ dân phố 5",))):
        ranked = CORE.matcher.match([Text(text)])[0].ranking.ranked
        told = resolve(GAZETTEER, CORE.villages, ranked, names, None)
        positions = [reading.position for reading in read_points(_points(text)[1:])]
        for point in points_of(positions, None):
            assert point is not None
            short = confirmed(GAZETTEER, ranked, told, point)
            if short is not None:
                long = resolve(GAZETTEER, CORE.villages, ranked, names, point)
                assert [getattr(short, name) for name in FIELDS] == [getattr(long, name) for name in FIELDS]
                seen += 1
    assert seen > 5


def test_a_group_of_a_town_is_told_apart_under_one_tail() -> None:
    rural, urban = CORE.digitise([RawAddress("test", "1", head + "Ba Đình, Thanh Hóa") for head in HEADS[1:3]])
    assert (rural.commune, urban.commune) == ("Xã Ba Đình", "Phường Hạc Thành")


def test_tails_that_differ_only_in_their_rivals_are_kept_apart() -> None:
    raws = [RawAddress("test", "1", f"{name}, xã Yên Sơn, Tuyên Quang") for name in ("Kim Quan", "Hoàng Khai")]
    one, other = CORE.digitise(raws)
    assert (one.commune, one.faults, one.margin) == (other.commune, other.faults, other.margin)
    assert [rival.commune for rival in one.rivals] == ["Xã Tân Trào"]
    assert [rival.commune for rival in other.rivals] == ["Phường An Tường"]


def test_a_village_that_is_confirmed_counts_from_then_on() -> None:
    core = AddressCore(GAZETTEER, villages=[])
    raw = RawAddress("test", "1", "thôn Nà Thử, xã Hùng Đức, huyện Hàm Yên, Tuyên Quang")
    before = core.digitise([raw])[0]
    village = Village("Nà Thử", "thôn", None, before.commune_code, "test", lat=22.0, lon=105.0)
    core.confirm_villages({"1": village}, 7)
    found = core.digitise([raw])[0]
    assert (before.coordinate_level, found.coordinate_level) == (CoordinateLevel.COMMUNE, CoordinateLevel.VILLAGE)
    core.confirm_villages({"1": None}, -1)
    assert core.digitise([raw])[0] == before


def test_tails_that_mean_the_same_share_their_contenders() -> None:
    tails = ["X. Yên Hoa,H. Na Hang,Tuyên Quang", "xã Yên Hoa,H. Na Hang,T. Tuyên Quang", "Yên Hoa, Na Hang"]
    first, again, other = [match.ranking.contenders for match in CORE.matcher.match([Text(tail) for tail in tails])]
    assert first is again
    assert first is not other
