"""Editions and dated changes: what a code of one day has become on another, and what the check says of bad rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.build import build, inspect, open_gazetteer
from gazetteer.changes import FIRST_EDITION, Changes
from gazetteer.compare import UnitChange, compare
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import CommuneChange, Successor
from tests.gazetteers import (
    BACH_NGOC,
    CAO_BO,
    JUNE,
    MERGED,
    MERGER_DAY,
    PART,
    RENAMED,
    THUONG_SON,
    VI_XUYEN,
    Cells,
    change_row,
    edit,
    june_artifact,
    loaded,
    merger_tables,
)


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    return loaded(merger_tables(tmp_path_factory.mktemp("tables") / "merger"))


def change(day: int, code: str, *into: str) -> CommuneChange:
    """The first part is the usual one."""
    successors = tuple(Successor(one, nth == 0) for nth, one in enumerate(into))
    return CommuneChange(f"2026-01-{day:02}", code, "Xã", code, "08", successors)


def became(changes: Changes, code: str, edition: str) -> list[str]:
    return [one.commune_code for one in changes.follow(code, edition)]


def test_a_code_is_read_with_its_day() -> None:
    """a keeps its code in a split of day 2, and takes b in on day 4; c is renamed to d, whose code e had before."""
    changes = Changes([change(2, "a", "a", "x"), change(4, "b", "a"), change(3, "e", "f"), change(5, "c", "e")])
    assert became(changes, "a", FIRST_EDITION) == ["a", "x"]
    assert became(changes, "a", "2026-01-02") == ["a"]
    assert became(changes, "b", "2026-01-03") == ["a"]
    assert became(changes, "e", "2026-01-02") == ["f"]
    assert became(changes, "e", "2026-01-03") == ["e"]
    assert became(changes, "c", FIRST_EDITION) == ["e"]
    assert changes.touched("a", "2026-01-01") and not changes.touched("a", "2026-01-02")


def test_changes_of_one_day_happen_at_once_and_parts_stay_usual() -> None:
    """a and b exchange their codes; a part of a split that is split again is usual where both steps are."""
    swapped = Changes([change(2, "a", "b"), change(2, "b", "a")])
    assert (became(swapped, "a", FIRST_EDITION), became(swapped, "b", FIRST_EDITION)) == (["b"], ["a"])
    twice = Changes([change(2, "a", "b", "c"), change(3, "b", "d", "c"), change(4, "c", "e")])
    assert twice.follow("a", FIRST_EDITION) == (Successor("d", True), Successor("e", False))


codes = st.sampled_from("abcdef")


@given(st.lists(st.tuples(st.integers(2, 9), codes, st.lists(codes, min_size=1, max_size=3, unique=True))), codes)
def test_following_in_two_steps_is_following_in_one(rows: list[tuple[int, str, list[str]]], code: str) -> None:
    changes = [change(day, one, *into) for (day, one), into in {(day, one): into for day, one, into in rows}.items()]
    whole = Changes(changes)
    until = Changes([one for one in changes if one.date <= "2026-01-05"])
    twice = {
        end.commune_code
        for step in until.follow(code, FIRST_EDITION)
        for end in whole.follow(step.commune_code, "2026-01-05")
    }
    assert twice == set(became(whole, code, FIRST_EDITION))
    assert sum(one.usual for one in whole.follow(code, FIRST_EDITION)) == 1


def test_old_communes_lead_on_to_today(merged: Gazetteer, gazetteer: Gazetteer) -> None:
    assert [one.commune_code for one in merged.successors(CAO_BO)] == [MERGED]
    split = merged.became(VI_XUYEN, FIRST_EDITION)
    assert split == (Successor(VI_XUYEN, True), Successor(PART, False))
    assert merged.became(VI_XUYEN, MERGER_DAY) == (Successor(VI_XUYEN, True),)
    assert gazetteer.became(MERGED, MERGER_DAY) == (), "a later day than its own"
    assert merged.became("99999", FIRST_EDITION) == ()
    # Kim Phú of June 2025 was split in July.
    assert [one.commune_code for one in merged.became("02497", JUNE)] == ["02509", "02215"]


def test_former_names_lead_to_what_the_commune_became(merged: Gazetteer, tmp_path: Path) -> None:
    assert merged.communes[MERGED].aliases == ("Cao Bồ", "Thượng Sơn")
    assert "Bạch Ngọc" in merged.communes[BACH_NGOC].aliases
    # The name stays with the part that bears it.
    assert "Vị Xuyên" not in merged.communes[PART].aliases
    assert merged.edition == MERGER_DAY and CAO_BO not in merged.communes
    assert "20223" in merged.areas, "an area outlives its commune"


def test_two_gazetteers_are_compared(merged: Gazetteer, gazetteer: Gazetteer, tmp_path: Path) -> None:
    assert compare(gazetteer, gazetteer) == ()
    found = {one.code: one for one in compare(gazetteer, merged)}
    assert found.keys() == {CAO_BO, THUONG_SON, VI_XUYEN, BACH_NGOC}
    for code in (CAO_BO, THUONG_SON):
        assert found[code].changes == (UnitChange.MERGED, UnitChange.RENAMED, UnitChange.POSTAL_CODE)
        assert [one.code for one in found[code].became] == [MERGED]
    assert found[VI_XUYEN].changes == (UnitChange.SPLIT,)
    assert [one.code for one in found[VI_XUYEN].became] == [VI_XUYEN, PART]
    assert found[BACH_NGOC].changes == (UnitChange.RENAMED,)
    assert found[BACH_NGOC].became[0].full_name == f"Xã {RENAMED}"
    unexplained = merger_tables(tmp_path / "unexplained")
    edit(unexplained, "changes", lambda rows: [row for row in rows if row["into"] not in (MERGED, PART)])
    edit(unexplained, "lineage", lambda rows: [row for row in rows if row["new"] not in (CAO_BO, THUONG_SON)])
    found = {one.code: one for one in compare(gazetteer, loaded(unexplained))}
    assert found[CAO_BO].changes == (UnitChange.ENDED,) and found[CAO_BO].became == ()
    assert found[PART].changes == (UnitChange.APPEARED,)


def test_june_and_july_2025_are_compared(gazetteer: Gazetteer, tmp_path: Path) -> None:
    june = Gazetteer.load(june_artifact(tmp_path / "june"))
    found = {one.code: one for one in compare(june, gazetteer)}
    assert UnitChange.ENDED not in {change for one in found.values() for change in one.changes}
    assert [one.code for one in found["02203"].became] == ["02215"]
    assert found["02497"].changes == (UnitChange.SPLIT,)
    split = sum(one.changes == (UnitChange.SPLIT,) for one in found.values())
    assert split == sum(
        len({row.commune_code for row in june_ways}) > 1 for june_ways in map(gazetteer.successors, june.communes)
    )


BAD: list[tuple[list[Cells], str]] = [
    ([change_row(CAO_BO, "Xã", "Cao Bồ", MERGED, date="2026-03-02")], "change.day"),
    ([change_row(CAO_BO, "Xã", "Cao Bồ", MERGED, date="2025-07-01")], "change.day"),
    ([change_row(CAO_BO, "Xã", "Cao Bồ", MERGED, date="2026-13-01")], "bad.value"),
    ([change_row(CAO_BO, "Xã", "Cao Bồ", "99999")], "orphan"),
    ([change_row(CAO_BO, "Xã", "", MERGED)], "name.empty"),
    ([change_row(CAO_BO, "Xã", "Xã Cao Bồ", MERGED)], "name.kind"),
    ([{**change_row(CAO_BO, "Xã", "Cao Bồ", MERGED), "province": "99"}], "orphan"),
    ([change_row(CAO_BO, "Xã", "Cao Bồ", MERGED, usual=False)], "change.usual"),
    (
        [change_row(CAO_BO, "Xã", "Cao Bồ", MERGED), change_row(CAO_BO, "Xã", "Cao Bồ", BACH_NGOC)],
        "change.usual",
    ),
    (
        [change_row(CAO_BO, "Xã", "Cao Bồ", MERGED), change_row(CAO_BO, "Xã", "Cao Bo", BACH_NGOC, usual=False)],
        "change.name",
    ),
    # Thượng Sơn ended, and its own change is of an earlier day than the step that leads to it.
    (
        [
            change_row(CAO_BO, "Xã", "Cao Bồ", THUONG_SON),
            change_row(THUONG_SON, "Xã", "Thượng Sơn", MERGED, date="2026-02-01"),
        ],
        "change.end",
    ),
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return merger_tables(tmp_path_factory.mktemp("tables") / "bad")


@pytest.mark.parametrize(("rows", "kind"), BAD, ids=[f"{kind}-{nth}" for nth, (_, kind) in enumerate(BAD)])
def test_a_bad_change_is_named(tables: Path, rows: list[Cells], kind: str) -> None:
    edit(tables, "changes", lambda _: rows)
    assert kind in {one.kind for one in inspect(tables) if one.file == "changes.csv"}


@pytest.mark.parametrize("rows", [[], [{"date": MERGER_DAY}, {"date": FIRST_EDITION}]])
def test_a_gazetteer_has_one_edition(tmp_path: Path, rows: list[Cells]) -> None:
    folder = merger_tables(tmp_path / "tables")
    edit(folder, "edition", lambda _: rows)
    (found,) = [one for one in inspect(folder) if one.file == "edition.csv"]
    assert found.kind == "edition.count"


def test_a_folder_is_opened_as_its_artifact_is(tmp_path: Path) -> None:
    folder = merger_tables(tmp_path / "tables")
    made = build(folder, tmp_path / "made.json.gz")
    from_tables, from_artifact = open_gazetteer(folder), open_gazetteer(made.path)
    assert from_tables.version == from_artifact.version == made.version
    assert from_tables.changes == from_artifact.changes and from_artifact.edition == MERGER_DAY
