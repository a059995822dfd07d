"""Confirmed villages follow their communes as imported ones do, whatever the order in which they were confirmed."""

from __future__ import annotations

from itertools import permutations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gazetteer.following import Listed, Why, follow
from gazetteer.gazetteer import Gazetteer
from gazetteer.imports import SOURCE, Imports, overlaid
from gazetteer.model import Village
from gazetteer.villages import village_key
from schemas.codec import encode
from schemas.village import ConfirmedVillage
from services.address.villages import VillageIndex
from services.normaliser.listed_parts import part_of
from services.normaliser.overlay import Overlay
from services.normaliser.villages import VillageNews, communes_of
from tests.small_country import E1, E2, E3, EAST, NOT_KNOWN, WEST, A, B, C, D, E, F, M, N, P, country
from tests.unit.make import Record

News = list[tuple[str, Listed | None]]


def village(name: str, code: str, edition: str = E1, at: tuple[float, float] | None = None) -> tuple[str, Listed]:
    made = Village(name, "thôn", None, code, SOURCE, *(at or (None, None)))
    return village_key(made), Listed(made, edition)


def taken(overlay: Overlay, news: News, start: int = 0) -> dict[str, Village | None]:
    """All changes, the news one by one."""
    found: dict[str, Village | None] = {}
    for offset, (key, listed) in enumerate(news, start):
        found |= overlay.take({key: (offset, listed)})
    return found


def counting(changes: dict[str, Village | None]) -> set[tuple[str | None, str]]:
    return {(one.commune_code, one.name) for one in changes.values() if one is not None}


def aside(overlay: Overlay) -> set[tuple[str, Why]]:
    return {(key.rpartition(" ")[2], one.why) for key, one in overlay.aside.items()}


