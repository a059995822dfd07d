"""One operator's hostile file beside another's good one: what the good one waits for is bounded, in records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from services.intake.records import Record
from services.intake.submission import Progress, Submission, new_batch_id
from services.intake.table import Row
from services.intake.tracker_client import TrackerClient
from services.stream.metrics import Metrics
from services.stream.outputs import InputRecord, Outputs
from services.stream.service import StreamService
from services.stream.settings import read_settings
from services.stream.state import StateStore
from tests.hostile.records import RECORD_KINDS
from tests.hostile.through_kafka import hostile_records
from tests.stream.kafka_io import create_plain_topics, produce, read_committed
from tests.stream.pipeline import Pipeline, metric
from tests.stream.services import create_service_topics
from tests.stream.test_processor import Counting, until

SLOW_SECONDS = 0.03
MOST_IN_BATCH = 100
SLOW, GOOD = 1500, 300

HOSTILE_ROWS, GOOD_ROWS, IN_FLIGHT = 8000, 200, 1000


@dataclass
class SlowOnes(Counting):
    """Takes its time over each record of partition 0, and none over others; remembers partition and size of batches."""

    batches: list[tuple[int, int]] = field(default_factory=list)

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        if records[0].partition == 0:
            time.sleep(SLOW_SECONDS * len(records))
        self.batches.append((records[0].partition, len(records)))
        return super().process(records, state, out)


def test_slow_records_come_in_ever_smaller_batches_and_others_have_their_turn_between(
    kafka: str, topic_prefix: str
) -> None:
    names = [topic_prefix + name for name in ("in", "out", "state", "dlq", "batch.progress.v1")]
    asyncio.run(create_plain_topics(kafka, names, 2))
    settings = read_settings(kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix, max_batch_records=MOST_IN_BATCH)
    stage = SlowOnes()

    async def scenario() -> None:
        for partition, count in ((0, SLOW), (1, GOOD)):
            await produce(kafka, topic_prefix + "in", [(b"k", b"x", []) for _ in range(count)], partition)
        service, stop = StreamService(settings, stage, Metrics("counting")), asyncio.Event()
        running = asyncio.create_task(service.run(stop))

        async def good_is_done() -> bool:
            return sum(size for partition, size in stage.batches if partition == 1) == GOOD

        await until(good_is_done)
        stop.set()
        await running

    asyncio.run(scenario())
    sizes = [size for partition, size in stage.batches if partition == 0]
    last_good = max(nth for nth, (partition, _) in enumerate(stage.batches) if partition == 1)
    before = sum(size for partition, size in stage.batches[:last_good] if partition == 0)
    good_batches = sum(partition == 1 for partition, _ in stage.batches)
    print(f"{before} slow records, in batches of {sizes}, before the last of {GOOD} good ones in {good_batches}")
    # A full batch of slow records is over the budget of two seconds; none is as large again, but for the one that was
    # fetched ahead.
    assert sizes[0] == MOST_IN_BATCH
    assert all(size <= MOST_IN_BATCH // 2 for size in sizes[2:])
    # One thread does the work of all partitions, in turn: a good batch waits for one or two slow ones, not for all.
    assert before <= 2 * MOST_IN_BATCH + 2 * good_batches * MOST_IN_BATCH // 2 < SLOW


def hostile_rows() -> Iterator[Record]:
    """Poison and slow texts, as a producer of another make than ours would send them."""
    # A decision is no row, and no file holds one.
    rows = (sent for sent in hostile_records(1, 2 * HOSTILE_ROWS) if b"decided_by" not in (sent.value or b""))
    for number, sent in enumerate(islice(rows, HOSTILE_ROWS), 1):
        key = sent.key or b"other-post:x"
        yield Record(number, str(number), key, sent.value or b"", Row(number, None))


def good_rows() -> Iterator[Record]:
    for number in range(1, GOOD_ROWS + 1):
        address = f"Số nhà {number}, thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang"
        raw = {"source": "good-post", "source_record_id": str(number), "address": address}
        yield Record(number, str(number), b"good-post:%d" % number, orjson.dumps(raw), Row(number, None))


async def follow(progress: AsyncIterator[Progress], seen: list[Progress]) -> None:
    async for each in progress:
        seen.append(each)  # noqa: PERF401 - others look at it meanwhile


def test_a_good_batch_beside_a_hostile_one_is_complete_long_before_it(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    assert set(RECORD_KINDS) >= {"bytes", "JSON shapes", "addresses"}
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        tracker, *stages = [pipeline.start(name) for name in ("tracker", "normaliser", "registrar")]
        for worker in (tracker, *stages):
            worker.wait_ready()
        settings = read_settings(kafka_bootstrap_servers=kafka, topic_prefix=topic_prefix)
        hostile: list[Progress] = []
        good: list[Progress] = []

        async def scenario() -> None:
            client = TrackerClient(f"http://127.0.0.1:{tracker.port}")
            first, second = (
                Submission(settings, source, "file", client, batch_id=new_batch_id(), most_in_flight=IN_FLIGHT)
                for source in ("other-post", "good-post")
            )
            slow = asyncio.create_task(follow(first.run(hostile_rows()), hostile))
            while not hostile or hostile[-1].sent < 2 * IN_FLIGHT:
                await asyncio.sleep(0.01)
            await follow(second.run(good_rows()), good)
            at_good = hostile[-1]
            assert at_good.sent < HOSTILE_ROWS, "the hostile batch must still be on its way"
            print(f"the good batch complete: of the hostile one {at_good.accounted} of {HOSTILE_ROWS} accounted for")
            await slow

        asyncio.run(scenario())
        assert [metric(worker, "diachi_unexpected_failures_total") for worker in stages] == [0, 0]
        assert all(worker.running for worker in stages)
    # The good rows never stood behind more of the hostile batch than may be in flight.
    assert max(each.sent - each.accounted for each in hostile) <= IN_FLIGHT + IN_FLIGHT // 2
    last = good[-1].status
    assert last is not None
    assert last.outcomes == {"digitised": GOOD_ROWS}
    assert hostile[-1].complete
    assert sum(hostile[-1].status.outcomes.values()) == HOSTILE_ROWS  # type: ignore[union-attr]


def test_a_batch_of_nothing_but_poison_opens_no_breaker(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    """Ten times the breaker's window, all of it refused; then a good row comes through the same services."""
    asyncio.run(create_service_topics(kafka, topic_prefix, 1))
    poison = [(b"post:%d" % n, (b"{}", b"\xff", b"not JSON", b"[" * 2000)[n % 4], []) for n in range(10_000)]
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        worker = pipeline.start("normaliser")
        asyncio.run(produce(kafka, topic_prefix + "address.raw.v1", poison))
        good = next(good_rows())
        asyncio.run(produce(kafka, topic_prefix + "address.raw.v1", [(good.key, good.value, [])]))

        async def through() -> bool:
            return len(await read_committed(kafka, topic_prefix + "address.matched.v1")) == 1

        asyncio.run(until(through))
        assert worker.running
        assert metric(worker, "diachi_unexpected_failures_total") == 0
        letters = asyncio.run(read_committed(kafka, topic_prefix + "address.raw.v1.dlq"))
    assert len(letters) == len(poison)


def test_a_build_that_fails_on_good_records_stops_before_it_drains_them(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The real process with a fault of its own: the breaker ends it, and nothing of the batch is committed."""
    asyncio.run(create_service_topics(kafka, topic_prefix, 1))
    rows = [(row.key, row.value, []) for row in good_rows()]
    asyncio.run(produce(kafka, topic_prefix + "address.raw.v1", rows))
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import services.normaliser.stage as stage\n"
        "from services.cli.main import run\n"
        "def fail(*_):\n    raise RuntimeError('a fault')\n"
        "stage.submitted = fail\n"
        "run()\n"
    )
    (tmp_path / "logs").mkdir()
    with Pipeline(kafka, topic_prefix, tmp_path / "logs") as pipeline:
        worker = pipeline.start("normaliser", script=broken)
        assert worker.wait(60) == 1
        assert "failed unexpectedly" in pipeline.logs()
        assert asyncio.run(read_committed(kafka, topic_prefix + "address.raw.v1.dlq")) == []
        healthy = pipeline.start("normaliser")

        async def through() -> bool:
            return len(await read_committed(kafka, topic_prefix + "address.matched.v1")) == GOOD_ROWS

        healthy.wait_ready()
        asyncio.run(until(through))
