"""Reading and writing topics from the side, as an independent client would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.stream.connection import Connection
from services.stream.envelope import Headers

Kafka = str | Connection


def arguments(kafka: Kafka) -> dict[str, Any]:
    """Of a client: an address alone means a broker that asks for nothing."""
    return (kafka if isinstance(kafka, Connection) else Connection(kafka)).client_arguments()


async def create_plain_topics(servers: Kafka, names: Iterable[str], partitions: int) -> None:
    """Topics without compaction, so that every record ever written can be counted."""
    admin = AIOKafkaAdminClient(**arguments(servers))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1) for name in names])
    finally:
        await admin.close()
    await asyncio.sleep(0.5)


async def produce(
    servers: Kafka, topic: str, rows: Sequence[tuple[bytes | None, bytes | None, Headers]], partition: int | None = None
) -> None:
    """Send rows of key, value and headers, in order."""
    producer = AIOKafkaProducer(**arguments(servers), enable_idempotence=True, max_request_size=4 * 1024 * 1024)
    await producer.start()
    try:
        futures = [
            await producer.send(topic, value=value, key=key, headers=headers, partition=partition)
            for key, value, headers in rows
        ]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def _partition_count(servers: Kafka, topic: str) -> int:
    admin = AIOKafkaAdminClient(**arguments(servers))
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
        return len(described["partitions"])
    finally:
        await admin.close()


async def end_offsets(servers: Kafka, topic: str) -> dict[TopicPartition, int]:
    """The end of each partition, with what open transactions have written."""
    consumer = AIOKafkaConsumer(**arguments(servers), isolation_level="read_uncommitted")
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(await _partition_count(servers, topic))]
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        return ends
    finally:
        await consumer.stop()


async def read_committed(servers: Kafka, topic: str, seconds: float = 60) -> list[ConsumerRecord]:
    """Every committed record of a topic, partition by partition, up to the end as it is now.

    Waits for the transactions that are open now: a commit is acknowledged before its markers are written, and until
    they are, read-committed readers see less.
    """
    deadline = time.monotonic() + seconds
    ends = await end_offsets(servers, topic)
    consumer = AIOKafkaConsumer(
        **arguments(servers),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    await consumer.start()
    found: list[ConsumerRecord] = []
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        for partition in ends:
            while await consumer.position(partition) < ends[partition]:
                assert time.monotonic() < deadline, f"a transaction on {topic} stayed open for {seconds} s"
                fetched = await consumer.getmany(partition, timeout_ms=500)
                found += [record for record in fetched.get(partition, ()) if record.offset < ends[partition]]
    finally:
        await consumer.stop()
    return found
