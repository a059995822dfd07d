"""A topic as it stands now: the latest value of each key, as a consumer that reads from the start comes to know it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.stream.connection import Connection
from services.stream.topic_ids import TopicMissingError
from services.stream.unreachable import reached

_FETCH_BYTES = 8 * 1024 * 1024


async def read_snapshot(connection: Connection, topic: str) -> dict[bytes, bytes]:
    """Committed records up to the end as it is at the start; a key whose last value is null is left out.

    Raises TopicMissingError when the topic does not exist, KafkaError when the broker cannot be reached.
    """
    consumer = AIOKafkaConsumer(
        topic,
        **connection.client_arguments(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    await reached(connection, consumer.start())
    try:
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise TopicMissingError(
                f"topic {topic!r} does not exist on the broker: create the topics with `diachi topics create`"
            )
        partitions = [TopicPartition(topic, number) for number in numbers]
        consumer.unsubscribe()
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        return await _read(consumer, ends)
    finally:
        await consumer.stop()


async def partition_count(connection: Connection, topic: str) -> int:
    """How many partitions a topic has. Raises as `read_snapshot`."""
    consumer = AIOKafkaConsumer(topic, **connection.client_arguments())
    await reached(connection, consumer.start())
    try:
        numbers = consumer.partitions_for_topic(topic)
    finally:
        await consumer.stop()
    if not numbers:
        raise TopicMissingError(
            f"topic {topic!r} does not exist on the broker: create the topics with `diachi topics create`"
        )
    return len(numbers)


async def committed_records(
    connection: Connection, partition: TopicPartition, start: int | None = None
) -> AsyncIterator[ConsumerRecord]:
    """The committed records of a partition up to the end as it is at the start, from an offset, or from the first.

    Raises KafkaError when the broker cannot be reached.
    """
    consumer = AIOKafkaConsumer(
        **connection.client_arguments(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    consumer.assign([partition])
    await reached(connection, consumer.start())
    try:
        end = (await consumer.end_offsets([partition]))[partition]
        if start is None:
            await consumer.seek_to_beginning(partition)
        else:
            consumer.seek(partition, start)
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=200, max_records=5000)).get(partition, ()):
                if record.offset < end:
                    yield record
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> dict[bytes, bytes]:
    latest: dict[bytes, bytes] = {}
    # The last offsets may hold only transaction markers, so the position decides, not the last record seen.
    while any(positions < ends[tp] for tp, positions in (await _positions(consumer, ends)).items()):
        for tp, records in (await consumer.getmany(timeout_ms=200, max_records=5000)).items():
            for record in records:
                if record.offset >= ends[tp]:
                    continue
                if record.value is None:
                    latest.pop(record.key, None)
                else:
                    latest[record.key] = record.value
    return latest


async def _positions(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    found = await asyncio.gather(*(consumer.position(tp) for tp in ends))
    return dict(zip(ends, found, strict=True))
