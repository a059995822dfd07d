"""News that concerns every worker, whatever its partitions: a topic of one partition that each reads whole.

It is read to its end before the worker joins its group, and followed from then on. What comes later waits until the
domain thread is between two batches: no batch sees two states, and a restarted worker has the state of its offset.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stream.closing import close_consumer
from services.stream.connection import Connection
from services.stream.outputs import InputRecord
from services.stream.topic_ids import topic_id
from services.stream.unreachable import reached

log = structlog.get_logger()

_FETCH_BYTES = 8 * 1024 * 1024
_MOST_RECORDS = 5000
_WAIT_MS = 500


class Learner(Protocol):
    """What takes the news up."""

    news_topic: str

    def learn(self, records: Sequence[InputRecord], offset: int) -> None:
        """Take up records, in order; all up to and with `offset` are known then."""

    def set_aside(self) -> Mapping[str, int]:
        """How much of what it was told does not count, by kind. Called from another thread."""


class NewsPartitionsError(RuntimeError):
    """The topic has several partitions, so that no one offset says what is known."""


class News:
    """Follows the topic of a learner. `start`, `follow` and `stop` belong to the event loop, `apply` to the one thread
    in which the domain works."""

    def __init__(self, connection: Connection, prefix: str, learner: Learner) -> None:
        self._connection = connection
        self._learner = learner
        self._partition = TopicPartition(prefix + learner.news_topic, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._position = 0
        self._waiting: deque[tuple[Sequence[InputRecord], int]] = deque()

    @property
    def offset(self) -> int:
        """Up to where the topic was read; -1 before its first record."""
        return self._position - 1

    def set_aside(self) -> Mapping[str, int]:
        """How much of what the learner was told does not count, by kind."""
        return self._learner.set_aside()

    async def start(self) -> None:
        """Read the topic to its end, and have the learner know it. Raises KafkaError, TopicMissingError,
        NewsPartitionsError."""
        await topic_id(self._connection, self._partition.topic)
        self._consumer = AIOKafkaConsumer(
            **self._connection.client_arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        consumer = self._consumer
        consumer.assign([self._partition])
        await reached(self._connection, consumer.start())
        await self._require_one_partition(consumer)
        end = (await consumer.end_offsets([self._partition]))[self._partition]
        await consumer.seek_to_beginning(self._partition)
        # The last offsets may be compacted away, so the position decides, not the last record seen.
        while (position := await consumer.position(self._partition)) < end:
            await self._fetch(position)
        self.apply()
        log.info("news read", topic=self._partition.topic, offset=self.offset)

    async def follow(self) -> None:
        """Gather what comes, until cancelled. Raises KafkaError when the topic can no longer be read."""
        while True:
            await self._fetch(self._position)

    def apply(self) -> None:
        """Let the learner take up what has come. Between batches, in the thread of the domain."""
        while self._waiting:
            records, offset = self._waiting.popleft()
            self._learner.learn(records, offset)

    async def stop(self) -> None:
        if self._consumer is not None:
            await close_consumer(self._consumer)

    async def _fetch(self, position: int) -> None:
        assert self._consumer is not None
        fetched = await self._consumer.getmany(self._partition, timeout_ms=_WAIT_MS, max_records=_MOST_RECORDS)
        self._position = await self._consumer.position(self._partition)
        if self._position > position:
            self._waiting.append((fetched.get(self._partition, ()), self.offset))

    async def _require_one_partition(self, consumer: AIOKafkaConsumer) -> None:
        count = len(consumer.partitions_for_topic(self._partition.topic) or ())
        if count > 1:
            raise NewsPartitionsError(
                f"topic {self._partition.topic!r} has {count} partitions and must have one: delete it while nothing "
                "runs, and make it with `diachi topics create`"
            )
