"""The state store of a partition: what a transaction changes is kept or forgotten as a whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
