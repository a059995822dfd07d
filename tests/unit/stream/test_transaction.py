"""Outputs come into record batches in order, and the batches leave with as few requests as can be."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from services.stream.outputs import Output
from services.stream.transaction import Packer, Partitioner, send_outputs

CAPACITY = 3
PARTITIONS = {"p.news": 4, "p.state": 4}


@dataclass
class Batch:
    """Takes so many records, as the client's batches take so many bytes."""

    values: list[bytes] = field(default_factory=list)

    def append(self, *, timestamp: int, key: bytes, value: bytes, headers: object) -> object | None:
        if len(self.values) == CAPACITY:
            return None
        self.values.append(value)
        return self


class Producer:
    """Remembers what is sent, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, list[bytes]]] = []

    def create_batch(self) -> Batch:
        return Batch()

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(PARTITIONS[topic]))

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Any]:
        self.sent.append((topic, partition, batch.values))
        return asyncio.get_running_loop().create_future()

    def values(self, topic: str) -> list[bytes]:
        return [value for name, _, values in self.sent if name == topic for value in values]


def news(*values: bytes, key: bytes = b"a") -> list[Output]:
    return [Output("news", key, value, [], 1) for value in values]


def state(partition: int, *values: bytes) -> list[Output]:
    return [Output("state", value, value, [], 1, partition) for value in values]


def sent(*parts: list[Output], partitioner: Partitioner | None = None) -> Producer:
    """What a packer sends that was given the parts one after the other."""
    producer = Producer()
    packer = Packer(producer, "p.", partitioner or Partitioner())
    for part in parts:
        packer.add(part)
    asyncio.run(packer.send())
    return producer


def test_the_first_batches_of_all_partitions_go_before_the_second_ones() -> None:
    many = [b"%d" % n for n in range(CAPACITY + 1)]
    found = sent(state(0, *many), state(1, *many), state(2, b"x")).sent
    assert [partition for _, partition, _ in found] == [0, 1, 2, 0, 1]
    assert [values for _, partition, values in found if partition == 1] == [many[:-1], many[-1:]]


def test_outputs_keep_their_order_whether_their_topic_is_known_or_not() -> None:
    partitioner = Partitioner()
    values = [b"%d" % n for n in range(10)]
    parts = [news(value) for value in values]
    assert sent(*parts, partitioner=partitioner).values("p.news") == values
    assert partitioner.counts == {"news": 4}
    assert sent(*parts, partitioner=partitioner).values("p.news") == values


def test_a_topic_that_becomes_known_meanwhile_does_not_let_later_outputs_overtake() -> None:
    producer, partitioner = Producer(), Partitioner()
    packer = Packer(producer, "p.", partitioner)
    packer.add(news(b"1"))
    asyncio.run(send_outputs(Producer(), news(b"other"), "p.", partitioner))
    packer.add(news(b"2"))
    asyncio.run(packer.send())
    assert producer.values("p.news") == [b"1", b"2"]


def test_a_key_or_what_stands_for_it_says_which_partition() -> None:
    partitioner = Partitioner()
    placed = [Output("news", b"a", b"1", [], 1), Output("news", b"b", b"2", [], 1, None, b"a")]
    for _ in range(2):
        found = sent(placed, partitioner=partitioner).sent
        assert found == [("p.news", partitioner.partition(b"a", 4), [b"1", b"2"])]
