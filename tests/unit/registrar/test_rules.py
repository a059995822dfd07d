"""The rules of the code registry, one by one, and under random histories."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.address import AddressResult, CoordinateLevel
from schemas.outcome import Outcome
from schemas.registrar_state import RegisteredCode
from services.address.position import distance_m
from services.address.vpostcode import code_key, is_located
from services.registrar.registry import Registry
from services.registrar.rules import Registration, register, release
from services.stream.state import MemoryStore
from tests.unit.make import AREA, LAT, event, result

# About 44 m and 67 m of latitude.
NEAR, FAR = LAT + 0.0004, LAT + 0.0006


class Area:
    """A registry to which events are applied in turn."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.version = 0

    def register(self, found: AddressResult, record: str = "post:1", version: int | None = None) -> Registration:
        self.version += 1
        registry = Registry(self.store)
        done = register(registry, event(version or self.version, found, record), found)
        registry.apply()
        return done

    def release(self, record: str = "post:1", moved_to: str | None = None) -> Registration:
        self.version += 1
        registry = Registry(self.store)
        done = release(registry, event(self.version, None, record, moved_to=moved_to))
        registry.apply()
        return done

    def entry(self, key: str) -> RegisteredCode:
        code, _, unit = key.partition("-")
        found = Registry(self.store).code(code, unit or None)
        assert found is not None
        return found

    def home(self, record: str) -> str:
        """The code that a record lives at now."""
        known = Registry(self.store).record(AREA, record)
        assert known is not None and known.code is not None
        return self.resolve(code_key(known.code, known.unit))

    def resolve(self, key: str) -> str:
        while (alias := self.entry(key).alias_of) is not None:
            key = alias
        return key


def test_a_point_gets_a_located_code_and_none_a_serial() -> None:
    area = Area()
    assert area.register(result()).code == "22110R6F7CJX"
    assert area.register(result(lat=None), "post:2").code == "221100000001"
    assert area.register(result(lat=None), "post:3").code == "221100000002"


def test_the_same_record_again_keeps_its_code() -> None:
    area = Area()
    first = area.register(result())
    again = area.register(result())
    assert (again.code, again.retired) == (first.code, ())


def test_an_older_version_changes_nothing() -> None:
    area = Area()
    area.register(result(), version=7)
    done = area.register(result(lat=FAR), version=7)
    assert (done.outcome, done.published, done.code) == (Outcome.UNCHANGED, None, "22110R6F7CJX")


def test_two_dwellings_in_a_cell_are_told_apart_by_unit() -> None:
    area = Area()
    codes = [area.register(result(), f"post:{number}").code for number in range(1, 4)]
    assert codes == ["22110R6F7CJX", "22110R6F7CJX-02", "22110R6F7CJX-03"]


def test_within_50_m_the_code_stays_and_the_position_follows() -> None:
    area = Area()
    area.register(result())
    moved = area.register(result(lat=NEAR))
    assert (moved.code, moved.retired) == ("22110R6F7CJX", ())
    assert moved.published is not None and moved.published.position is not None
    assert moved.published.position.lat == NEAR


def test_beyond_50_m_a_new_code_is_issued_and_the_old_one_resolves_to_it() -> None:
    area = Area()
    old = area.register(result()).code
    moved = area.register(result(lat=FAR))
    assert moved.code != old
    assert moved.retired == (old,)
    assert moved.published is not None and moved.published.aliases == (old,)
    assert area.resolve(str(old)) == moved.code


def test_a_provisional_code_becomes_located_when_a_point_arrives() -> None:
    area = Area()
    provisional = area.register(result(lat=None)).code
    located = area.register(result())
    assert located.code == "22110R6F7CJX"
    assert located.retired == (provisional,)
    assert area.resolve(str(provisional)) == located.code


def test_a_record_that_loses_its_point_keeps_code_and_place() -> None:
    area = Area()
    area.register(result())
    done = area.register(result(lat=None))
    assert done.code == "22110R6F7CJX"
    assert done.result is not None and done.result.position is not None
    assert (done.result.position.lat, done.result.coordinate_level) == (LAT, CoordinateLevel.POINT)


def test_records_of_one_dwelling_share_a_code_that_retires_with_the_last() -> None:
    area = Area()
    first = area.register(result(dwelling="d1"), "post:1")
    second = area.register(result(dwelling="d1"), "tax:9")
    assert first.code == second.code
    assert area.release("post:1").retired == ()
    assert area.release("tax:9").retired == (first.code,)


def test_a_second_source_does_not_move_a_dwelling_but_gives_it_its_first_point() -> None:
    area = Area()
    provisional = area.register(result(lat=None, dwelling="d1"), "post:1").code
    located = area.register(result(dwelling="d1"), "tax:9")
    assert located.retired == (provisional,)
    third = area.register(result(lat=FAR, dwelling="d1"), "map:3")
    assert (third.code, third.retired) == (located.code, ())
    assert third.result is not None and third.result.position is not None
    assert third.result.position.lat == LAT, "the map must show the place that the code names"
    assert area.register(result(lat=None, dwelling="d1"), "post:1").code == located.code


