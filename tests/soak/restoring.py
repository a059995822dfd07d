"""How long a worker needs to read its state back, by 100,000 addresses."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from services.stream.connection import Connection
from services.stream.restore import restore
from services.stream.state import MemoryStore
from services.stream.topics import NORMALISER_STATE, REGISTRAR_STATE
from tests.hostile.stages import BATCH, InProcess
from tests.soak.memory import new
from tests.stream.kafka_io import create_plain_topics

# Of new addresses, those that one of the stages keeps at the least.
_LEAST_SHARE = 0.9
_STAGES = {"normaliser": NORMALISER_STATE, "registrar": REGISTRAR_STATE}


@dataclass(frozen=True, slots=True)
class Restored:
    """One stage's changelog of `addresses`, read back whole from one partition."""

    stage: str
    addresses: int
    records: int
    seconds: float
    cpu_seconds: float

    def faults(self) -> list[str]:
        """What was not as it must be: that all came back as it was is seen to before."""
        return [] if self.records >= self.addresses * _LEAST_SHARE else [f"only {self.records:,} records came back"]

    def __str__(self) -> str:
        part = self.addresses / 100_000
        return (
            f"restore of the {self.stage}: {self.records:,} records of {self.addresses:,} addresses, "
            f"{self.seconds / part:.1f} s per 100,000 addresses ({self.cpu_seconds / part:.1f} s of CPU)"
        )


def restoring(servers: str, prefix: str, addresses: int) -> list[Restored]:
    """Write what the stages keep of so many new addresses to changelogs, and read them back."""
    stages, source = InProcess(), new()
    for _ in range(addresses // BATCH):
        stages.feed(islice(source, BATCH), rows=False, check=False)
    return [asyncio.run(_restored(servers, prefix, name, stages.state(name), addresses)) for name in _STAGES]


async def _restored(servers: str, prefix: str, stage: str, state: dict[bytes, bytes], addresses: int) -> Restored:
    topic = prefix + _STAGES[stage]
    await create_plain_topics(servers, [topic], 1)
    await _write(servers, topic, state)
    store = MemoryStore()
    started, cpu = time.monotonic(), time.process_time()
    read = await restore(Connection(servers), TopicPartition(topic, 0), store)
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu
    assert len(store) == len(state) == read
    assert all(store.get(key) == value for key, value in state.items())
    return Restored(stage, addresses, read, seconds, cpu_seconds)


async def _write(servers: str, topic: str, state: dict[bytes, bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=servers, max_batch_size=512 * 1024)
    await producer.start()
    try:
        builder: Any = producer.create_batch()
        for key, value in state.items():
            if builder.append(timestamp=None, key=key, value=value) is None:
                await producer.send_batch(builder, topic, partition=0)
                builder = producer.create_batch()
                builder.append(timestamp=None, key=key, value=value)
        await (await producer.send_batch(builder, topic, partition=0))
        await producer.flush()
    finally:
        await producer.stop()
