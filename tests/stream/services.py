"""The topics of the services, without compaction, so that every record ever written can be counted."""

from __future__ import annotations

from services.stream import topics
from tests.stream.kafka_io import create_plain_topics

NAMES = [name for key, name in vars(topics).items() if key.isupper()]


async def create_service_topics(servers: str, prefix: str, partitions: int) -> None:
    await create_plain_topics(servers, [prefix + name for name in NAMES], partitions)
