"""Reads a changelog partition back into a state store."""

from __future__ import annotations

import asyncio
import time

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stream.closing import close_consumer
from services.stream.connection import Connection
from services.stream.state import StateStore

log = structlog.get_logger()

# All partitions of a worker are restored at the same time, and each holds several times as much (decision 59).
_FETCH_BYTES = 1024 * 1024
# Records that are fetched already come without a pause, and heartbeats must get in between: on a machine that was busy
# with others, workers lost their place in the group while they restored, and began to restore anew, for minutes.
_CHUNK = 500
# A broker that has just come back may still be writing the markers of transactions that ended.
_OPEN_SECONDS = 30.0
_OPEN_POLL_SECONDS = 0.2


class ChangelogHeldError(RuntimeError):
    """A transaction stays open on a changelog partition, though its only writer begins anew.

    What stands behind it cannot be read back, and without it codes would be given twice. Says which partition and
    offset, and what mends it.
    """


async def restore(
    connection: Connection, changelog: TopicPartition, store: StateStore, open_seconds: float = _OPEN_SECONDS
) -> int:
    """Load every committed record of `changelog` into `store`; returns how many were read.

    Raises ChangelogHeldError if a transaction stays open there for `open_seconds`, and KafkaError.

    The caller must own the partition's transactional producer already: starting it ended the previous owner's
    transaction, so that the end read here (the last stable offset) cannot move any more.
    """
    consumer = _consumer(connection, changelog, "read_committed")
    await consumer.start()
    read = 0
    try:
        end = await _end(connection, consumer, changelog, open_seconds)
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
        await close_consumer(consumer)
    return read


async def _end(
    connection: Connection, consumer: AIOKafkaConsumer, changelog: TopicPartition, open_seconds: float
) -> int:
    """The end of a changelog, once no transaction is open on it."""
    all_of_it = _consumer(connection, changelog, "read_uncommitted")
    await all_of_it.start()
    try:
        deadline = time.monotonic() + open_seconds
        while True:
            end, behind = [int((await one.end_offsets([changelog]))[changelog]) for one in (consumer, all_of_it)]
            if end >= behind:
                return end
            if time.monotonic() > deadline:
                raise ChangelogHeldError(
                    f"a transaction stays open on {changelog.topic} partition {changelog.partition} "
                    f"from offset {end} on: "
                    f"{behind - end} offsets behind it cannot be read back; "
                    "see deploy/runbooks/hanging-transaction.md, then start the service again"
                )
            await asyncio.sleep(_OPEN_POLL_SECONDS)
    finally:
        await close_consumer(all_of_it)


def _consumer(connection: Connection, changelog: TopicPartition, isolation_level: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        **connection.client_arguments(),
        isolation_level=isolation_level,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    consumer.assign([changelog])
    return consumer
