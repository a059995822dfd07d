"""Bare Kafka: the two hops of the pipeline with the domain work left out, as the limit to compare with.

The same topics, partitions, record sizes, headers and transactions (one producer for each input partition, both
changelogs, one progress event a transaction), plain loops, `orjson.loads` of the input, `orjson.dumps` of the output.
`python -m tests.bench.skeleton STAGE SERVERS PREFIX SHAPES` runs one of the stages until SIGTERM.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.stream.topics import BATCH_PROGRESS, MATCHED, NORMALISER_STATE, RAW, REGISTRAR_STATE
from tests.bench.shapes import Shape, read_shapes

INPUT = {"normaliser": RAW, "registrar": MATCHED}
STATE = {"normaliser": NORMALISER_STATE, "registrar": REGISTRAR_STATE}
PARTITIONS = 12
MOST_RECORDS = 1000
GATHER_SECONDS = 1.0
BATCH_BYTES = 512 * 1024


class Account:
    """How many records a stage has committed, and handed on to the other; kept in a file beside the shapes."""

    def __init__(self, shapes: Path, stage: str) -> None:
        self._file = _account(shapes, stage)
        self._taken = self._handed_on = 0

    def add(self, taken: int, handed_on: int) -> None:
        self._taken += taken
        self._handed_on += handed_on
        self._file.write_text(f"{self._taken} {self._handed_on}")


def read_account(shapes: Path, stage: str) -> tuple[int, int]:
    """What the stage's process has written last."""
    file = _account(shapes, stage)
    taken, handed_on = (file.read_text().split() or (0, 0)) if file.exists() else (0, 0)
    return int(taken), int(handed_on)


def _account(shapes: Path, stage: str) -> Path:
    return shapes.with_name(f"{stage}.account")


class Hop:
    """One input partition of one stage."""

    def __init__(
        self, stage: str, servers: str, prefix: str, shapes: list[Shape], account: Account, consumer: Any, tp: Any
    ) -> None:
        self._stage, self._prefix, self._account, self._consumer, self._tp = stage, prefix, account, consumer, tp
        self._shapes = cycle(shapes)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=servers,
            transactional_id=f"{prefix}bare-{stage}-{tp.partition}",
            max_batch_size=BATCH_BYTES,
            max_request_size=8 * 1024 * 1024,
        )
        self._group = f"{prefix}bare-{stage}"

    async def run(self) -> None:
        await self._producer.start()
        try:
            while True:
                records = await self._gather()
                if records:
                    await self._transact(records)
        finally:
            await self._producer.stop()

    async def _gather(self) -> list[Any]:
        """As many records as make a transaction, or those that came within a moment after the first."""
        loop, records, limit = asyncio.get_running_loop(), [], 0.0
        while len(records) < MOST_RECORDS:
            left = max(0.0, limit - loop.time()) if records else 0.5
            found = await self._consumer.getmany(
                self._tp, timeout_ms=int(left * 1000), max_records=MOST_RECORDS - len(records)
            )
            if records and not found and loop.time() >= limit:
                break
            if not records:
                limit = loop.time() + GATHER_SECONDS
            records += found.get(self._tp, [])
        return records

    async def _transact(self, records: Sequence[Any]) -> None:
        batches: dict[tuple[str, int], list[Any]] = {}
        steps: list[Any] = []
        producer, own, handed_on = self._producer, self._tp.partition, 0
        for number, record in enumerate(records, own):
            value, shape = orjson.loads(record.value), next(self._shapes)
            for topic, template, headers in shape.events:
                template["record_key"] = value.get("record_key")
                # What the registrar publishes of an area stays in one partition.
                partition = own if self._stage == "registrar" else number % PARTITIONS
                self._append(batches, topic, partition, record, template, headers)
                handed_on += topic == MATCHED
            for template in shape.states:
                self._append(batches, STATE[self._stage], own, record, template, [])
            steps += shape.steps
        if steps:
            self._append(batches, BATCH_PROGRESS, 0, records[-1], {"transitions": steps}, [*records[-1].headers])
        await producer.begin_transaction()
        futures = [
            await producer.send_batch(builder, self._prefix + topic, partition=partition)
            for (topic, partition), builders in batches.items()
            for builder in builders
        ]
        # Not at the same time as the offsets: the broker verifies both with the coordinator, and refuses one of them.
        await asyncio.gather(*futures)
        await producer.send_offsets_to_transaction({self._tp: records[-1].offset + 1}, self._group)
        await producer.commit_transaction()
        self._account.add(len(records), handed_on)

    def _append(self, batches: Any, topic: str, partition: int, cause: Any, value: Any, headers: Any) -> None:
        builders = batches.get((topic, partition))
        if builders is None:
            builders = batches[topic, partition] = [self._producer.create_batch()]
        data = orjson.dumps(value)
        if builders[-1].append(timestamp=cause.timestamp, key=cause.key, value=data, headers=headers) is None:
            builders.append(self._producer.create_batch())
            builders[-1].append(timestamp=cause.timestamp, key=cause.key, value=data, headers=headers)


async def run(stage: str, servers: str, prefix: str, shapes: Path) -> None:
    """All partitions of a stage, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    consumer = AIOKafkaConsumer(
        prefix + INPUT[stage],
        bootstrap_servers=servers,
        group_id=f"{prefix}bare-{stage}",
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    while not consumer.assignment():
        await asyncio.sleep(0.05)
    known, account = read_shapes(shapes)[stage], Account(shapes, stage)
    gc.freeze()
    hops = [Hop(stage, servers, prefix, known, account, consumer, tp) for tp in consumer.assignment()]
    tasks = [asyncio.create_task(hop.run()) for hop in hops]
    print("ready", flush=True)
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await consumer.stop()


if __name__ == "__main__":
    stage_name, servers, prefix, file = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(stage_name, servers, prefix, Path(file)))
