"""A group is followed until it has taken up what stood on its topic, whatever else stands there."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.stream.connection import Connection
from services.stream.uptake import NotTakenUpError, until_taken_up
from tests.stream.kafka_io import arguments

GROUP = "takers"


@pytest.fixture
def topic(kafka: str, topic_prefix: str) -> str:
    async def make() -> None:
        admin = AIOKafkaAdminClient(**arguments(kafka))
        await admin.start()
        await admin.create_topics([NewTopic(topic_prefix + "matched", 2, 1)])
        await admin.close()

    asyncio.run(make())
    return topic_prefix + "matched"


async def write(kafka: str, topic: str, partition: int, count: int, *, commit: bool = True) -> None:
    """A transaction of some records, whose marker takes an offset too."""
    producer = AIOKafkaProducer(**arguments(kafka), transactional_id=f"{topic}-{partition}-{commit}")
    await producer.start()
    await producer.begin_transaction()
    for number in range(count):
        await producer.send_and_wait(topic, b"%d" % number, partition=partition)
    await (producer.commit_transaction() if commit else producer.abort_transaction())
    await producer.stop()


async def take_up(kafka: str, topic: str, partition: int, offset: int) -> None:
    consumer = AIOKafkaConsumer(**arguments(kafka), group_id=topic + GROUP, enable_auto_commit=False)
    consumer.assign([TopicPartition(topic, partition)])
    await consumer.start()
    await consumer.commit({TopicPartition(topic, partition): offset})
    await consumer.stop()


async def left(kafka: str, topic: str, stall: float = 60) -> list[int]:
    return [rest async for rest in until_taken_up(Connection(kafka), topic, topic + GROUP, stall)]


def test_of_an_empty_topic_nothing_is_left(kafka: str, topic: str) -> None:
    assert asyncio.run(left(kafka, topic)) == [0]


def test_markers_and_aborted_records_are_not_waited_for(kafka: str, topic: str) -> None:
    async def scenario() -> list[int]:
        await write(kafka, topic, 0, 3)
        await write(kafka, topic, 1, 2)
        await write(kafka, topic, 1, 4, commit=False)
        await take_up(kafka, topic, 0, 3)
        await take_up(kafka, topic, 1, 2)
        return await left(kafka, topic)

    assert asyncio.run(scenario()) == [0]


def test_one_record_that_is_left_is_waited_for_and_what_comes_later_is_not(kafka: str, topic: str) -> None:
    async def scenario() -> list[int]:
        await write(kafka, topic, 0, 3)
        await write(kafka, topic, 1, 2)
        await take_up(kafka, topic, 0, 2)
        seen = []
        async for rest in until_taken_up(Connection(kafka), topic, topic + GROUP, 60):
            seen.append(rest)
            if len(seen) == 1:
                await write(kafka, topic, 0, 5)
                await take_up(kafka, topic, 1, 2)
            elif len(seen) == 2:
                await take_up(kafka, topic, 0, 3)
        return seen

    # One record and one marker of the first partition, two and one of the second, of which nothing was committed.
    assert asyncio.run(scenario()) == [5, 2, 0]


def test_a_group_that_takes_nothing_up_is_given_up(kafka: str, topic: str) -> None:
    async def scenario() -> None:
        await write(kafka, topic, 1, 2)
        await left(kafka, topic, stall=1)

    with pytest.raises(NotTakenUpError, match=r"up to 3 records wait on .*matched"):
        asyncio.run(scenario())
