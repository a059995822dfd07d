"""Copies the registry of an installation into a file, and from a file into an installation that has none.

What is in the file, and why, says docs/decisions/0047-the-registry-in-a-file.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.stream.access import GROUPS
from services.stream.connection import Connection
from services.stream.envelope import Headers, rfc3339
from services.stream.outputs import Output
from services.stream.registry_file import Entry, Heading, RegistryWriter, check_file, read_entries
from services.stream.snapshot import committed_records, partition_count
from services.stream.topics import (
    DIGITISED,
    MAP_FEATURE,
    MATCHED,
    NATIONAL,
    NORMALISER_STATE,
    RAW,
    REGISTRAR_STATE,
    REVIEW,
    VILLAGES,
)
from services.stream.transaction import Partitioner, send_outputs
from services.stream.unreachable import reached

TOPICS = (REGISTRAR_STATE, NORMALISER_STATE, REVIEW, DIGITISED, MAP_FEATURE, NATIONAL, VILLAGES)
_BY_AREA = frozenset({DIGITISED, MAP_FEATURE, NATIONAL})
_AREA = 5

# The version of all that comes from a file: raw records count anew, and the first of them must be newer.
RESTORED = -1

_INPUTS = (("normaliser", RAW), ("registrar", MATCHED))
_CHUNK = 5_000
_BATCH_BYTES = 512 * 1024
_MAX_REQUEST_BYTES = 8 * 1024 * 1024
# The longest that brokers allow unless they are told otherwise.
_TRANSACTION_MS = 900_000


class RegistryBusyError(Exception):
    """The pipeline is at work, or the installation has a registry; says what to do."""


async def export_registry(connection: Connection, prefix: str, path: Path) -> Counter[str]:
    """Write the registry to `path`; returns the records by topic.

    Raises RegistryBusyError while records wait in the pipeline or go through it, OSError, KafkaError,
    TopicMissingError.
    """
    before = await _offsets(connection, prefix)
    await _require_quiet(connection, prefix, before)
    partitions = {topic: await partition_count(connection, prefix + topic) for topic in TOPICS}
    writer = RegistryWriter(path, Heading(rfc3339(int(time.time() * 1000)).decode(), partitions))
    try:
        for topic in TOPICS:
            for number in range(partitions[topic]):
                await _export_partition(connection, prefix, topic, number, writer)
        if await _offsets(connection, prefix) != before:
            raise RegistryBusyError(
                "records went through while the registry was read: stop the intake, and run it again"
            )
        return writer.finish()
    finally:
        writer.drop()


async def _export_partition(
    connection: Connection, prefix: str, topic: str, number: int, writer: RegistryWriter
) -> None:
    latest: dict[bytes, tuple[bytes, Headers, int]] = {}
    async for record in committed_records(connection, TopicPartition(prefix + topic, number)):
        if record.value is None:
            latest.pop(record.key, None)
        else:
            latest[record.key] = record.value, list(record.headers), record.timestamp
    for key, (value, headers, timestamp) in sorted(latest.items()):
        writer.add(topic, number, key, value, headers, timestamp)


async def import_registry(connection: Connection, prefix: str, path: Path) -> Counter[str]:
    """Take the registry over from `path`, all of it in one transaction; returns the records by topic.

    Raises RegistryFileError, RegistryBusyError if the installation has a registry or its services run, KafkaError,
    TopicMissingError.
    """
    heading, counts = await asyncio.to_thread(check_file, path)
    await _require_stopped(connection, prefix)
    producer = AIOKafkaProducer(
        **connection.client_arguments(),
        transactional_id=f"{prefix}registry-import",
        transaction_timeout_ms=_TRANSACTION_MS,
        max_batch_size=_BATCH_BYTES,
        max_request_size=_MAX_REQUEST_BYTES,
    )
    # This ends the transaction of an import that was interrupted; what that wrote, nobody ever saw.
    await reached(connection, producer.start())
    try:
        numbers = {topic: await partition_count(connection, prefix + topic) for topic in TOPICS}
        await _require_empty(connection, prefix, numbers)
        partitioner = Partitioner()
        async with producer.transaction():
            for chunk in _chunks(path):
                outputs = [_output(entry, numbers, heading, partitioner) for entry in chunk]
                await asyncio.gather(*await send_outputs(producer, outputs, prefix, partitioner))
            # A service that was started meanwhile has seen an empty registry.
            await _require_stopped(connection, prefix)
        return counts
    finally:
        await producer.stop()


def _chunks(path: Path) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    for entry in read_entries(path):
        chunk.append(entry)
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _output(entry: Entry, numbers: Mapping[str, int], heading: Heading, partitioner: Partitioner) -> Output:
    """The record where its reader looks for it; a topic that has other partitions than before lets the key decide."""
    count = numbers[entry.topic]
    if heading.partitions[entry.topic] == count:
        partition = entry.partition
    else:
        partition = partitioner.partition(_placing_key(entry), count)
    value = orjson.dumps(as_restored(entry.topic, entry.value))
    return Output(entry.topic, entry.key.encode(), value, entry.headers, entry.timestamp, partition)


def _placing_key(entry: Entry) -> bytes:
    """What decides the partition: the registrar's entries lie where the matched records of their area do, and what is
    published of an area where the area with which its codes begin says."""
    if entry.topic == REGISTRAR_STATE:
        return entry.key.split(":", 2)[1][:_AREA].encode()
    return (entry.key[:_AREA] if entry.topic in _BY_AREA else entry.key).encode()


def as_restored(topic: str, value: dict[str, Any]) -> dict[str, Any]:
    """The value of a record as a new installation has it: its versions are older than all to come, and its rows belong
    to batches that nobody counts any more."""
    if topic == MAP_FEATURE:
        return {**value, "properties": {**value["properties"], "version": RESTORED}}
    changed = dict(value)
    for name in ("version", "source_version"):
        if name in value:
            changed[name] = RESTORED
    if topic in (NORMALISER_STATE, REVIEW):
        changed |= {"batch_id": None, "line_no": None}
    return changed


async def _offsets(connection: Connection, prefix: str) -> dict[TopicPartition, int]:
    """How far each stage has come, by partition of its input."""
    found: dict[TopicPartition, int] = {}
    admin = AIOKafkaAdminClient(**connection.client_arguments())
    await reached(connection, admin.start())
    try:
        for stage, topic in _INPUTS:
            numbers = range(await partition_count(connection, prefix + topic))
            found |= {TopicPartition(prefix + topic, number): 0 for number in numbers}
            committed = await admin.list_consumer_group_offsets(prefix + GROUPS[stage])
            found |= {tp: at.offset for tp, at in committed.items() if tp in found and at.offset >= 0}
    finally:
        await admin.close()
    return found


async def _require_quiet(connection: Connection, prefix: str, offsets: Mapping[TopicPartition, int]) -> None:
    for partition, offset in offsets.items():
        if await _holds(connection, partition, lambda _: True, offset):
            raise RegistryBusyError(
                f"records wait in {partition.topic}: let the services work them off, send none, and run it again"
            )


async def _require_stopped(connection: Connection, prefix: str) -> None:
    admin = AIOKafkaAdminClient(**connection.client_arguments())
    await reached(connection, admin.start())
    try:
        for stage, _ in _INPUTS:
            for response in await admin.describe_consumer_groups([prefix + GROUPS[stage]]):
                if any(group[5] for group in response.groups):
                    raise RegistryBusyError(f"the {stage} is running: stop the services, import, and start them again")
    finally:
        await admin.close()


async def _require_empty(connection: Connection, prefix: str, numbers: Mapping[str, int]) -> None:
    for topic, count in numbers.items():
        for number in range(count):
            if await _holds(
                connection, TopicPartition(prefix + topic, number), lambda record: record.value is not None
            ):
                raise RegistryBusyError(
                    f"{prefix + topic} is not empty: a registry is imported where none is, else codes would be issued "
                    "twice. Use a new cluster or another DIACHI_TOPIC_PREFIX"
                )


async def _holds(
    connection: Connection, partition: TopicPartition, meant: Callable[[ConsumerRecord], bool], start: int | None = None
) -> bool:
    """Whether a partition has a committed record that is meant."""
    async with contextlib.aclosing(committed_records(connection, partition, start)) as records:
        async for record in records:
            if meant(record):
                return True
    return False
