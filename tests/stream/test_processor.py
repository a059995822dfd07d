"""Exactly-once, shown with a stage that counts: its outputs and its state must both say each record once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from schemas.dead_letter import DeadLetterCode
from services.stream import processor
from services.stream import service as service_module
from services.stream.breaker import TooManyFailuresError
from services.stream.connection import Connection, connection_of
from services.stream.metrics import Metrics
from services.stream.outputs import InputRecord, Outputs
from services.stream.restore import restore
from services.stream.service import StreamService
from services.stream.settings import Settings, read_settings
from services.stream.state import MemoryStore, StateStore
from tests.stream.kafka_io import create_plain_topics, produce, read_committed
from tests.stream.unreadable import spoil

KEYS = 50
PARTITIONS = 3
SESSION_MS = 6000


class Counting:
    """Counts the records of each key in its state, and publishes every count."""

    name = "counting"
    input_topic = "in"
    state_topic = "state"
    dead_letter_topic = "dlq"

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        for record in records:
            key = record.key or b""
            count = b"%d" % (int(state.get(key) or 0) + 1)
            state.put(key, count)
            out.publish("out", key, count, record)
        return 0

    def set_aside(self, record: InputRecord, detail: str, out: Outputs) -> None:
        out.dead_letter(record, DeadLetterCode.UNEXPECTED, detail)


class Oversized(Counting):
    """Publishes what the broker refuses: in the fourth batch, once; and, each time, for a record that says so."""

    def __init__(self) -> None:
        self.batches = 0

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        super().process(records, state, out)
        self.batches += 1
        poison = [record for record in records if record.value == b"poison"]
        if self.batches == 4 or poison:
            out.publish("out", b"large", b"x" * 20_000_000, (poison or records)[0])
        return 0


class Slow(Counting):
    """Takes longer over its first batch than a session lasts."""

    def __init__(self) -> None:
        self.slept = False

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        if not self.slept:
            self.slept = True
            time.sleep(SESSION_MS / 1000 * 1.5)
        return super().process(records, state, out)


class Failing(Counting):
    """A bad deployment: it fails on every record."""

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        for record in records:
            out.dead_letter(record, DeadLetterCode.UNEXPECTED, "it failed")
        return len(records)


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    names = [topic_prefix + name for name in ("in", "out", "state", "dlq", "batch.progress.v1")]
    asyncio.run(create_plain_topics(kafka, names, PARTITIONS))
    return read_settings(
        kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix, max_batch_records=100, session_timeout_ms=SESSION_MS
    )


async def send(settings: Settings, count: int) -> None:
    rows = [(b"k%d" % (number % KEYS), b"x", []) for number in range(count)]
    await produce(settings.kafka_bootstrap_servers, settings.topic_prefix + "in", rows)


@asynccontextmanager
async def running(settings: Settings, stage: Counting) -> AsyncIterator[tuple[StreamService, Metrics]]:
    metrics = Metrics(stage.name)
    service = StreamService(settings, stage, metrics)
    stop = asyncio.Event()
    task = asyncio.create_task(service.run(stop))
    try:
        yield service, metrics
    finally:
        stop.set()
        await task


async def outputs(settings: Settings) -> list[tuple[bytes, int]]:
    found = await read_committed(settings.kafka_bootstrap_servers, settings.topic_prefix + "out")
    ids = Counter(dict(record.headers)["ce_id"] for record in found)
    assert not ids or max(ids.values()) == 1, "an event was published twice"
    return [(record.key, int(record.value)) for record in found]


async def until(done: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await done():
            await asyncio.sleep(0.2)


async def drained(settings: Settings, count: int) -> None:
    async def all_there() -> bool:
        return len(await outputs(settings)) >= count

    await until(all_there)


def assert_each_once(found: list[tuple[bytes, int]], count: int) -> None:
    expected = [(b"k%d" % (number % KEYS), number // KEYS + 1) for number in range(count)]
    assert sorted(found) == sorted(expected)


def test_a_restart_goes_on_where_it_stopped(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 2000)
        async with running(settings, Counting()):
            await drained(settings, 2000)
        await send(settings, 500)
        async with running(settings, Counting()) as (service, _):
            await drained(settings, 2500)
            assert service.ready
        found = await outputs(settings)
        expected = Counter(key for key, _ in found)
        assert {key: max(count for other, count in found if other == key) for key in expected} == expected
        assert len(found) == 2500

    asyncio.run(scenario())


def test_an_aborted_batch_leaves_no_trace_in_outputs_or_state(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 1000)
        async with running(settings, Oversized()) as (_, metrics):
            await drained(settings, 1000)
            assert metrics.aborted.labels("counting")._value.get() >= 1
        assert_each_once(await outputs(settings), 1000)

    asyncio.run(scenario())


def test_a_record_whose_outputs_the_broker_refuses_does_not_block_its_partition(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 300)
        await produce(settings.kafka_bootstrap_servers, settings.topic_prefix + "in", [(b"k7", b"poison", [])])
        await send(settings, 300)
        async with running(settings, Oversized()):
            await drained(settings, 600)
        assert_each_once(await outputs(settings), 600)
        (letter,) = await read_committed(settings.kafka_bootstrap_servers, settings.topic_prefix + "dlq")
        assert (letter.key, letter.value) == (b"k7", b"poison")

    asyncio.run(scenario())


async def send_broken_header(settings: Settings) -> None:
    """A record batch of 21 records, of which one has a header whose name is not UTF-8; no client would make it."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await producer.start()
    try:
        batch = producer.create_batch()
        for number in range(21):
            batch.append(timestamp=1, key=b"k0", value=b"x", headers=[("NAME", b"v")] if number == 10 else [])
        spoil(batch)
        await (await producer.send_batch(batch, settings.topic_prefix + "in", partition=0))
    finally:
        await producer.stop()


