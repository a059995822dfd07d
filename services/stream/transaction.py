"""Puts the outputs of one batch into record batches, which costs a fraction of sending record by record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from services.stream.outputs import Output


class Partitioner:
    """The partition of a key, as Kafka's Java client chooses it; keys repeat within a batch, so they are kept."""

    def __init__(self, most: int = 10_000) -> None:
        self._hash = DefaultPartitioner()
        self._known: dict[tuple[bytes, int], int] = {}
        self._most = most
        # How many partitions each topic, without prefix, had when it was last sent to.
        self.counts: dict[str, int] = {}

    def partition(self, key: bytes, partitions: int) -> int:
        """A number from 0 to `partitions` − 1."""
        known = self._known.get((key, partitions))
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._hash(key, range(partitions), range(partitions))
            self._known[key, partitions] = known
        return known


class Packer:
    """The record batches of one transaction. Outputs are packed as they are added, in any thread, so that the processor
    may still have them at hand; `send` belongs to the event loop."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, partitioner: Partitioner) -> None:
        self._producer = producer
        self._prefix = prefix
        self._partitioner = partitioner
        # As they were at first: they change while other transactions are sent, and no topic's outputs may overtake.
        self._counts = partitioner.counts.copy()
        self._builders: dict[tuple[str, int], list[Any]] = {}
        # Of topics whose number of partitions only `send` can ask for.
        self._unplaced: list[Output] = []

    def add(self, outputs: Iterable[Output]) -> None:
        """Pack outputs, those of one partition in order."""
        placed: dict[tuple[str, int], list[Output]] = {}
        for output in outputs:
            topic, partition = output.topic, output.partition
            if partition is None:
                count = self._counts.get(topic)
                if count is None:
                    self._unplaced.append(output)
                    continue
                partition = self._partitioner.partition(output.placed_by or output.key or b"", count)
            place = (topic, partition)
            own = placed.get(place)
            if own is None:
                placed[place] = [output]
            else:
                own.append(output)
        # One place after the other: what grows alone mostly grows where it stands, and is not copied.
        for place, own in placed.items():
            self._fill(place, own)

    def _fill(self, place: tuple[str, int], outputs: list[Output]) -> None:
        builders = self._builders.get(place)
        if builders is None:
            builders = self._builders[place] = [self._producer.create_batch()]
        builder = builders[-1]
        for output in outputs:
            if not _append(builder, output):
                builder = self._producer.create_batch()
                builders.append(builder)
                _append(builder, output)

    async def send(self) -> list[asyncio.Future[Any]]:
        """Send all that was added, one record batch per partition and producer batch size.

        Returns the delivery futures; a running transaction must not be committed before all of them are done.
        """
        topics = {output.topic for output in self._unplaced} | {topic for topic, _ in self._builders}
        for topic in topics:
            count = len(await self._producer.partitions_for(self._prefix + topic))
            self._partitioner.counts[topic] = count
            self._counts.setdefault(topic, count)
        self.add(self._unplaced)
        self._unplaced = []
        # A partition's second batch waits until the first is on its way. Were it sent right after that, so would all
        # other partitions, each with requests of its own.
        waiting = [(self._prefix + topic, partition, iter(each)) for (topic, partition), each in self._builders.items()]
        self._builders = {}
        sent = []
        while waiting:
            left = []
            for topic, partition, builders in waiting:
                builder = next(builders, None)
                if builder is not None:
                    sent.append(await self._producer.send_batch(builder, topic, partition=partition))
                    left.append((topic, partition, builders))
            waiting = left
        return sent


async def send_outputs(
    producer: AIOKafkaProducer, outputs: Iterable[Output], prefix: str, partitioner: Partitioner
) -> list[asyncio.Future[Any]]:
    """Send `outputs`, those of one partition in order. Returns what `Packer.send` does."""
    packer = Packer(producer, prefix, partitioner)
    packer.add(outputs)
    return await packer.send()


def _append(builder: Any, output: Output) -> bool:
    added = builder.append(timestamp=output.timestamp_ms, key=output.key, value=output.value, headers=output.headers)
    return added is not None
