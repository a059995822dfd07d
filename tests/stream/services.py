"""The topics of the services with their real limits, but not compacted: every record ever written can be counted."""

from __future__ import annotations

from services.stream import topics
from services.stream.connection import Connection
from services.stream.topic_admin import create_topics

NAMES = [name for key, name in vars(topics).items() if key.isupper()]


async def create_service_topics(servers: str | Connection, prefix: str, partitions: int) -> None:
    connection = servers if isinstance(servers, Connection) else Connection(servers)
    await create_topics(connection, prefix, partitions=partitions, replication_factor=1, compaction=False)
