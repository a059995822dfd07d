"""Reads a changelog partition back into a state store."""

from __future__ import annotations

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stream.connection import Connection
from services.stream.state import StateStore

log = structlog.get_logger()

# All partitions of a worker are restored at the same time, and each holds several times as much (decision 59).
_FETCH_BYTES = 1024 * 1024
# Records that are fetched already come without a pause, and heartbeats must get in between: on a machine that was busy
# with others, workers lost their place in the group while they restored, and began to restore anew, for minutes.
_CHUNK = 500


async def restore(connection: Connection, changelog: TopicPartition, store: StateStore) -> int:
    """Load every committed record of `changelog` into `store`; returns how many were read.

    The caller must own the partition's transactional producer already: starting it ended the previous owner's
    transaction, so that the end read here (the last stable offset) cannot move any more.
    """
    consumer = AIOKafkaConsumer(
        **connection.client_arguments(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    consumer.assign([changelog])
    await consumer.start()
    read = 0
    try:
        end = (await consumer.end_offsets([changelog]))[changelog]
        await consumer.seek_to_beginning(changelog)
        # The last offsets may hold only transaction markers, so the position decides, not the last record seen.
        while await consumer.position(changelog) < end:
            fetched = await consumer.getmany(changelog, timeout_ms=200, max_records=_CHUNK)
            for record in fetched.get(changelog, ()):
                if record.offset < end:
                    store.load(record.key, record.value)
                    read += 1
            await asyncio.sleep(0)
    finally:
        await consumer.stop()
    return read