def test_a_record_that_lives_in_a_shared_home_moves_it_for_all() -> None:
    area = Area()
    old = area.register(result(dwelling="d1"), "post:1").code
    area.register(result(dwelling="d1"), "tax:9")
    moved = area.register(result(lat=FAR, dwelling="d1"), "tax:9")
    assert moved.retired == (old,)
    assert area.home("post:1") == area.home("tax:9") == moved.code
    assert area.entry(str(moved.code)).holders == 2


def test_a_record_that_leaves_a_shared_dwelling_gets_a_code_of_its_own() -> None:
    area = Area()
    shared = area.register(result(dwelling="d1"), "post:1").code
    area.register(result(dwelling="d1"), "tax:9")
    left = area.register(result(dwelling="d2"), "tax:9")
    assert (left.code, left.retired) == ("22110R6F7CJX-02", ())
    assert area.entry(str(shared)).holders == 1


def test_a_record_that_joins_another_dwelling_leaves_its_code_as_an_alias() -> None:
    area = Area()
    home = area.register(result(dwelling="d1"), "post:1").code
    own = area.register(result(dwelling="d2"), "tax:9").code
    joined = area.register(result(dwelling="d1"), "tax:9")
    assert (joined.code, joined.retired) == (home, (own,))
    assert joined.published is not None and own in joined.published.aliases
    assert area.resolve(str(own)) == home


def test_a_retired_code_is_never_issued_again() -> None:
    area = Area()
    first = area.register(result()).code
    assert area.release().retired == (first,)
    assert area.register(result()).code == "22110R6F7CJX-02"


def test_a_release_says_where_the_address_went() -> None:
    area = Area()
    code = area.register(result()).code
    area.release(moved_to="22210")
    entry = area.entry(str(code))
    assert (entry.status, entry.moved_to, entry.moved_with) == ("retired", "22210", "post:1")
    left = Registry(area.store).record(AREA, "post:1")
    assert left is not None and (left.code, left.moved_to) == (None, "22210")


def test_a_release_that_is_not_newer_changes_nothing() -> None:
    area = Area()
    code = area.register(result(), version=7).code
    area.version = 6
    assert area.release() == Registration(Outcome.UNCHANGED, None)
    assert area.entry(str(code)).status == "issued"


def test_what_left_before_it_was_registered_is_not_registered_any_more() -> None:
    """Its registration was a dead letter when it left, and is put back now."""
    area = Area()
    area.version = 8
    assert area.release() == Registration(Outcome.WITHDRAWN, None)
    late = area.register(result(), version=5)
    assert late == Registration(Outcome.UNCHANGED, None)
    assert area.register(result(), version=12).code == "22110R6F7CJX"


def test_an_older_version_tells_the_code_that_the_record_has_now() -> None:
    area = Area()
    area.register(result(), version=7)
    moved = area.register(result(lat=FAR), version=9)
    assert area.register(result(), version=8).code == moved.code


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["post:1", "post:2", "tax:1", "tax:2"]),
        st.sampled_from(["release", "none", "here", "near", "far"]),
        st.sampled_from([None, "d1", "d2"]),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_after_any_history_codes_are_unique_published_once_and_resolvable(
    steps: list[tuple[str, str, str | None]],
) -> None:
    area = Area()
    published: set[str] = set()
    living: set[str] = set()
    issued: set[str] = set()
    place = {"none": None, "here": LAT, "near": NEAR, "far": FAR}
    for record, step, dwelling in steps:
        if step == "release":
            done = area.release(record)
            living.discard(record)
        else:
            living.add(record)
            done = area.register(result(lat=place[step], dwelling=dwelling), record)
            assert done.code is not None
        for code in done.retired:
            assert code in published, "a code that is not published was retired"
            published.remove(code)
        if done.published is not None:
            if str(done.code) not in published:
                assert done.code not in issued, "a code was issued twice"
            issued.add(str(done.code))
            published.add(str(done.code))
    current = {code: area.entry(code) for code in issued}
    assert {code for code, entry in current.items() if entry.status == "issued"} == published
    holders = Counter(area.home(record) for record in living)
    assert {code: entry.holders for code, entry in current.items() if entry.holders} == holders
    for code, entry in current.items():
        if entry.status == "issued":
            assert entry.holders
        elif entry.alias_of is not None:
            # What it resolves to may have been retired by a release since; it is the end of the chain all the same.
            assert area.entry(area.resolve(code)).alias_of is None
        if is_located(entry.code) and entry.position is not None and entry.status == "issued":
            assert distance_m(entry.position.lat, entry.position.lon, LAT, 105.214109) < 100


def test_a_merger_keeps_the_area_of_the_code() -> None:
    area = Area()
    done = area.register(result(area="22210"))
    assert str(done.code).startswith(AREA)
