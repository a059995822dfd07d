"""The table holds what a dict would, in a part of its memory."""

from __future__ import annotations

import sys
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.stream.table import Table

# Few, so that they meet again; long ones too, and such as are the beginning of another.
KEYS = st.one_of(
    st.integers(0, 300).map(lambda number: b"tq-post:%d" % number),
    st.sampled_from([b"", b"a", b"aa", b"k" * 255, b"k" * 256, b"k" * 5000]),
    st.binary(max_size=3),
)
VALUES = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"v" * 0xFFFF, b"v" * 0x10000]))


class AsADict(RuleBasedStateMachine):
    """Whatever is put in and taken out, it is there as in a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.dict = Table(), dict[bytes, bytes]()

    @rule(key=KEYS, value=VALUES)
    def put(self, key: bytes, value: bytes) -> None:
        self.table.put(key, value)
        self.dict[key] = value

    @rule(first=st.integers(0, 300), count=st.integers(1, 200), value=VALUES)
    def put_many(self, first: int, count: int, value: bytes) -> None:
        for number in range(first, first + count):
            self.put(b"tq-post:%d" % number, value[: number % 90])

    @rule(key=KEYS)
    def pop(self, key: bytes) -> None:
        self.table.pop(key)
        self.dict.pop(key, None)

    @rule(key=KEYS)
    def get(self, key: bytes) -> None:
        assert self.table.get(key) == self.dict.get(key)

    @invariant()
    def holds_as_many(self) -> None:
        assert len(self.table) == len(self.dict)

    def teardown(self) -> None:
        assert {key: self.table.get(key) for key in self.dict} == self.dict


TestAsADict = AsADict.TestCase
TestAsADict.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.binary(min_size=1, max_size=12), min_size=2, unique=True))
def test_keys_of_one_bucket_are_told_apart(keys: list[bytes]) -> None:
    table = Table()
    for key in keys:
        table.put(key, key[::-1])
    for gone in keys[::2]:
        table.pop(gone)
    assert [table.get(key) for key in keys[::2]] == [None] * len(keys[::2])
    assert [table.get(key) for key in keys[1::2]] == [key[::-1] for key in keys[1::2]]


def test_it_takes_less_than_half_of_a_dict_for_the_registrar_and_two_thirds_for_the_normaliser() -> None:
    for value_bytes, most in ((26, 0.5), (104, 0.67)):
        random, table, plain = Random(1), Table(), dict[bytes, bytes]()
        for number in range(40_000):
            key, value = b"tq-post:%07d" % number, random.randbytes(value_bytes)
            table.put(key, value)
            plain[key] = value
        as_dict = sys.getsizeof(plain) + sum(sys.getsizeof(key) + sys.getsizeof(value) for key, value in plain.items())
        buckets = table._buckets
        as_table = sys.getsizeof(buckets) + sum(map(sys.getsizeof, buckets))
        assert as_table < most * as_dict, f"{as_table / 40_000:.0f} of {as_dict / 40_000:.0f} bytes an entry"


def test_buckets_stay_small_while_the_table_grows() -> None:
    """Else each look-up would take longer the more there is."""
    table = Table()
    for number in range(40_000):
        table.put(b"tq-post:%07d" % number, b"v" * 60)
    longest = max(map(len, table._buckets))
    assert longest < 3000, f"{longest} bytes in a bucket"
    for number in range(40_000):
        table.pop(b"tq-post:%07d" % number)
    assert len(table) == 0 and not any(table._buckets)
