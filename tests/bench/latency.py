"""How long a single record takes from `address.raw.v1` to `address.national.v1` while little else comes."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.address.identity import address_id
from services.stream.topics import NATIONAL, RAW
from tests.bench.records import raw_records
from tests.bench.through_kafka import PREFIX, topics_on_a_broker
from tests.stream.pipeline import Pipeline

_WARM_UP = 500
_LIMIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the moment a record is handed to the producer until a read-committed reader has its result."""

    records: int
    rate: float
    p50_ms: float
    p99_ms: float


def single_records(count: int, rate: float) -> Latency:
    """`count` records, `rate` a second, after some to warm up; those that go to review are not counted."""
    raw = [(record.key, record.value) for record in raw_records(count + _WARM_UP)]
    with (
        topics_on_a_broker() as (servers, _),
        tempfile.TemporaryDirectory() as folder,
        Pipeline(servers, PREFIX, Path(folder)) as services,
    ):
        for worker in [services.start("normaliser"), services.start("registrar")]:
            worker.wait_ready()
        sent, seen = asyncio.run(_run(servers, raw, rate))
    known = {address_id(key.decode()): moment for key, moment in sent.items()}
    late = [address_id(key.decode()) for key, _ in raw[_WARM_UP:]]
    taken = sorted((seen[one] - known[one]) * 1000 for one in late if one in seen)
    return Latency(len(taken), rate, taken[len(taken) // 2], taken[len(taken) * 99 // 100])


async def _run(
    servers: str, raw: list[tuple[bytes, bytes]], rate: float
) -> tuple[dict[bytes, float], dict[str, float]]:
    seen: dict[str, float] = {}
    consumer = AIOKafkaConsumer(
        PREFIX + NATIONAL,
        bootstrap_servers=servers,
        group_id=f"bench-{uuid4().hex}",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    reading = asyncio.create_task(_read(consumer, seen))
    try:
        sent = await _send(servers, raw, rate)
        quiet_since, count = time.monotonic(), -1
        while time.monotonic() - quiet_since < 3 and time.monotonic() - max(sent.values()) < _LIMIT_SECONDS:
            if len(seen) != count:
                quiet_since, count = time.monotonic(), len(seen)
            await asyncio.sleep(0.1)
    finally:
        reading.cancel()
        await consumer.stop()
    return sent, seen


async def _send(servers: str, raw: list[tuple[bytes, bytes]], rate: float) -> dict[bytes, float]:
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True)
    await producer.start()
    sent: dict[bytes, float] = {}
    started = time.monotonic()
    try:
        for number, (key, value) in enumerate(raw):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            sent[key] = time.monotonic()
            await producer.send(PREFIX + RAW, value, key=key)
    finally:
        await producer.stop()
    return sent


async def _read(consumer: AIOKafkaConsumer, seen: dict[str, float]) -> None:
    async for record in consumer:
        if record.value is not None:
            seen.setdefault(orjson.loads(record.value)["address_id"], time.monotonic())
