"""Topics are made on a real broker as the AsyncAPI document says, once, and are never changed."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from typer.testing import CliRunner

from schemas.asyncapi import topics
from services.cli.main import app
from services.stream import topics as names
from services.stream.connection import Connection
from services.stream.topic_admin import TopicsUnfitError, create_topics

T = TypeVar("T")


def with_admin(servers: str, use: Callable[[AIOKafkaAdminClient], Awaitable[T]]) -> T:
    async def run() -> T:
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            return await use(admin)
        finally:
            await admin.close()

    return asyncio.run(run())


def configs(servers: str, topic: str) -> dict[str, str]:
    async def read(admin: AIOKafkaAdminClient) -> dict[str, str]:
        (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        return {entry[0]: entry[1] for entry in response.resources[0][4]}

    return with_admin(servers, read)


def partitions(servers: str, prefix: str) -> dict[str, int]:
    async def read(admin: AIOKafkaAdminClient) -> dict[str, int]:
        described = await admin.describe_topics()
        return {
            t["topic"].removeprefix(prefix): len(t["partitions"]) for t in described if t["topic"].startswith(prefix)
        }

    return with_admin(servers, read)


def test_topics_are_made_as_the_document_says(kafka: str, topic_prefix: str) -> None:
    reports = asyncio.run(create_topics(Connection(kafka), topic_prefix, replication_factor=1))
    assert [report.name for report in reports] == [topic_prefix + spec.name for spec in topics()]
    assert all(report.created for report in reports)
    assert partitions(kafka, topic_prefix) == {spec.name: spec.partitions for spec in topics()}
    for spec in topics():
        wanted = {**spec.config, "min.insync.replicas": "1"}  # one replica, so one is enough
        found = configs(kafka, topic_prefix + spec.name)
        assert {name: found[name] for name in wanted} == wanted, spec.name


def test_made_again_nothing_changes(kafka: str, topic_prefix: str) -> None:
    asyncio.run(create_topics(Connection(kafka), topic_prefix, partitions=2, replication_factor=1))
    again = asyncio.run(create_topics(Connection(kafka), topic_prefix, partitions=2, replication_factor=1))
    assert not any(report.created or report.differences for report in again)


def test_a_different_topic_is_reported_and_left_alone(kafka: str, topic_prefix: str) -> None:
    async def make_two(admin: AIOKafkaAdminClient) -> None:
        review = NewTopic(topic_prefix + names.REVIEW, 3, 1, topic_configs={"cleanup.policy": "delete"})
        await admin.create_topics([review])

    with_admin(kafka, make_two)
    reports = {
        r.name: r
        for r in asyncio.run(create_topics(Connection(kafka), topic_prefix, partitions=2, replication_factor=1))
    }
    review = reports.pop(topic_prefix + names.REVIEW)
    assert not review.created
    assert "has 3 partitions, not 2" in review.differences
    assert "cleanup.policy is delete, not compact" in review.differences
    assert all(report.created and not report.differences for report in reports.values())
    assert partitions(kafka, topic_prefix)[names.REVIEW] == 3
    assert configs(kafka, topic_prefix + names.REVIEW)["cleanup.policy"] == "delete"


def test_topics_that_must_be_alike_are_refused_before_any_is_made(kafka: str, topic_prefix: str) -> None:
    async def make_raw(admin: AIOKafkaAdminClient) -> None:
        await admin.create_topics([NewTopic(topic_prefix + names.RAW, 3, 1)])
        while topic_prefix + names.RAW not in await admin.list_topics():
            await asyncio.sleep(0.05)

    with_admin(kafka, make_raw)
    with pytest.raises(TopicsUnfitError, match=r"address\.raw\.v1 has 3 partitions, .*normaliser\.state\.v1 2"):
        asyncio.run(create_topics(Connection(kafka), topic_prefix, partitions=2, replication_factor=1))
    assert partitions(kafka, topic_prefix) == {names.RAW: 3}


def test_without_compaction_every_record_is_kept(kafka: str, topic_prefix: str) -> None:
    asyncio.run(
        create_topics(
            Connection(kafka),
            topic_prefix,
            partitions=1,
            replication_factor=1,
            compaction=False,
            overrides={"segment.ms": "60000"},
        )
    )
    for spec in topics():
        found = configs(kafka, topic_prefix + spec.name)
        assert found["cleanup.policy"] == "delete", spec.name
        assert found["segment.ms"] == "60000"
        assert found["retention.ms"] == ("-1" if spec.compacted else spec.config["retention.ms"])


def test_more_copies_than_brokers_is_an_error_that_says_so(kafka: str, topic_prefix: str) -> None:
    with pytest.raises(TopicsUnfitError, match="replication"):
        asyncio.run(create_topics(Connection(kafka), topic_prefix, partitions=1, replication_factor=100))


def test_no_broker_is_an_error() -> None:
    with pytest.raises(KafkaConnectionError):
        asyncio.run(create_topics(Connection("127.0.0.1:1"), "x."))


def send(servers: str, topic: str, value: bytes, compression: str | None = None) -> None:
    async def run() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=servers, max_request_size=16 * 1024 * 1024, compression_type=compression
        )
        await producer.start()
        try:
            await producer.send_and_wait(topic, value=value)
        finally:
            await producer.stop()

    asyncio.run(run())


def test_the_largest_raw_record_fits_into_the_dead_letters_however_it_was_packed(kafka: str, topic_prefix: str) -> None:
    """A record that only compression made small would stop the normaliser: it could neither read nor refuse it."""
    asyncio.run(create_topics(Connection(kafka), topic_prefix, partitions=1, replication_factor=1))
    raw, dead_letters = topic_prefix + names.RAW, topic_prefix + names.RAW_DEAD_LETTERS
    limit = {spec.name: int(spec.config["max.message.bytes"]) for spec in topics()}[names.RAW]
    send(kafka, raw, b"x" * (limit - 1000))
    send(kafka, dead_letters, b"x" * (limit + 100_000))
    bomb = b"x" * 5_000_000
    assert len(zlib.compress(bomb)) < limit / 10
    with pytest.raises(MessageSizeTooLargeError):
        send(kafka, raw, bomb, compression="gzip")


def test_the_command_makes_topics_once(kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    first = CliRunner().invoke(app, ["topics", "create", "--partitions", "2"])
    assert first.exit_code == 0, first.output
    assert f"{topic_prefix}{names.RAW}: created" in first.output
    assert f"{len(topics())} topics created, 0 were there" in first.output
    second = CliRunner().invoke(app, ["topics", "create", "--partitions", "2"])
    assert second.exit_code == 0, second.output
    assert second.output.strip() == f"0 topics created, {len(topics())} were there"
    other = CliRunner().invoke(app, ["topics", "create", "--partitions", "4"])
    assert other.exit_code == 0, other.output
    assert "has 2 partitions, not 4; left as it is" in other.output


def test_the_command_says_when_there_is_no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    refused = CliRunner().invoke(app, ["topics", "create"])
    assert refused.exit_code == 1
    assert "no answer from Kafka at 127.0.0.1:1" in refused.output
