"""The broker's own id of a topic (KIP-516): a topic that is made anew under an old name has another id.

aiokafka speaks Metadata up to version 5, which has no ids; the request below is version 10.
"""

from __future__ import annotations

from io import BytesIO
from uuid import NAMESPACE_DNS, UUID, uuid5

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, TopicAuthorizationFailedError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from services.stream.connection import Connection
from services.stream.unreachable import reached


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequestV10(RequestStruct):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 10
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _MetadataRequest(Request[_MetadataRequestV10]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequestV10]) -> _MetadataRequestV10:
        return request_struct_class([(UUID(int=0), self._topic, {})], False, False, False, {})


class TopicMissingError(Exception):
    """The broker has no such topic; the message says how to make it."""


class AccessDeniedError(TopicAuthorizationFailedError):  # type: ignore[misc]
    """The broker lets this user not even see the topic; the message says how to allow it."""

    def __str__(self) -> str:
        return str(self.args[0])


async def topic_id(connection: Connection, topic: str) -> str:
    """The id of a topic, as text.

    A broker that knows no topic ids (the embedded one) gets an id made from the name. Raises KafkaError when the
    broker cannot be reached, TopicMissingError when the topic does not exist, AccessDeniedError.
    """
    client = AIOKafkaClient(**connection.client_arguments())
    await reached(connection, client.bootstrap())
    try:
        response = await client.send(client.get_random_node(), _MetadataRequest(topic))
    except (IncompatibleBrokerVersion, NotImplementedError):
        return str(uuid5(NAMESPACE_DNS, topic))
    finally:
        await client.close()
    for error_code, name, found, *_ in response.topics:
        if name == topic and error_code == 0:
            return str(found)
        if error_code == TopicAuthorizationFailedError.errno:
            raise AccessDeniedError(
                f"user {connection.username!r} may not use topic {topic!r}: `diachi topics acls` shows what each "
                "service needs, and grants it with --apply"
            )
    raise TopicMissingError(
        f"topic {topic!r} does not exist on the broker: create the topics with `diachi topics create`"
    )
