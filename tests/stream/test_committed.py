"""The group's offset while its coordinator comes back: an answer, or no answer yet, but never that there is none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from services.stream.broker.local import own_broker
from services.stream.committed import committed_offset
from services.stream.connection import Connection
from tests.stream.kafka_io import create_plain_topics
from tests.stream.secured import PRINCIPALS, SecuredBroker

PARTITION = TopicPartition("in", 0)
OFFSET = 12_345
ASKERS = 8


async def commit(servers: str, group: str, offset: int) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([PARTITION])
        await consumer.commit({PARTITION: offset})
    finally:
        await consumer.stop()


async def answers(ask: Callable[[], Awaitable[int | None]], while_running: Awaitable[None]) -> set[int | None]:
    """All that several askers hear, again and again, from before something to after it."""
    heard: set[int | None] = set()
    over = asyncio.Event()

    async def asker() -> None:
        while not over.is_set():
            with contextlib.suppress(KafkaError):
                heard.add(await ask())
            await asyncio.sleep(0.01)

    askers = [asyncio.ensure_future(asker()) for _ in range(ASKERS)]
    await while_running
    await asyncio.sleep(1)
    over.set()
    await asyncio.wait_for(asyncio.gather(*askers), 60)
    return heard


def test_a_broker_that_comes_back_from_a_crash_never_says_that_there_is_no_offset(tmp_path: Path) -> None:
    with own_broker("apache", data_dir=tmp_path) as broker:
        servers = broker.bootstrap_servers

        async def scenario() -> set[int | None]:
            await create_plain_topics(servers, [PARTITION.topic], 1)
            await commit(servers, "group", OFFSET)
            broker.kill()
            return await answers(
                lambda: committed_offset(Connection(servers), "group", PARTITION), asyncio.to_thread(broker.restart)
            )

        assert asyncio.run(scenario()) == {OFFSET}


def test_a_group_that_never_committed_has_no_offset(kafka: str) -> None:
    partition = TopicPartition("in", 3)
    assert asyncio.run(committed_offset(Connection(kafka), "never-seen", partition)) is None


def test_an_offset_in_an_open_transaction_is_waited_for(kafka: str, topic_prefix: str) -> None:
    partition, group = TopicPartition(f"{topic_prefix}in", 0), f"{topic_prefix}group"

    async def scenario() -> int | None:
        await create_plain_topics(kafka, [partition.topic], 1)
        producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{topic_prefix}p")
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(partition.topic, b"x")
            await producer.send_offsets_to_transaction({partition: 7}, group)
            asked = asyncio.ensure_future(committed_offset(Connection(kafka), group, partition))
            done, _ = await asyncio.wait([asked], timeout=1)
            assert not done
            await producer.commit_transaction()
            return await asked
        finally:
            await producer.stop()

    assert asyncio.run(scenario()) == 7


def test_what_waiting_does_not_mend_is_raised(secured: SecuredBroker) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(committed_offset(secured.connection(PRINCIPALS[0]), "group", PARTITION))
