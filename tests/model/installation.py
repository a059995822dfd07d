"""One installation for all runs: normaliser and registrar in this process, the tracker as its own, on Apache Kafka.

The two stages are the real ones over real sockets; they fail on marked records the first time, as a bad release would.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from schemas.batch import BatchClosed, BatchOpened
from schemas.codec import encode
from schemas.matched import MatchedAddress
from services.address.core import AddressCore
from services.normaliser.change import Change
from services.normaliser.reading import Refusal
from services.normaliser.stage import Normaliser
from services.registrar import stage as registrar_stage
from services.registrar.registry import Registry
from services.registrar.rules import Registration
from services.registrar.stage import Registrar
from services.stream import topics
from services.stream.committed import committed_offset
from services.stream.connection import connection_of
from services.stream.envelope import Headers, header
from services.stream.metrics import Metrics
from services.stream.outputs import InputRecord, Outputs
from services.stream.processor import Stage
from services.stream.replay import replay_of
from services.stream.reprocess import Reprocessing, RunProgress, Standing
from services.stream.service import StreamService
from services.stream.settings import read_settings
from services.stream.state import StateStore
from services.stream.transaction import Partitioner
from tests.model import ground
from tests.model.wording import is_as_meant
from tests.model.words import Place, Words
from tests.stream.kafka_io import arguments
from tests.stream.pipeline import Pipeline
from tests.stream.services import create_service_topics

PARTITIONS = 2
POISON = "trial-poison"
_TRACES = {b"dead01": "everything", b"dead02": "register", b"dead03": "release"}
_AT = "2025-11-24T08:00:00Z"
_WAIT_SECONDS = 60
# Districts beyond two for each run: of some names the core makes something else, and criers need their own.
_SPARE = 20
T = TypeVar("T")


def trace(frail: str, number: int) -> Headers:
    """Headers whose trace makes the registrar fail at first; traces go on from topic to topic."""
    marks = {name: mark for mark, name in _TRACES.items()}
    begin = marks.get(frail, b"a11c1e")
    return [("traceparent", b"00-%b%026x-%016x-01" % (begin, number + 1, number + 1))]


class FrailNormaliser(Normaliser):
    """Fails on marked records until they are put back."""

    def _change(self, record: InputRecord, *args: Any) -> Change | Refusal | None:
        _fail_on_marked(record)
        return super()._change(record, *args)

    def _run_again(self, record: InputRecord, *args: Any) -> Change | Refusal | None:
        _fail_on_marked(record)
        return super()._run_again(record, *args)


def _fail_on_marked(record: InputRecord) -> None:
    if header(record.headers, POISON) is not None and replay_of(record.headers) is None:
        raise RuntimeError("a bad release")


class FrailRegistrar(Registrar):
    """Fails on events of marked traces until they are put back."""

    def _process_one(self, record: InputRecord, state: StateStore, out: Outputs) -> bool:
        found = header(record.headers, "traceparent")
        fails = _TRACES.get(found[3:9], "nothing") if found and replay_of(record.headers) is None else "nothing"
        apply = registrar_stage._apply

        def maybe(registry: Registry, event: MatchedAddress) -> Registration | None:
            if fails in ("everything", event.action.value):
                raise RuntimeError("a bad release")
            return apply(registry, event)

        with mock.patch.object(registrar_stage, "_apply", maybe):
            return super()._process_one(record, state, out)


class ReprocessingOfOneRun(Reprocessing):
    """The real one, but that it leaves the records of earlier runs alone: there are ever more of them."""

    begin = b""

    def _sort(self, standings: dict[bytes, tuple[int, Standing]]) -> None:
        super()._sort({key: one for key, one in standings.items() if self.begin in key})


class Tail:
    """What an independent reader sees of the topics, committed records only. `log` keeps every record of raw, the dead
    letters and their marks; `latest` the last one of each key."""

    LOGS = (topics.RAW, topics.RAW_DEAD_LETTERS, topics.MATCHED_DEAD_LETTERS, topics.HANDLED_LETTERS)
    TABLES = (
        topics.REVIEW,
        topics.DIGITISED,
        topics.MAP_FEATURE,
        topics.NATIONAL,
        topics.BATCH_STATUS,
        topics.REGISTRAR_STATE,
    )

    def __init__(self, servers: str, prefix: str) -> None:
        self._prefix = prefix
        self._reader = AIOKafkaConsumer(
            **arguments(servers), isolation_level="read_committed", enable_auto_commit=False, fetch_max_wait_ms=20
        )
        self._ends = AIOKafkaConsumer(**arguments(servers), isolation_level="read_uncommitted")
        self._partitions = [
            TopicPartition(prefix + topic, number)
            for topic in (*self.LOGS, *self.TABLES)
            for number in range(PARTITIONS)
        ]
        self.log: dict[str, list[ConsumerRecord]] = {topic: [] for topic in self.LOGS}
        self.latest: dict[str, dict[bytes, bytes]] = {topic: {} for topic in self.TABLES}

    async def start(self) -> None:
        await self._reader.start()
        await self._ends.start()
        self._reader.assign(self._partitions)
        await self._reader.seek_to_beginning(*self._partitions)

    async def stop(self) -> None:
        await self._reader.stop()
        await self._ends.stop()

    async def catch_up(self) -> None:
        """Read what is there now, also what is committed and not marked as such yet."""
        ends = await self._ends.end_offsets(self._partitions)
        deadline = time.monotonic() + _WAIT_SECONDS
        while [tp for tp in self._partitions if await self._reader.position(tp) < ends[tp]]:
            assert time.monotonic() < deadline, "a transaction stays open"
            await self.read()

    async def read(self) -> None:
        """Read what comes within a moment."""
        for tp, records in (await self._reader.getmany(timeout_ms=20)).items():
            topic = tp.topic.removeprefix(self._prefix)
            if topic in self.log:
                self.log[topic] += records
                continue
            for record in records:
                if record.value is None:
                    self.latest[topic].pop(record.key, None)
                else:
                    self.latest[topic][record.key] = record.value


class Installation:
    """The services, and one way to wait until they have done all that they were asked."""

    def __init__(self, servers: str, prefix: str, runs: int) -> None:
        self.servers, self.prefix = servers, prefix
        districts = ground.districts((2 * runs + _SPARE) * 3 // 2)
        self.editions = [ground.Edition(number, districts) for number in range(len(ground.DAYS))]
        self._cores = [AddressCore(ground.gazetteer(number, districts)) for number in range(len(ground.DAYS))]
        self._districts = iter(districts)
        self.edition = 0
        self._partitioner = Partitioner()
        # Records that go ahead of all others to each partition of matched, to tell that those before are through.
        self._criers = [self._crier(number) for number in range(PARTITIONS)]
        self._settings = read_settings(
            kafka_bootstrap_servers=servers,
            topic_prefix=prefix,
            fetch_wait_ms=20,
            gather_ms=0,
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            breaker_share=1.0,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._running: dict[str, tuple[asyncio.Event, Future[None]]] = {}
        self._count = 0
        self._last_raw: dict[int, int] = {}
        self._producer: AIOKafkaProducer | None = None
        self._tail: Tail | None = None

    @property
    def tail(self) -> Tail:
        assert self._tail is not None
        return self._tail

    def take_district(self) -> ground.District:
        """One that nobody used before, whose plain texts the address core reads as they are meant: it is not what is
        tested here."""
        return next(one for one in self._districts if is_as_meant(one, self.editions, self._cores))

    def _crier(self, partition: int) -> Place:
        places = (self.take_district().place(0, "untouched") for _ in range(_SPARE))
        return next(place for place in places if self.partition(place.area) == partition)

    def number(self) -> int:
        """A number that was not given out before."""
        self._count += 1
        return self._count

    def partition(self, key: str) -> int:
        return self._partitioner.partition(key.encode(), PARTITIONS)

    def key_in(self, partition: int, begin: str) -> str:
        """A key that begins so, and falls into that partition."""
        return next(key for n in range(1000) if self.partition(key := f"{begin}{n}") == partition)

    def start(self) -> None:
        self._thread.start()
        self.run(self._start())
        for stage in ("normaliser", "registrar"):
            self.start_stage(stage)

    async def _start(self) -> None:
        await create_service_topics(self.servers, self.prefix, PARTITIONS)
        self._producer = AIOKafkaProducer(**arguments(self.servers), enable_idempotence=True)
        await self._producer.start()
        self._tail = Tail(self.servers, self.prefix)
        await self._tail.start()

    def stop(self) -> None:
        for stage in list(self._running):
            self.stop_stage(stage)
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        assert self._producer is not None
        await self._producer.stop()
        await self.tail.stop()

    def start_stage(self, name: str) -> None:
        core = self._cores[self.edition]
        stage: Stage = (
            FrailNormaliser(core, self._settings.max_record_bytes) if name == "normaliser" else FrailRegistrar()
        )

        async def begin() -> asyncio.Event:
            return asyncio.Event()

        stop = self.run(begin())
        service = StreamService(self._settings, stage, Metrics(name))
        running = asyncio.run_coroutine_threadsafe(service.run(stop), self._loop)
        self._running[name] = stop, running

    def stop_stage(self, name: str) -> None:
        stop, running = self._running.pop(name)
        self._loop.call_soon_threadsafe(stop.set)
        running.result(_WAIT_SECONDS)

    def move_to(self, edition: int) -> None:
        """Go on with the gazetteer of another edition, when all that was sent is read with this one."""
        self.run(self._all_read())
        self.stop_stage("normaliser")
        self.edition = edition
        self.start_stage("normaliser")

    async def _all_read(self) -> None:
        connection, group = connection_of(self._settings), f"{self.prefix}normaliser"
        deadline = time.monotonic() + _WAIT_SECONDS
        for number, last in self._last_raw.items():
            place = TopicPartition(self.prefix + topics.RAW, number)
            while (await committed_offset(connection, group, place) or 0) <= last:
                assert time.monotonic() < deadline, f"not through after {_WAIT_SECONDS} s: {self._ended()}"

    def reprocess(self, begin: str, meanwhile: Callable[[], None], *, again: bool) -> RunProgress:
        """What `diachi reprocess` does, for the records whose ids begin so; `meanwhile` happens after it has read how
        they stand, and before it asks for any."""
        running = ReprocessingOfOneRun(self._settings, self.version(self.edition), again=again, stall=_WAIT_SECONDS)
        running.begin = begin.encode()
        steps = running.run()

        async def first() -> None:
            await anext(steps)

        async def others() -> None:
            async for _ in steps:
                pass

        self.run(first())
        meanwhile()
        self.run(others())
        assert running.progress.complete, running.progress
        return running.progress

    def version(self, edition: int) -> str:
        """Of the gazetteer of an edition."""
        return self._cores[edition].version

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * _WAIT_SECONDS)

    def send(self, topic: str, key: str, value: bytes | None, headers: Headers = ()) -> int:  # type: ignore[assignment]
        """The offset at which a record stands, in the partition of its key."""
        assert self._producer is not None
        sent = self.run(self._producer.send_and_wait(self.prefix + topic, value, key.encode(), headers=list(headers)))
        if topic == topics.RAW:
            self._last_raw[sent.partition] = sent.offset
        return int(sent.offset)

    def open_batch(self, batch: str) -> None:
        self.send(topics.BATCH_PROGRESS, batch, encode(BatchOpened(batch, "trial", _AT)))

    def close_batch(self, batch: str, rows: int) -> None:
        self.send(topics.BATCH_PROGRESS, batch, encode(BatchClosed(batch, rows, _AT)))

    def settle(self, raw: Any) -> None:
        """Wait until all that was sent is through, and read what came of it.

        A crier is a new record from each partition of raw to each of matched, of a batch in each partition of progress:
        it comes behind everything else, and its batch is complete when the tracker has counted all before it.
        """
        batches = []
        for progress in range(PARTITIONS):
            batch = self.key_in(progress, f"crier-{self.number()}-")
            line = 0
            for start in range(PARTITIONS):
                for place in self._criers:
                    line += 1
                    key = self.key_in(start, f"crier:{self.number()}-")
                    self.send(topics.RAW, key, *raw(key, Words(place, "village", 1, None), (batch, line)))
            self.close_batch(batch, line)
            batches.append(batch.encode())
        self.run(self._wait(batches))

    async def _wait(self, batches: Sequence[bytes]) -> None:
        statuses = self.tail.latest[topics.BATCH_STATUS]
        deadline = time.monotonic() + _WAIT_SECONDS
        while not all(b'"state":"complete"' in statuses.get(batch, b"") for batch in batches):
            assert time.monotonic() < deadline, f"not through after {_WAIT_SECONDS} s: {self._ended()}"
            await self.tail.read()
        await self.tail.catch_up()

    def _ended(self) -> str:
        return ", ".join(f"{name}: {running}" for name, (_, running) in self._running.items() if running.done())


@contextmanager
def installation(servers: str, prefix: str, logs: Path, runs: int) -> Iterator[Installation]:
    """An installation that is up, with ground for so many runs; it is gone when the context ends."""
    made = Installation(servers, prefix, runs)
    made.start()
    try:
        with Pipeline(servers, prefix, logs) as pipeline:
            pipeline.start("tracker").wait_ready()
            yield made
    finally:
        made.stop()
