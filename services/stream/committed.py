"""The offset that a group has committed for a partition, told apart from an answer that is no answer yet.

aiokafka 0.14 asks with version 3 of OffsetFetch and overlooks the error that stands beside the partitions there. While
a coordinator loads its offsets, after a restart or a failover, its `committed()` therefore says that there is none, and
whoever believes it begins at the topic's start: tests/chaos saw 23,000 rows accounted for a second time. The request
below is version 7, which also waits for offsets whose transaction is not through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

from services.stream.connection import Connection

log = structlog.get_logger()

_RETRY_SECONDS = 0.1
# Kafka's UNSTABLE_OFFSET_COMMIT, which aiokafka does not know.
_UNSTABLE = 88
_NONE = -1


class _OffsetFetchResponse(Response):  # type: ignore[misc]
    API_KEY = 9
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", CompactString("utf-8")),
                        ("error_code", Int16),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("error_code", Int16),
        ("tags", TaggedFields),
    )


class _OffsetFetchRequestV7(RequestStruct):  # type: ignore[misc]
    API_KEY = 9
    API_VERSION = 7
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _OffsetFetchResponse
    SCHEMA = Schema(
        ("group_id", CompactString("utf-8")),
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
            ),
        ),
        ("require_stable", Boolean),
        ("tags", TaggedFields),
    )


class _OffsetFetchRequest(Request[_OffsetFetchRequestV7]):  # type: ignore[misc]
    API_KEY = 9

    def __init__(self, group_id: str, topic: str, partitions: Collection[int], *, stable: bool) -> None:
        self._group_id = group_id
        self.topic = topic
        self.partitions = list(partitions)
        self._stable = stable

    def build(self, request_struct_class: type[_OffsetFetchRequestV7]) -> _OffsetFetchRequestV7:
        return request_struct_class(self._group_id, [(self.topic, self.partitions, {})], self._stable, {})


async def committed_offset(connection: Connection, group_id: str, partition: TopicPartition) -> int | None:
    """The committed offset, None if the group has never committed one for the partition.

    Waits for as long as the broker or the group's coordinator cannot tell. Raises KafkaError for what waiting does not
    mend, IncompatibleBrokerVersion among them.
    """
    request = _OffsetFetchRequest(group_id, partition.topic, [partition.partition], stable=True)
    return (await _answered(connection, group_id, request))[partition.partition]


async def committed_offsets(
    connection: Connection, group_id: str, topic: str, partitions: Collection[int]
) -> dict[int, int | None]:
    """The committed offsets of several partitions, as `committed_offset`; what an open transaction is about to commit
    is not waited for."""
    return await _answered(connection, group_id, _OffsetFetchRequest(group_id, topic, partitions, stable=False))


async def _answered(connection: Connection, group_id: str, request: _OffsetFetchRequest) -> dict[int, int | None]:
    waiting = False
    while True:
        try:
            return await _ask(connection, group_id, request)
        except KafkaError as error:
            if not error.retriable:
                raise
            if not waiting:
                log.info("waiting for the group's offset", group=group_id, error=type(error).__name__)
            waiting = True
        await asyncio.sleep(_RETRY_SECONDS)


class _UnstableError(KafkaError):  # type: ignore[misc]
    retriable = True


async def _ask(connection: Connection, group_id: str, request: _OffsetFetchRequest) -> dict[int, int | None]:
    client = AIOKafkaClient(**connection.client_arguments())
    try:
        await client.bootstrap()
        coordinator = await client.coordinator_lookup(CoordinationType.GROUP, group_id)
        response = await client.send(coordinator, request)
    finally:
        await client.close()
    _check(response.error_code)
    found: dict[int, int | None] = {}
    for topic, partitions in ((topic, partitions) for topic, partitions, *_ in response.topics):
        for number, offset, _epoch, _metadata, error_code, *_ in partitions:
            if topic == request.topic and number in request.partitions:
                _check(error_code)
                found[number] = None if offset == _NONE else int(offset)
    if len(found) < len(request.partitions):
        raise KafkaError(f"the coordinator of group {group_id} says nothing of {request.topic}")
    return found


def _check(error_code: int) -> None:
    if error_code == _UNSTABLE:
        raise _UnstableError
    if error_code:
        raise for_code(error_code)()
