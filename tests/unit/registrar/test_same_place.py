"""Records run again with another gazetteer: codes stay, whatever became of the ids of their dwellings."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.address import AddressResult, Position
from schemas.outcome import Outcome
from services.address.vpostcode import code_key, is_located
from services.registrar.registry import Registry
from services.registrar.rules import Registration, register
from tests.unit.make import LAT, LON, event, result
from tests.unit.registrar.test_rules import FAR, Area


class RunAgain(Area):
    """An area whose records can be run again."""

    def again(self, found: AddressResult, record: str = "post:1") -> Registration:
        self.version += 1
        registry = Registry(self.store)
        done = register(registry, event(self.version, found, record, same_as=0), found)
        registry.apply()
        return done


def test_a_shared_code_stays_when_its_dwelling_gets_another_id() -> None:
    area = RunAgain()
    for record in ("post:1", "post:2"):
        area.register(result(dwelling="a" * 32), record)
    for record in ("post:1", "post:2"):
        done = area.again(result(dwelling="b" * 32), record)
        assert (done.outcome, done.code, done.retired) == (Outcome.DIGITISED, "22110R6F7CJX", ())
    assert area.entry("22110R6F7CJX").holders == 2
    # A third one, submitted with the new gazetteer, finds its dwelling.
    assert area.register(result(dwelling="b" * 32), "post:3").code == "22110R6F7CJX"


def test_an_id_that_another_dwelling_has_already_makes_no_one_move() -> None:
    area = RunAgain()
    one = area.register(result(dwelling="a" * 32)).code
    other = area.register(result(dwelling="b" * 32), "post:2").code
    done = area.again(result(dwelling="b" * 32))
    assert (done.code, done.retired) == (one, ()) and one != other
    assert done.published is not None and done.published.dwelling_id is None
    # The id leads where it led.
    assert area.register(result(dwelling="b" * 32), "post:3").code == other
    area.release()
    assert area.entry(one or "").status == "retired"
    assert area.register(result(dwelling="b" * 32), "post:4").code == other


def test_the_registered_position_stays_and_another_holders_point_moves_nothing() -> None:
    area = RunAgain()
    area.register(result(dwelling="a" * 32))
    area.register(result(lat=FAR, dwelling="a" * 32), "post:2")
    done = area.again(result(lat=FAR, dwelling="a" * 32), "post:2")
    assert (done.code, done.retired) == ("22110R6F7CJX", ())
    assert done.result is not None and done.result.position == Position(LAT, LON, 5.0, "input.wgs84")


def test_a_provisional_code_gives_way_to_a_point_that_has_become_usable() -> None:
    area = RunAgain()
    before = area.register(result(lat=None)).code or ""
    assert not is_located(before)
    done = area.again(result())
    assert (done.code, done.retired) == ("22110R6F7CJX", (before,))
    assert area.resolve(before) == "22110R6F7CJX"
    assert done.published is not None and done.published.aliases == (before,)


def test_an_old_request_changes_nothing_and_one_of_an_unknown_record_registers_it() -> None:
    area = RunAgain()
    assert area.again(result()).outcome is Outcome.DIGITISED
    registry = Registry(area.store)
    stale = register(registry, event(1, result(lat=FAR), same_as=0), result(lat=FAR))
    assert stale.outcome is Outcome.UNCHANGED


def test_a_record_does_not_stay_where_its_text_was_never_registered() -> None:
    area = RunAgain()
    before = area.register(result()).code or ""
    area.version += 1  # a correction, of which the registration is a dead letter
    lost, area.version = area.version, area.version + 1
    registry = Registry(area.store)
    done = register(registry, event(area.version, result(lat=FAR), same_as=lost), result(lat=FAR))
    registry.apply()
    assert done.retired == (before,) and done.code != before
    # The letter, put back, is old news.
    assert register(Registry(area.store), event(lost, result(lat=FAR)), result(lat=FAR)).outcome is Outcome.UNCHANGED


def test_a_shared_home_knows_its_dwelling_by_the_commune_of_before() -> None:
    area = RunAgain()
    for record in ("post:1", "post:2"):
        area.register(result(dwelling="a" * 32), record)
    area.version += 1
    registry = Registry(area.store)
    found = result(dwelling="b" * 32)
    done = register(registry, event(area.version, found, former_dwellings=("a" * 32,)), found)
    registry.apply()
    assert (done.code, done.retired) == ("22110R6F7CJX", ())
    assert area.entry("22110R6F7CJX").holders == 2


places = st.sampled_from([None, LAT, LAT + 0.0001, FAR])
dwellings = st.sampled_from([None, "a" * 32, "b" * 32])
records = st.sampled_from(["post:1", "post:2", "post:3"])
registrations = st.tuples(records, places, dwellings)


@settings(max_examples=300, deadline=None)
@given(st.lists(registrations, min_size=1, max_size=6), st.lists(registrations, max_size=6))
def test_running_again_moves_nobody_and_counts_every_holder(
    first: list[tuple[str, float | None, str | None]], again: list[tuple[str, float | None, str | None]]
) -> None:
    """Ids of dwellings change as they like; points are as they were, as far as they were used."""
    area = RunAgain()
    points: dict[str, float | None] = {}
    for record, lat, dwelling in first:
        area.register(result(lat=lat, dwelling=dwelling), record)
        points[record] = lat
    homes = {record: area.home(record) for record in points}
    located = {record for record, home in homes.items() if is_located(home.partition("-")[0])}
    for record, _, dwelling in again:
        if record in points:
            lat = points[record] if record in located else None
            area.again(result(lat=lat, dwelling=dwelling), record)
    assert {record: area.home(record) for record in points} == homes
    for home in set(homes.values()):
        entry = area.entry(home)
        assert entry.holders == sum(one == home for one in homes.values())
        if entry.dwelling_id is not None:
            leads = Registry(area.store).dwelling("22110", entry.dwelling_id)
            assert leads is not None and code_key(leads.code, leads.unit) == home