def test_a_header_name_that_is_not_utf8_is_put_aside_and_the_records_around_it_come_through(
    settings: Settings,
) -> None:
    async def scenario() -> None:
        await send_broken_header(settings)
        async with running(settings, Counting()) as (service, _):
            await produce(settings.kafka_bootstrap_servers, settings.topic_prefix + "in", [(b"k1", b"x", [])], 0)
            await drained(settings, 11)
            assert service.alive
        assert sorted(await outputs(settings)) == [*((b"k0", count) for count in range(1, 11)), (b"k1", 1)]
        letters = await read_committed(settings.kafka_bootstrap_servers, settings.topic_prefix + "dlq")
        headers = [dict(letter.headers) for letter in letters]
        assert {each["dlq-error-code"] for each in headers} == {b"input.unreadable_header"}
        # The broken record, and those behind it in its batch.
        assert sorted(int(each["dlq-offset"]) for each in headers) == list(range(10, 21))

    asyncio.run(scenario())


def test_a_batch_slower_than_the_session_loses_no_partition(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 500)
        async with running(settings, Slow()) as (_, one), running(settings, Counting()) as (_, other):
            await drained(settings, 500)
            assert one.partitions_lost.labels("counting")._value.get() == 0
            assert other.partitions_lost.labels("counting")._value.get() == 0
        assert_each_once(await outputs(settings), 500)

    asyncio.run(scenario())


@pytest.fixture
def slow_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slowly(connection: Connection, changelog: TopicPartition, store: StateStore) -> int:
        await asyncio.sleep(SESSION_MS / 1000 * 1.2)
        return await restore(connection, changelog, store)

    monkeypatch.setattr(processor, "restore", slowly)


@pytest.mark.usefixtures("slow_restore")
def test_a_partition_lost_while_others_restore_comes_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    start = processor.PartitionProcessor.start
    failed: list[object] = []

    async def failing_once(self: processor.PartitionProcessor) -> None:
        if not failed:
            failed.append(self)
            raise KafkaError("no coordinator")
        await start(self)

    monkeypatch.setattr(processor.PartitionProcessor, "start", failing_once)

    async def scenario() -> None:
        await send(settings, 500)
        async with running(settings, Counting()) as (service, metrics):
            await drained(settings, 500)
            assert metrics.partitions_lost.labels("counting")._value.get() == 1
            assert service.ready
        assert_each_once(await outputs(settings), 500)

    asyncio.run(scenario())


@pytest.mark.usefixtures("slow_restore")
def test_two_workers_that_restore_for_longer_than_a_session_do_not_disturb_each_other_for_ever(
    settings: Settings,
) -> None:
    async def scenario() -> None:
        await send(settings, 500)
        async with running(settings, Counting()) as (one, _):
            await asyncio.sleep(2)
            async with running(settings, Counting()) as (other, _):

                async def both_ready() -> bool:
                    return one.ready and other.ready

                await until(both_ready)
                await drained(settings, 500)
        assert_each_once(await outputs(settings), 500)

    asyncio.run(scenario())


