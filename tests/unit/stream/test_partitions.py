"""Many keys at once go where Kafka's clients put each of them."""

from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from services.stream.partitions import partitions_of


@given(
    # Lengths differ in what is left over after whole words.
    keys=st.lists(st.binary(max_size=9) | st.binary(min_size=30, max_size=32), max_size=20),
    partitions=st.integers(1, 50),
)
def test_each_key_has_the_partition_that_the_clients_own_partitioner_gives_it(
    keys: list[bytes], partitions: int
) -> None:
    alone, numbers = DefaultPartitioner(), list(range(partitions))
    assert partitions_of(keys, partitions) == [alone(key, numbers, numbers) for key in keys]


def test_many_keys_of_a_file_are_spread_as_the_clients_do() -> None:
    alone, numbers = DefaultPartitioner(), list(range(12))
    for keys in ([f"tq:P{n:07d}".encode() for n in range(5000)], [f"bưu điện:{n}".encode() for n in range(2000)]):
        found = partitions_of(keys, 12)
        assert found == [alone(key, numbers, numbers) for key in keys]
        assert set(found) == set(numbers)
