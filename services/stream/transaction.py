"""Sends the outputs of one batch as record batches, which costs a fraction of sending record by record."""

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

    def partition(self, key: bytes, partitions: int) -> int:
        """A number from 0 to `partitions` − 1."""
        known = self._known.get((key, partitions))
        if known is None:
            if len(self._known) >= self._most:
                self._known.clear()
            known = self._hash(key, range(partitions), range(partitions))
            self._known[key, partitions] = known
        return known


async def send_outputs(
    producer: AIOKafkaProducer, outputs: Iterable[Output], prefix: str, partitioner: Partitioner
) -> list[asyncio.Future[Any]]:
    """Send `outputs` in order, one record batch per partition and producer batch size.

    Returns the delivery futures; a running transaction must not be committed before all of them are done.
    """
    batches: dict[tuple[str, int], list[Any]] = {}
    counts: dict[str, int] = {}
    for output in outputs:
        topic, partition = output.topic, output.partition
        if partition is None:
            if topic not in counts:
                counts[topic] = len(await producer.partitions_for(prefix + topic))
            partition = partitioner.partition(output.placed_by or output.key or b"", counts[topic])
        builders = batches.get((topic, partition))
        if builders is None:
            builders = batches[topic, partition] = [producer.create_batch()]
        if not _append(builders[-1], output):
            builders.append(producer.create_batch())
            _append(builders[-1], output)
    return [
        await producer.send_batch(builder, prefix + topic, partition=partition)
        for (topic, partition), builders in batches.items()
        for builder in builders
    ]


def _append(builder: Any, output: Output) -> bool:
    added = builder.append(timestamp=output.timestamp_ms, key=output.key, value=output.value, headers=output.headers)
    return added is not None
