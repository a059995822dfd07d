"""Codes looked up across areas, whose registrars know only their own."""

from __future__ import annotations

from services.address.vpostcode import code_key
from services.registrar.lookup import chain, current, find
from services.registrar.registry import Registry
from services.registrar.rules import register, release
from services.stream.state import MemoryStore
from tests.unit.make import LAT, event, result

A, B, C = "22110", "22210", "22310"


class Province:
    """Several areas; `entries` is what their registries hold together."""

    def __init__(self) -> None:
        self.store, self.entries, self.version = MemoryStore(), dict[bytes, bytes](), 0

    def live(self, area: str, record: str = "post:1", lat: float | None = LAT) -> str:
        found = result(lat=lat, area=area)
        return str(self._apply(register, event(self._next(), found, record, registry_area=area), found).code)

    def leave(self, area: str, moved_to: str | None = None, record: str = "post:1") -> None:
        self._apply(release, event(self._next(), None, record, registry_area=area, moved_to=moved_to))

    def resolve(self, code: str) -> str | None:
        entry = current(self.entries, code)
        return None if entry is None else code_key(entry.code, entry.unit)

    def _next(self) -> int:
        self.version += 1
        return self.version

    def _apply(self, rule, *arguments):  # type: ignore[no-untyped-def]
        registry = Registry(self.store, f"2025-11-24T08:00:{self.version:02}Z")
        done = rule(registry, *arguments)
        registry.apply()
        self.entries |= {key: value for key, value in self.store.changes().items() if value is not None}
        self.store.commit()
        return done


def test_a_code_leads_to_the_area_where_its_record_went() -> None:
    province = Province()
    first = province.live(A)
    province.leave(A, moved_to=B)
    second = province.live(B)
    assert province.resolve(first) == second != first
    province.leave(B, moved_to=C)
    third = province.live(C, lat=None)
    located = province.live(C)
    assert {province.resolve(code) for code in (first, second, third)} == {located}
    assert [entry.code for entry in chain(province.entries, third)] == [third, located]
    assert [entry.code for entry in chain(province.entries, first)] == [first, located]


def test_a_code_leads_back_to_the_area_that_its_record_returned_to() -> None:
    province = Province()
    first = province.live(A)
    province.leave(A, moved_to=B)
    province.live(B)
    province.leave(B, moved_to=A)
    again = province.live(A)
    assert province.resolve(first) == again == f"{first}-02"


def test_a_code_leads_nowhere_while_its_address_is_on_the_way() -> None:
    """Or lies among the dead letters there: also if the record's steps go round in a circle."""
    province = Province()
    first = province.live(A)
    province.leave(A, moved_to=B)
    assert province.resolve(first) is None
    province.leave(B, moved_to=A)
    assert province.resolve(first) is None


def test_a_withdrawn_code_leads_nowhere() -> None:
    province = Province()
    first = province.live(A)
    province.leave(A)
    assert province.resolve(first) is None
    second = province.live(A)
    assert province.resolve(first) is None
    assert province.resolve(second) == second


def test_a_code_that_was_never_issued_is_none() -> None:
    assert find({}, "22110R6F7CJX") is None
    assert list(chain({}, "22110R6F7CJX")) == []


def test_an_entry_says_when_it_was_issued_and_retired() -> None:
    province = Province()
    first = province.live(A)
    province.live(A)
    entry = find(province.entries, first)
    assert entry is not None and (entry.issued_at, entry.retired_at) == ("2025-11-24T08:00:01Z", None)
    province.live(A, lat=LAT + 0.001)
    entry = find(province.entries, first)
    assert entry is not None
    assert (entry.issued_at, entry.retired_at) == ("2025-11-24T08:00:01Z", "2025-11-24T08:00:03Z")
