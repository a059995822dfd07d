"""The state store of a partition: what a transaction changes is kept or forgotten as a whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.codec import encode
from schemas.normaliser_state import CommuneAt, RecordState, Remembered
from schemas.outcome import Outcome
from services.stream.state import MemoryStore

KEYS = st.sampled_from([b"a", b"b", b"c"])
PUTS = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=3)), max_size=6)


@given(st.lists(st.tuples(PUTS, st.booleans()), max_size=12))
def test_it_equals_a_dictionary_of_committed_transactions_and_its_changelog(
    transactions: list[tuple[list[tuple[bytes, bytes | None]], bool]],
) -> None:
    store, model, restored = MemoryStore(), dict[bytes, bytes | None](), MemoryStore()
    for puts, commit in transactions:
        for key, value in puts:
            store.put(key, value)
            assert store.get(key) == value
        if commit:
            model |= dict(puts)
            for key, value in store.changes().items():
                restored.load(key, value)
            store.commit()
        else:
            store.discard()
        assert {key: store.get(key) for key in (b"a", b"b", b"c")} == {
            key: model.get(key) for key in (b"a", b"b", b"c")
        }
    alive = sum(value is not None for value in model.values())
    assert len(store) == len(restored) == alive
    assert all(restored.get(key) == value for key, value in model.items())


def remembered(number: int) -> bytes:
    """A value as the normaliser keeps it: hashes that no other has, and fields that all have."""
    random = Random(number)
    state = RecordState(
        version=number,
        source_hash=f"{random.getrandbits(128):032x}",
        outcome=Outcome.DIGITISED,
        registry_area=f"22{random.randrange(1000):03}",
        batch_id=f"{random.getrandbits(32):08x}",
        line_no=number,
        gazetteer_version="e2483c947e24",
        fields=Remembered(f"Số {random.randrange(300)}, Thôn {random.randrange(20)}, Xã Yên Phú, Tỉnh Tuyên Quang"),
        result_hash=f"{random.getrandbits(128):032x}",
        communes=(CommuneAt("2025-07-01", f"{random.randrange(100_000):05}"),),
    )
    return encode(state)


VALUES = st.none() | st.binary(max_size=40) | st.integers(0, 999).map(remembered) | st.just(bytes(100_000))


class AnyUse(RuleBasedStateMachine):
    """A store that has learnt, or not yet, in any use, beside a dictionary of what is committed and one of changes."""

    @initialize(before=st.sampled_from([0, 3, 600]), learn_from=st.sampled_from([1, 50, 500]))
    def begin(self, before: int, learn_from: int) -> None:
        self.store = MemoryStore(learn_from)
        self.committed: dict[bytes, bytes] = {}
        self.changes: dict[bytes, bytes | None] = {}
        for number in range(before):
            self.load(b"%d" % number, remembered(number))

    keys = st.integers(0, 20).map(lambda number: b"%d" % number)

    @rule(key=keys, value=VALUES)
    def load(self, key: bytes, value: bytes | None) -> None:
        self.store.load(key, value)
        self._keep(key, value)

    @rule(key=keys, value=VALUES)
    def put(self, key: bytes, value: bytes | None) -> None:
        self.store.put(key, value)
        self.changes[key] = value

    @rule()
    def commit(self) -> None:
        self.store.commit()
        for key, value in self.changes.items():
            self._keep(key, value)
        self.changes = {}

    @rule()
    def discard(self) -> None:
        self.store.discard()
        self.changes = {}

    @invariant()
    def it_is_what_was_put(self) -> None:
        assert len(self.store) == len(self.committed)
        assert self.store.changes() == self.changes
        seen = self.committed | self.changes
        assert all(self.store.get(key) == seen.get(key) for key in [*seen, b"never"])

    def _keep(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self.committed.pop(key, None)
        else:
            self.committed[key] = value


AnyUse.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyUse = AnyUse.TestCase


def kept_bytes(numbers: range, value: Callable[[int], bytes]) -> float:
    """What a store takes for each of these records, their keys and its dictionary included."""
    store, before = MemoryStore(), 0
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in numbers:
            store.put(b"%d" % number, value(number))
            if number % 500 == 499:
                store.commit()
        return (tracemalloc.get_traced_memory()[0] - before) / len(numbers)
    finally:
        tracemalloc.stop()


def test_a_record_takes_less_than_half_of_its_length_with_its_key_and_its_place() -> None:
    assert len(remembered(1)) > 500
    assert kept_bytes(range(5000), remembered) < 250


def test_values_that_nothing_can_be_learnt_from_are_kept_as_they_are() -> None:
    store = MemoryStore(learn_from=4)
    for number in range(100):
        store.load(b"%d" % number, b"")
    assert [store.get(b"%d" % number) for number in range(101)] == [*[b""] * 100, None]
    # What comes later is learnt from all the same.
    for number in range(2000):
        store.load(b"later %d" % number, remembered(number))
    assert all(store.get(b"later %d" % number) == remembered(number) for number in range(2000))
    assert [store.get(b"%d" % number) for number in range(100)] == [b""] * 100
