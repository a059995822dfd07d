"""Looking villages up in the list of a commune, spelt right or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.model import Village
from gazetteer.villages import with_newer
from services.address.villages import VillageIndex

OLD, TODAY = "02404", "02404"


def village(name: str, legacy: str = OLD, commune: str | None = TODAY, kind: str = "thôn") -> Village:
    return Village(name, kind, legacy, commune, "test")


INDEX = VillageIndex([village(name) for name in ("Khuổi Luông", "Khuổi Nọi", "Tân Lập", "5", "Đồng Bàng")])


@pytest.mark.parametrize(
    ("written", "name", "misspelt"),
    [
        ("Thôn Khuổi Luông", "Khuổi Luông", False),
        ("thon khuoi luong", "Khuổi Luông", False),
        ("Thôn 5", "5", False),
        ("Khuổi Luôngg", "Khuổi Luông", True),
        ("Bản Tân Nập", "Tân Lập", True),
        ("Đồng Bang", "Đồng Bàng", False),
    ],
)
def test_a_village_is_found(written: str, name: str, misspelt: bool) -> None:
    found = INDEX.find(written, OLD, ())
    assert found is not None
    assert (found.village.name, found.misspelt) == (name, misspelt)


@pytest.mark.parametrize("written", ["Thôn 6", "Thôn 55", "Khuổi", "Xóm Mới", "", "Thôn", "Tân Lập B"])
def test_what_is_not_listed_or_not_clear_is_not_found(written: str) -> None:
    assert INDEX.find(written, OLD, ()) is None


def test_two_villages_as_near_leave_it_open() -> None:
    index = VillageIndex([village("Tân Lập"), village("Tân Lạp Hạ"), village("Tân Lộp")])
    assert index.find("Tân Lep", OLD, ()) is None


def test_two_villages_of_one_name_leave_it_open() -> None:
    index = VillageIndex([village("Tân Lập", "1"), village("Tân Lập", "2")])
    assert index.find("Tân Lập", None, (TODAY,)) is None
    found = index.find("Tân Lập", "1", (TODAY,))
    assert found is not None
    assert found.village.legacy_commune_code == "1"


def test_the_kind_tells_namesakes_apart() -> None:
    index = VillageIndex([village("1", "1"), village("1", "2", kind="tổ dân phố"), village("2"), village("2", "2")])
    found = index.find("Tổ dân phố 1", None, (TODAY,))
    assert found is not None
    assert found.village.legacy_commune_code == "2"
    assert index.find("Thôn 1", None, (TODAY,)) != found
    assert index.find("Thôn 2", None, (TODAY,)) is None
    assert index.find("1", None, (TODAY,)) is None


def test_one_slip_is_nearer_than_two_however_long_the_name() -> None:
    index = VillageIndex([village("Thái Giếng"), village("Thác Giếng")])
    for written, name in (("Thái Giếngf", "Thái Giếng"), ("Thacs Giếng", "Thác Giếng")):
        found = index.find(written, OLD, ())
        assert found is not None
        assert (found.village.name, found.misspelt) == (name, True)


def test_a_sound_written_as_another_is_one_slip() -> None:
    found = VillageIndex([village("Nà Tre"), village("Nà Kim")]).find("Nà Che", OLD, ())
    assert found is not None
    assert found.village.name == "Nà Tre"
    assert VillageIndex([village("Nà Tre"), village("Nà Khẻ")]).find("Nà Che", OLD, ()) is None


def test_the_end_of_a_name_may_have_been_read_as_the_communes_kind() -> None:
    found = VillageIndex([village("Ao Xá")]).find("Thon Ao", OLD, ())
    assert found is not None
    assert (found.village.name, found.misspelt) == ("Ao Xá", False)


_NAMES = st.sampled_from(["Tân Lập", "Tân Tiến", "Đồng Bàng", "Khuổi Nọi", "5"])


@given(st.lists(st.tuples(_NAMES, st.sampled_from([OLD, None]), st.booleans()), max_size=12))
def test_confirmed_villages_are_as_good_as_listed_ones(steps: list[tuple[str, str | None, bool]]) -> None:
    """Whatever was confirmed and taken back: the index answers as one made anew from what is left."""
    listed = [village(name) for name in ("Tân Lập", "Đồng Bàng")]
    index, left = VillageIndex(listed), dict[str, Village]()
    for name, legacy, confirmed in steps:
        if confirmed:
            left[name] = Village(name, "thôn", legacy, TODAY, "review", 21.8, 105.2)
            index.confirm(name, left[name])
        else:
            left.pop(name, None)
            index.take_back(name)
    anew = VillageIndex(with_newer(listed, left.values()))
    for written in ("Thôn Tân Lập", "tan tien", "Đồng Bang", "Khuổi Nội", "Thôn 5", "Xóm Mới"):
        for legacy_code in (OLD, None):
            assert index.find(written, legacy_code, (TODAY,)) == anew.find(written, legacy_code, (TODAY,))


def test_a_confirmation_adds_to_the_listed_entry_and_gives_it_back() -> None:
    index = VillageIndex([village("Tân Lập")])
    index.confirm("key", Village("Tân Lập", "thôn", None, TODAY, "review", 21.8, 105.2))
    found = index.find("Thôn Tân Lập", OLD, ())
    assert found is not None
    assert (found.village.lat, found.village.legacy_commune_code) == (21.8, OLD)
    index.take_back("key")
    again = index.find("Thôn Tân Lập", OLD, ())
    assert again is not None
    assert again.village == village("Tân Lập")
    index.take_back("never confirmed")
