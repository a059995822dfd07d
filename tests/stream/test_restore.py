"""Restoring state: all of it, and never so much at a stretch that the worker's heartbeats have to wait."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from services.stream.connection import Connection
from services.stream.restore import ChangelogHeldError, restore
from services.stream.state import MemoryStore
from tests.stream.kafka_io import create_plain_topics, produce

RECORDS = 20_000
AT_A_STRETCH = 1000


class Counting(MemoryStore):
    """Counts the records that come before others had their turn."""

    def __init__(self) -> None:
        super().__init__()
        self.since_a_turn = 0
        self.longest = 0

    def load(self, key: bytes, value: bytes | None) -> None:
        super().load(key, value)
        self.since_a_turn += 1
        self.longest = max(self.longest, self.since_a_turn)


def test_others_have_their_turn_while_state_is_read_back(kafka: str, topic_prefix: str) -> None:
    changelog, store = TopicPartition(f"{topic_prefix}state", 0), Counting()

    async def turns() -> None:
        while True:
            store.since_a_turn = 0
            await asyncio.sleep(0)

    async def scenario() -> int:
        await create_plain_topics(kafka, [changelog.topic], 1)
        await produce(kafka, changelog.topic, [(b"%d" % number, b"x", []) for number in range(RECORDS)], 0)
        others = asyncio.ensure_future(turns())
        try:
            return await restore(Connection(kafka), changelog, store)
        finally:
            others.cancel()

    assert asyncio.run(scenario()) == RECORDS
    assert len(store) == RECORDS
    assert store.longest <= AT_A_STRETCH


def test_state_behind_a_transaction_that_stays_open_is_not_taken_for_all_of_it(kafka: str, topic_prefix: str) -> None:
    changelog, store = TopicPartition(f"{topic_prefix}state", 0), MemoryStore()

    async def scenario() -> int:
        await create_plain_topics(kafka, [changelog.topic], 1)
        await produce(kafka, changelog.topic, [(b"before", b"x", [])], 0)
        hanging = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{topic_prefix}hanging")
        await hanging.start()
        try:
            await hanging.begin_transaction()
            await hanging.send_and_wait(changelog.topic, b"x", key=b"open", partition=0)
            await produce(kafka, changelog.topic, [(b"behind", b"x", [])], 0)
            with pytest.raises(ChangelogHeldError, match=f"{changelog.topic} partition 0 from offset 1 on.*runbook"):
                await restore(Connection(kafka), changelog, store, open_seconds=0.5)
            assert len(store) == 0
            waiting = asyncio.ensure_future(restore(Connection(kafka), changelog, store))
            await asyncio.sleep(1)
            await hanging.abort_transaction()
            return await waiting
        finally:
            await hanging.stop()

    assert asyncio.run(scenario()) == 2
    assert store.get(b"behind") == b"x"
    assert store.get(b"open") is None
