"""Looking villages up in the list of a commune, spelt right or not."""

from __future__ import annotations

import pytest

from gazetteer.model import Village
from services.address.villages import VillageIndex

OLD, TODAY = "02404", "02404"


def village(name: str, legacy: str = OLD, commune: str | None = TODAY) -> Village:
    return Village(name, "thôn", legacy, commune, "test")


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


@pytest.mark.parametrize("written", ["Thôn 6", "Thôn 55", "Khuổi", "Xóm Mới", "", "Thôn"])
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
