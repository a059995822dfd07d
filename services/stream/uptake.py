"""Waits until a consumer group has taken up what stands on its topic."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stream.committed import committed_offsets
from services.stream.connection import Connection
from services.stream.snapshot import partition_count
from services.stream.unreachable import reached

_POLL_SECONDS = 0.5
_PEEK_MS = 200
_PEEK_SECONDS = 2.0
# One record tells that there are more.
_PEEK_BYTES = 64 * 1024


class NotTakenUpError(RuntimeError):
    """The group took nothing up for too long. Says how much is left."""


async def until_taken_up(connection: Connection, topic: str, group_id: str, stall_seconds: float) -> AsyncIterator[int]:
    """Follow a group until it has committed all that was on the topic at the start, open transactions included. What
    comes later is not waited for.

    Yields how many offsets are left, at the most: markers of transactions take offsets too. Always ends with 0. Raises
    NotTakenUpError after `stall_seconds` without a step, and KafkaError.
    """
    consumer = _consumer(connection, isolation_level="read_committed")
    await reached(connection, consumer.start())
    try:
        left = await _ends(connection, topic)
        consumer.assign(list(left))
        before, moved_at = -1, time.monotonic()
        while left:
            numbers = [partition.partition for partition in left]
            committed = await committed_offsets(connection, group_id, topic, numbers)
            starts = {partition: committed[partition.partition] or 0 for partition in left}
            for partition, start in starts.items():
                if start >= left[partition] or not await _holds_more(consumer, partition, start, left[partition]):
                    del left[partition]
            rest = sum(end - starts[partition] for partition, end in left.items())
            if rest != before:
                before, moved_at = rest, time.monotonic()
                yield rest
            elif time.monotonic() - moved_at > stall_seconds:
                raise NotTakenUpError(f"up to {rest:,} records wait on {topic}, and for {stall_seconds:.0f} s none was")
            if left:
                await asyncio.sleep(_POLL_SECONDS)
        if before != 0:
            yield 0
    finally:
        await consumer.stop()


async def _ends(connection: Connection, topic: str) -> dict[TopicPartition, int]:
    """The end of each partition that is not empty, behind the transactions that are still open."""
    partitions = [TopicPartition(topic, number) for number in range(await partition_count(connection, topic))]
    uncommitted = _consumer(connection, isolation_level="read_uncommitted")
    uncommitted.assign(partitions)
    await reached(connection, uncommitted.start())
    try:
        ends = await uncommitted.end_offsets(partitions)
        return {partition: int(end) for partition, end in ends.items() if end > 0}
    finally:
        await uncommitted.stop()


async def _holds_more(consumer: AIOKafkaConsumer, partition: TopicPartition, start: int, end: int) -> bool:
    """Whether there is a committed record from an offset on, before another one. True where that is not known yet."""
    consumer.seek(partition, start)
    deadline = time.monotonic() + _PEEK_SECONDS
    while await consumer.position(partition) < end:
        fetched = await consumer.getmany(partition, timeout_ms=_PEEK_MS, max_records=1)
        if records := fetched.get(partition):
            return bool(records[0].offset < end)
        if time.monotonic() > deadline:
            return True
    return False


def _consumer(connection: Connection, *, isolation_level: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **connection.client_arguments(),
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_PEEK_BYTES,
        fetch_max_wait_ms=100,
    )
