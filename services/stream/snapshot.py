"""A topic as it stands now: the latest value of each key, as a consumer that reads from the start comes to know it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.stream.connection import Connection
from services.stream.topic_ids import TopicMissingError, topic_id
from services.stream.unreachable import reached

_FETCH_BYTES = 8 * 1024 * 1024


async def read_snapshot(connection: Connection, topic: str) -> dict[bytes, bytes]:
    """Committed records up to the end as it is at the start; a key whose last value is null is left out.

    Raises TopicMissingError when the topic does not exist, KafkaError when the broker cannot be reached.
    """
    latest: dict[bytes, bytes] = {}

    def put(key: bytes, value: bytes | None) -> None:
        if value is None:
            latest.pop(key, None)
        else:
            latest[key] = value

    await follow_snapshot(connection, topic, put)
    return latest


async def follow_snapshot(connection: Connection, topic: str, put: Callable[[bytes, bytes | None], None]) -> None:
    """Hand over each committed record up to the end as it is at the start, those of one key in their order.

    Raises as `read_snapshot`.
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
        await _read(consumer, ends, put)
    finally:
        await consumer.stop()


async def partition_count(connection: Connection, topic: str) -> int:
    """How many partitions a topic has. Raises as `read_snapshot`."""
    await topic_id(connection, topic)
    consumer = AIOKafkaConsumer(topic, **connection.client_arguments())
    await reached(connection, consumer.start())
    try:
        return len(consumer.partitions_for_topic(topic) or ())
    finally:
        await consumer.stop()


async def committed_records(
    connection: Connection, partition: TopicPartition, start: int | None = None
) -> AsyncGenerator[ConsumerRecord, None]:
    """The committed records of a partition up to the end as it is at the start, from an offset, or from the first.

    Waits for the transactions that are open at the start: a commit is acknowledged before it can be seen everywhere.
    Raises KafkaError when the broker cannot be reached.
    """
    end = await _end_with_open_transactions(connection, partition)
    if end <= (start or 0):
        return
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


async def _end_with_open_transactions(connection: Connection, partition: TopicPartition) -> int:
    consumer = AIOKafkaConsumer(**connection.client_arguments(), isolation_level="read_uncommitted")
    consumer.assign([partition])
    await reached(connection, consumer.start())
    try:
        return int((await consumer.end_offsets([partition]))[partition])
    finally:
        await consumer.stop()


async def _read(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], put: Callable[[bytes, bytes | None], None]
) -> None:
    # The last offsets may hold only transaction markers, so the position decides, not the last record seen.
    while any(positions < ends[tp] for tp, positions in (await _positions(consumer, ends)).items()):
        for tp, records in (await consumer.getmany(timeout_ms=200, max_records=5000)).items():
            for record in records:
                if record.offset < ends[tp]:
                    put(record.key, record.value)


async def _positions(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    found = await asyncio.gather(*(consumer.position(tp) for tp in ends))
    return dict(zip(ends, found, strict=True))