@pytest.mark.parametrize("gather_ms", [0, 5000])
def test_records_that_come_in_numbers_are_gathered_into_few_transactions(settings: Settings, gather_ms: int) -> None:
    steps, each = 25, 60

    async def scenario() -> None:
        gathering = replace(settings, gather_ms=gather_ms, max_batch_records=1000)
        async with running(gathering, Counting()) as (service, metrics):
            for step in range(steps):
                await send(gathering, each)
                if gather_ms == 0:
                    await drained(gathering, each * (step + 1))
            await drained(gathering, steps * each)
            transactions = metrics.registry.get_sample_value("diachi_batch_records_count", {"stage": "counting"})
            assert service.ready
        found = await outputs(gathering)
        assert len(found) == steps * each
        assert transactions is not None
        if gather_ms:
            assert transactions < steps
        else:
            assert transactions >= steps

    asyncio.run(scenario())


class Held(Counting):
    """Once told to, waits in the middle of a batch until it may go on."""

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.waits = threading.Event()
        self.go_on = threading.Event()

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        if self.hold.is_set():
            self.waits.set()
            assert self.go_on.wait(60)
        return super().process(records, state, out)


def test_partitions_that_wait_for_their_turn_hold_few_records(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_GATHERING", 1)
    monkeypatch.setattr(processor, "_MANY", 1)

    async def scenario() -> None:
        stage = Held()
        async with running(settings, stage) as (service, _):
            await send(settings, 300)  # from here on every partition expects many
            await drained(settings, 300)
            stage.hold.set()
            await send(settings, 900)

            async def all_wait() -> bool:
                return stage.waits.is_set() and all(each._in_hand or each._fetched for each in service._running)

            await until(all_wait)
            await asyncio.sleep(0.5)
            in_work = [each for each in service._running if each._in_hand]
            fetched = [each._fetched for each in service._running]
            assert len(in_work) == 1
            assert max(fetched) <= 1
            stage.go_on.set()
            await drained(settings, 1200)
        assert_each_once(await outputs(settings), 1200)

    asyncio.run(scenario())


def test_an_aborted_batch_gives_its_turn_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "_GATHERING", 1)

    async def scenario() -> None:
        await send(settings, 1500)
        async with running(settings, Oversized()) as (_, metrics):
            await drained(settings, 1500)
            assert metrics.registry.get_sample_value("diachi_transactions_aborted_total", {"stage": "counting"})
        assert_each_once(await outputs(settings), 1500)

    asyncio.run(scenario())


def test_the_state_equals_the_changelog_and_the_outputs(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 1000)
        async with running(settings, Counting()):
            await drained(settings, 1000)
        last = dict(sorted(await outputs(settings), key=lambda pair: pair[1]))
        restored: dict[bytes, int] = {}
        for number in range(PARTITIONS):
            store = MemoryStore()
            changelog = TopicPartition(settings.topic_prefix + "state", number)
            await restore(connection_of(settings), changelog, store)
            restored |= {key: int(store.get(key) or 0) for key in last if store.get(key) is not None}
        assert restored == last

    asyncio.run(scenario())


def test_a_fenced_partition_is_given_up_and_taken_up_again_by_assignment(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 500)
        async with running(settings, Counting()) as (service, metrics):
            await drained(settings, 500)
            intruder = AIOKafkaProducer(
                bootstrap_servers=settings.kafka_bootstrap_servers,
                transactional_id=f"{settings.topic_prefix}counting-in-0",
            )
            await intruder.start()
            await intruder.stop()
            await send(settings, 500)
            await drained(settings, 1000)
            assert metrics.partitions_lost.labels("counting")._value.get() >= 1
            assert service.alive
        found = await outputs(settings)
        assert Counter(key for key, _ in found) == {b"k%d" % number: 20 for number in range(KEYS)}
        assert sorted(count for key, count in found if key == b"k0") == list(range(1, 21))

    asyncio.run(scenario())


def test_a_second_worker_takes_over_partitions_and_state(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 1000)
        async with running(settings, Counting()) as (first, _):
            await drained(settings, 300)
            async with running(settings, Counting()) as (second, metrics):
                await send(settings, 1000)

                async def both_work() -> bool:
                    return first.ready and second.ready and metrics.partitions.labels("counting")._value.get() > 0

                await until(both_work)
                await drained(settings, 2000)
        assert sorted(count for key, count in await outputs(settings) if key == b"k7") == list(range(1, 41))
        assert len(await outputs(settings)) == 2000

    asyncio.run(scenario())


def test_too_many_unexpected_failures_stop_the_service_before_it_drains_the_topic(settings: Settings) -> None:
    async def scenario() -> None:
        await send(settings, 1000)
        stop = asyncio.Event()
        service = StreamService(settings, Failing(), Metrics("counting"))
        with pytest.raises(TooManyFailuresError, match="failed unexpectedly"):
            await asyncio.wait_for(service.run(stop), 60)
        assert not service.alive
        assert await read_committed(settings.kafka_bootstrap_servers, settings.topic_prefix + "dlq") == []

    asyncio.run(scenario())