CASES = {
    "nothing happened": ([village("x", A)], E1, {(A, "x")}, set()),
    "merged": ([village("x", A), village("y", B)], E2, {(M, "x"), (M, "y")}, set()),
    "merged, one name": ([village("x", A), village("x", B)], E2, set(), {("x", Why.ALIKE)}),
    "confirmed anew after the merger": (
        [village("x", A), village("x", B), village("x", M, E2)], E2, {(M, "x")}, set(),
    ),
    "confirmed again after a merger, before the next": ([village("x", A), village("x", M, E2)], E3, {(N, "x")}, set()),
    "went into one that has the name": ([village("x", E), village("x", F)], E2, set(), {("x", Why.ALIKE)}),
    "renamed": ([village("x", D)], E2, {(D, "x")}, set()),
    "split": ([village("x", C)], E2, set(), {("x", Why.SPLIT)}),
    "split, with points": ([village("x", C, at=EAST), village("y", C, at=WEST)], E2, {(P, "x"), (C, "y")}, set()),
    "the way back": ([village("x", M, E2), village("y", A)], E1, {(A, "y")}, {("x", Why.LATER)}),
    "no such commune": ([village("x", NOT_KNOWN)], E2, set(), {("x", Why.ENDED)}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_confirmation_counts_where_its_commune_went_or_is_set_aside(name: str) -> None:
    news, edition, wanted, left = CASES[name]
    for order in permutations(news):
        overlay = Overlay(country(edition))
        changes = taken(overlay, list(order))
        assert (counting(changes), aside(overlay)) == (wanted, left)


def test_what_is_taken_back_leaves_room_for_the_others() -> None:
    overlay = Overlay(country(E2))
    (key_a, of_a), (key_b, of_b), (key_m, of_m) = village("x", A), village("x", B), village("x", M, E2)
    assert counting(taken(overlay, [(key_a, of_a)])) == {(M, "x")}
    assert taken(overlay, [(key_b, of_b)], 1) == {key_a: None}
    assert {one.offset for one in overlay.aside.values()} == {0, 1}
    assert counting(taken(overlay, [(key_m, of_m)], 2)) == {(M, "x")} and overlay.aside == {}
    assert taken(overlay, [(key_m, None)], 3) == {key_m: None}
    assert aside(overlay) == {("x", Why.ALIKE)}
    assert counting(changes := taken(overlay, [(key_a, None)], 4)) == {(M, "x")} and list(changes) == [key_b]
    assert taken(overlay, [(key_b, None), (key_b, None)], 5) == {key_b: None} and overlay.aside == {}


def with_imports(edition: str, *rows: Listed) -> Gazetteer:
    bare = country(edition)
    found = follow(bare, Imports(rows, {}, {}, "x"), part_of)
    return Gazetteer("v", overlaid(bare._places, found), found)


def test_one_that_was_imported_too_is_one_village_and_one_from_elsewhere_is_none() -> None:
    (key, of_a), (_, of_b) = village("x", A), village("x", B)
    same = Overlay(with_imports(E2, of_a))
    assert counting(taken(same, [(key, of_a)])) == {(M, "x")}
    other = Overlay(with_imports(E2, of_b))
    assert taken(other, [(key, of_a)]) == {} and aside(other) == {("x", Why.ALIKE)}
    # That the lists have two of the name is known, though neither counts.
    both = Overlay(with_imports(E2, of_a, of_b))
    assert taken(both, [(key, of_a)]) == {} and aside(both) == {("x", Why.ALIKE)}


_VILLAGES = st.builds(
    village,
    st.sampled_from("xy"),
    st.sampled_from([A, B, M, C, P, D, E, F]),
    st.sampled_from([E1, E2]),
    st.sampled_from([None, WEST, EAST]),
)


@given(st.lists(st.tuples(_VILLAGES, st.booleans()), max_size=14), st.sampled_from([E1, E2, E3]), st.integers(1, 5))
def test_what_counts_depends_on_what_holds_and_not_on_the_way_there(
    told: list[tuple[tuple[str, Listed], bool]], edition: str, size: int
) -> None:
    news: News = [(key, listed if kept else None) for (key, listed), kept in told]
    gazetteer, index, holding = country(edition), VillageIndex([]), dict(news)
    overlay = Overlay(gazetteer)
    for start in range(0, len(news), size):
        batch = {key: (start, listed) for key, listed in news[start : start + size]}
        for key, found in overlay.take(batch).items():
            if found is None:
                index.take_back(key)
            else:
                index.confirm(key, found)
    anew = Overlay(gazetteer)
    at_once = anew.take({key: (0, listed) for key, listed in holding.items()})
    assert overlay._counting == {key: one for key, one in at_once.items() if one is not None}
    assert {key: one.why for key, one in overlay.aside.items()} == {key: one.why for key, one in anew.aside.items()}
    for code, name in counting(at_once):
        assert index.find(f"thôn {name}", None, [code or ""]) is not None


class Core:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, Village | None], int]] = []

    def confirm_villages(self, news: dict[str, Village | None], overlay_offset: int) -> None:
        self.told.append((news, overlay_offset))


def record(offset: int, key: str, code: str, edition: str | None) -> Record:
    value = encode(ConfirmedVillage(code, None, "thôn", "x", None, None, "list", "2025-11-24T08:00:00Z", edition))
    if edition is None:  # as earlier releases wrote it
        value = orjson.dumps({name: one for name, one in orjson.loads(value).items() if name != "edition"})
    return Record(value, key.encode(), offset)


def test_the_news_of_earlier_releases_are_of_the_first_edition_and_counted_where_they_do_not_count() -> None:
    core = Core()
    news = VillageNews(core, with_imports(E2, village("y", C)[1]))
    assert news.set_aside() == {"village": 1, "boundary": 0, "postal code": 0, "confirmed": 0}
    news.learn([record(0, f"{A}:thôn x", A, None), record(1, f"{C}:thôn x", C, None), record(2, "odd", A, E1)], 2)
    ((told, offset),) = core.told
    assert offset == 2
    assert counting(told) == {(M, "x")}
    assert news.set_aside()["confirmed"] == 1
    news.learn([record(3, f"{B}:thôn x", B, E1)], 3)
    assert core.told[-1] == ({f"{A}:thôn x": None}, 3)
    assert news.set_aside()["confirmed"] == 3


def test_a_list_that_is_published_takes_back_also_what_went_into_its_communes() -> None:
    commune = communes_of(country(E3))
    confirmed = ConfirmedVillage(A, None, "thôn", "x", None, None, "list", "2025-11-24T08:00:00Z")
    assert commune(confirmed) == N
    assert commune(ConfirmedVillage(C, None, "thôn", "x", None, None, "list", "2025-11-24T08:00:00Z", E1)) is None
