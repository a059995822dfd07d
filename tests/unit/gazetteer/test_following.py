"""Imports follow their communes: what is carried where, what is set aside and why, in a country of few communes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.following import CommuneOf, Followed, Listed, What, Why, follow, moves_by_commune
from gazetteer.gazetteer import Gazetteer
from gazetteer.imports import SOURCE, Imports, write_villages
from gazetteer.model import Village
from services.normaliser.listed_parts import part_of
from tests.gazetteers import CAO_BO, JUNE, MERGED, MERGER_DAY, built, june_artifact, merger_tables
from tests.small_country import (
    E1,
    E2,
    E3,
    EAST,
    NOT_KNOWN,
    OLD_1,
    OLD_2,
    OLD_C,
    WEST,
    A,
    B,
    C,
    D,
    E,
    F,
    M,
    N,
    P,
    country,
)


def row(
    name: str, code: str | None, edition: str = E1, legacy: str | None = None, at: tuple[float, float] | None = None
) -> Listed:
    lat, lon = at or (None, None)
    return Listed(Village(name, "thôn", legacy, code, SOURCE, lat, lon), edition)


def followed(edition: str, *rows: Listed, attested: Iterable[Village] = (), **more: object) -> Followed:
    given_rows = {"postal_codes": {}, "outlines": {}, **more}
    return follow(country(edition, attested), Imports(rows, digest="x", **given_rows), part_of)  # type: ignore[arg-type]


def counting(found: Followed) -> set[tuple[str | None, str]]:
    return {(entry.village.commune_code, entry.village.name) for entry in found.villages}


def aside(found: Followed) -> set[tuple[str, Why | None]]:
    return {(one.name.removeprefix("thôn "), one.why) for one in found.set_aside}


# Rows, the edition of the gazetteer, where they count, what is set aside.
CASES = {
    "nothing happened": ([row("x", A)], E1, {(A, "x")}, set()),
    "merged": ([row("x", A), row("y", B)], E2, {(M, "x"), (M, "y")}, set()),
    "merged twice": ([row("x", A), row("y", B)], E3, {(N, "x"), (N, "y")}, set()),
    "merged, one name": ([row("x", A), row("x", B), row("y", B)], E2, {(M, "y")}, {("x", Why.ALIKE)}),
    "merged, one name, another spelling": ([row("Hoà", A), row("hòa", B)], E2, set(), {("hòa", Why.ALIKE)}),
    "one name, told apart by the old commune": (
        [row("x", A, legacy=OLD_1), row("x", A, legacy=OLD_2)], E2, {(M, "x")}, set(),
    ),
    "one name, the old commune of one only": (
        [row("x", A, legacy=OLD_1), row("x", B)], E2, set(), {("x", Why.ALIKE)},
    ),
    "the newer list is the whole one": ([row("x", A), row("y", B), row("z", M, E2)], E2, {(M, "z")}, set()),
    "also in a later edition": ([row("x", A), row("z", M, E2)], E3, {(N, "z")}, set()),
    "also if it lacks nothing": ([row("x", A), row("x", B), row("x", M, E2)], E2, {(M, "x")}, set()),
    "the commune that another went into": ([row("x", E), row("y", F)], E2, {(F, "x"), (F, "y")}, set()),
    "the same with one name": ([row("x", E), row("x", F)], E2, set(), {("x", Why.ALIKE)}),
    "its list from before the merger stands for itself alone": (
        [row("x", E), row("y", F, E2), row("z", F)], E2, {(F, "y")}, set(),
    ),
    "renamed": ([row("x", D)], E2, {(D, "x")}, set()),
    "split": ([row("x", C)], E2, set(), {("x", Why.SPLIT)}),
    "split, told by the point": ([row("x", C, at=WEST), row("y", C, at=EAST)], E2, {(C, "x"), (P, "y")}, set()),
    "split, and the part went on": ([row("x", C, at=EAST), row("y", C, at=WEST)], E3, {(C, "y"), }, {("x", Why.SPLIT)}),
    "split, in between": ([row("x", C, at=(21.5, 105.15))], E2, set(), {("x", Why.SPLIT)}),
    "split, listed in one part": ([row("x", C), row("x", P, E2)], E2, {(P, "x")}, set()),
    "split, not listed in the one part with a list": (
        [row("x", C), row("y", P, E2)], E2, {(P, "y")}, {("x", Why.SPLIT)},
    ),
    "split, both parts listed": ([row("x", C), row("y", P, E2), row("z", C, E2)], E2, {(P, "y"), (C, "z")}, set()),
    "split, the point's part has a list without it": ([row("x", C, at=EAST), row("y", P, E2)], E2, {(P, "y")}, set()),
    "a newer list of a commune that nothing happened to": (
        [row("x", D), row("y", D, E2)], E2, {(D, "y")}, set(),
    ),
    "the way back": ([row("x", A), row("z", M, E2)], E1, {(A, "x")}, {("z", Why.LATER)}),
    "the way back, the commune exists": ([row("x", C, E2)], E1, set(), {("x", Why.LATER)}),
    "no such commune": ([row("x", NOT_KNOWN)], E2, set(), {("x", Why.ENDED)}),
    "no such commune in its own edition": ([row("x", NOT_KNOWN, E2)], E2, set(), {("x", Why.ENDED)}),
    "old commune alone": ([row("x", None, legacy=OLD_C)], E2, {(None, "x")}, set()),
    "no such old commune": ([row("x", None, legacy=NOT_KNOWN)], E2, set(), {("x", Why.NO_OLD_COMMUNE)}),
    "from before July 2025, split": ([row("x", OLD_C, "2025-03-01")], E1, {(None, "x")}, set()),
    "from before July 2025": ([row("x", OLD_1, "2025-03-01")], E2, {(M, "x")}, set()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_village_is_where_lineage_points_and_lists_lead_or_set_aside(name: str) -> None:
    rows, edition, wanted, left = CASES[name]
    found = followed(edition, *rows)
    assert (counting(found), aside(found)) == (wanted, left)
    # No row is lost without a word.
    assert len(found.villages) + len(found.set_aside) + found.superseded == len(rows)
    assert followed(edition, *reversed(rows)).superseded == found.superseded


def test_a_village_from_before_july_2025_has_its_old_commune() -> None:
    (entry,) = followed(E1, row("x", OLD_1, "2025-03-01")).villages
    assert (entry.village.commune_code, entry.village.legacy_commune_code) == (A, OLD_1)


def test_a_boundary_tells_the_part_and_holds_against_the_nearest_point() -> None:
    halves = {
        CommuneOf(C, E2): shapely.box(105.0, 21.4, 105.1, 21.6),
        CommuneOf(P, E2): shapely.box(105.1, 21.4, 105.3, 21.6),
    }
    between = (21.5, 105.15)
    found = followed(E2, row("x", C, at=between), outlines=halves)
    assert counting(found) == {(P, "x")}
    # On the border nothing is sure.
    assert aside(followed(E2, row("x", C, at=(21.5, 105.1)), outlines=halves)) == {("x", Why.SPLIT)}


def test_a_village_that_followed_is_not_taken_for_an_attested_one_of_another_commune() -> None:
    attested = [Village("x", "thôn", OLD_1, M, "book")]
    assert aside(followed(E2, row("x", B), attested=attested)) == {("x", Why.ALIKE)}
    # One that says of which old commune it is, is that or another.
    assert counting(followed(E2, row("x", B, legacy=OLD_2), attested=attested)) == {(M, "x")}
    assert counting(followed(E2, row("x", M, E2), attested=attested)) == {(M, "x")}


# Imported for which commune with which edition, counting with which gazetteer.
OF_COMMUNES = [
    (What.POSTAL_CODE, A, E1, E1, None),
    (What.POSTAL_CODE, A, E1, E2, Why.OTHER_COMMUNE),
    (What.POSTAL_CODE, C, E1, E2, Why.OTHER_COMMUNE),
    (What.POSTAL_CODE, D, E1, E2, None),
    (What.POSTAL_CODE, F, E1, E2, None),
    (What.POSTAL_CODE, M, E2, E1, Why.LATER),
    (What.POSTAL_CODE, NOT_KNOWN, E1, E2, Why.ENDED),
    (What.POSTAL_CODE, OLD_1, "2025-03-01", E1, Why.OTHER_COMMUNE),
    (What.BOUNDARY, A, E1, E1, None),
    (What.BOUNDARY, A, E1, E2, Why.CHANGED),
    (What.BOUNDARY, C, E1, E2, Why.CHANGED),
    (What.BOUNDARY, D, E1, E2, None),
    (What.BOUNDARY, F, E1, E2, Why.CHANGED),
    (What.BOUNDARY, F, E2, E2, None),
    (What.BOUNDARY, F, E2, E3, Why.CHANGED),
    (What.BOUNDARY, M, E2, E1, Why.LATER),
]


@pytest.mark.parametrize(("what", "code", "edition", "gazetteer", "why"), OF_COMMUNES)
def test_what_belongs_to_a_commune_as_a_whole_stays_with_it_or_is_set_aside(
    what: What, code: str, edition: str, gazetteer: str, why: Why | None
) -> None:
    of = CommuneOf(code, edition)
    if what is What.POSTAL_CODE:
        found = followed(gazetteer, postal_codes={of: "22199"})
        counts = dict(found.postal_codes) == {code: "22199"}
    else:
        found = followed(gazetteer, outlines={of: shapely.box(105, 21, 105.1, 21.1)})
        counts = found.boundaries is not None and found.boundaries.codes == {code}
    assert [one.why for one in found.set_aside] == ([] if why is None else [why])
    assert counts is (why is None)
    assert found.counts[what.value] == (why is not None)


def test_of_two_editions_the_newer_counts_and_nothing_is_missing_where_each_part_has_one_since() -> None:
    codes = {CommuneOf(D, E1): "22101", CommuneOf(D, E2): "22102", CommuneOf(A, E1): "22103", CommuneOf(M, E2): "22104"}
    found = followed(E2, postal_codes=codes)
    assert dict(found.postal_codes) == {D: "22102", M: "22104"} and found.set_aside == ()
    back = followed(E1, postal_codes=codes)
    assert dict(back.postal_codes) == {D: "22101", A: "22103"}
    assert {one.commune for one in back.set_aside} == {CommuneOf(D, E2), CommuneOf(M, E2)}


def test_moves_of_a_commune_are_told_together() -> None:
    found = followed(E2, row("x", A), row("y", A), row("z", C))
    assert [(one.commune.code, one.into, count) for one, count in moves_by_commune(found.moves)] == [
        (C, None, 1),
        (A, M, 2),
    ]


_ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from("xyz"),
        st.sampled_from([A, B, M, N, C, P, D, E, F]),
        st.sampled_from([E1, E2, E3]),
        st.sampled_from([None, OLD_1, OLD_2]),
        st.sampled_from([None, WEST, EAST]),
    ),
    max_size=12,
    unique_by=lambda one: (one.village.name, one.village.commune_code, one.village.legacy_commune_code, one.edition),
)


@given(_ROWS, st.sampled_from([E1, E2, E3]))
def test_whatever_was_imported_each_row_counts_once_in_a_commune_that_lineage_allows(
    rows: list[Listed], edition: str
) -> None:
    gazetteer = country(edition)
    found = follow(gazetteer, Imports(tuple(rows), {}, {}, "x"), part_of)
    assert len(found.villages) + len(found.set_aside) + found.superseded == len(rows)
    by_name: dict[tuple[str | None, str], set[str]] = {}
    for entry in found.villages:
        ways = {one.commune_code for one in gazetteer.became(*entry.origin)}
        assert entry.village.commune_code in ways and entry.village.commune_code in gazetteer.communes
        key = entry.village.commune_code, entry.village.name
        if entry.village.legacy_commune_code is None:
            by_name.setdefault(key, set()).add(entry.origin.code)
    # Villages of two communes never come to pass for one.
    assert all(len(origins) == 1 for origins in by_name.values())


def test_the_imports_of_a_folder_follow_the_gazetteer_that_is_loaded(artifact: Path, tmp_path: Path) -> None:
    folder = tmp_path / "imports"
    write_villages(folder, [row("Hư Cấu", CAO_BO)])
    before = Gazetteer.load(artifact, folder, part_of)
    after = Gazetteer.load(built(merger_tables(tmp_path / "tables")), folder, part_of)
    for gazetteer, code in ((before, CAO_BO), (after, MERGED)):
        assert [one.commune_code for one in gazetteer.villages if one.name == "Hư Cấu"] == [code]
    assert after.edition == MERGER_DAY
    assert [one.into for one in after.imports.carried] == [MERGED] and after.imports.set_aside == ()


def test_the_step_of_july_2025(artifact: Path, tmp_path: Path) -> None:
    """A list of June 2025: one of a commune that went into another, one of a commune that was divided."""
    folder = tmp_path / "imports"
    write_villages(folder, [row("Hư Cấu", "02203", JUNE), row("Ví Dụ", "02497", JUNE), row("Mới", "02509")])
    june = Gazetteer.load(june_artifact(tmp_path / "june"), folder, part_of)
    assert counting(june.imports) == {("02203", "Hư Cấu"), ("02497", "Ví Dụ")}
    assert [one.why for one in june.imports.set_aside] == [Why.LATER]
    july = Gazetteer.load(artifact, folder, part_of)
    found = {
        (one.village.commune_code, one.village.legacy_commune_code, one.village.name) for one in july.imports.villages
    }
    # Of the divided one, text or point of an address tell the part, as with any list of an old commune.
    assert found == {("02215", "02203", "Hư Cấu"), (None, "02497", "Ví Dụ"), ("02509", None, "Mới")}
    assert july.imports.set_aside == ()
