"""The tracker against a real broker: killed in the middle, its totals are still right."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from schemas.batch import BatchClosed, BatchOpened, BatchStatus, BatchTransitions, Transition
from schemas.codec import decode, encode
from schemas.outcome import Outcome
from services.stream.envelope import Headers
from services.stream.topics import BATCH_PROGRESS, BATCH_STATUS
from services.tracker.exactly_once import EXIT_GAVE_UP
from tests.stream.kafka_io import create_plain_topics, produce, read_committed
from tests.stream.tracker_process import Tracker, free_url

AT = "2026-01-02T03:04:05.678Z"
PARTITIONS = 3
REASON = {Outcome.REVIEW: "commune.misspelt", Outcome.DEAD_LETTER: "input.schema"}


@dataclass
class Feed:
    """Plays intake and both stages: batches of rows whose outcomes are told in transactions, some of them aborted."""

    servers: str
    topic: str
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    expected: dict[str, dict[str, int]] = field(default_factory=dict)
    _offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    async def batch(self, name: str, rows: int) -> None:
        """One batch from its opening to its last outcome; the stages' events may overtake the opening."""
        self.expected[name] = {}
        early = self.chance.random() < 0.5
        told = [self._announce(name, BatchOpened(name, "test", AT))]
        await (asyncio.sleep(0) if early else told[0])
        lines = list(range(1, rows + 1))
        stages = [("normaliser", 0), ("normaliser", 1), ("registrar", 0)]
        shares = [lines[nth :: len(stages)] for nth in range(len(stages))]
        for origin, share in zip(stages, shares, strict=True):
            await self._stage(name, *origin, share)
        if early:
            await told[0]
        await self._announce(name, BatchClosed(name, rows, AT))

    async def _announce(self, name: str, event: BatchOpened | BatchClosed) -> None:
        await produce(self.servers, self.topic, [(name.encode(), encode(event), [])])

    async def _stage(self, name: str, stage: str, partition: int, lines: list[int]) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.servers, transactional_id=f"{self.topic}-{stage}-{partition}", linger_ms=0
        )
        await producer.start()
        try:
            while lines:
                event = self._event(name, stage, partition, [lines.pop() for _ in range(min(len(lines), 5))])
                await producer.begin_transaction()
                await producer.send(self.topic, encode(event), key=name.encode())
                if self.chance.random() < 0.3:
                    # The stage failed after sending: it tells the same again in a new transaction.
                    await producer.flush()
                    await producer.abort_transaction()
                    await producer.begin_transaction()
                    await producer.send(self.topic, encode(event), key=name.encode())
                if self.chance.random() < 0.2:
                    await producer.send(self.topic, encode(event), key=name.encode())
                await producer.commit_transaction()
        finally:
            await producer.stop()

    def _event(self, name: str, stage: Any, partition: int, lines: list[int]) -> BatchTransitions:
        offset = self._offsets[stage, partition] = self._offsets.get((stage, partition), 0) + 7
        steps = []
        for line in lines:
            outcome = self.chance.choice(list(Outcome))
            self.expected[name][outcome.value] = self.expected[name].get(outcome.value, 0) + 1
            steps.append(Transition(line, offset, None, outcome, None, REASON.get(outcome)))
        return BatchTransitions(name, stage, "topic-id", partition, offset, tuple(steps))


@pytest.fixture
def tracker(kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tracker]:
    """A tracker of its own for the test's topics, not yet started; the broker's address is in the environment."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    topics = [topic_prefix + BATCH_PROGRESS, topic_prefix + BATCH_STATUS]
    asyncio.run(create_plain_topics(kafka, topics, PARTITIONS))
    tracker = Tracker(free_url(), tmp_path / "tracker.log")
    yield tracker
    tracker.kill()


def statuses(servers: str, topic: str) -> dict[str, BatchStatus]:
    """The last committed status of each batch."""
    records = asyncio.run(read_committed(servers, topic))
    return {record.key.decode(): decode(BatchStatus, record.value) for record in records}


def check(feed: Feed, seen: dict[str, BatchStatus]) -> None:
    assert seen.keys() == feed.expected.keys()
    for name, outcomes in feed.expected.items():
        status = seen[name]
        assert status.outcomes == outcomes, name
        assert (status.state, status.submitted, status.accounted) == (
            "complete",
            sum(outcomes.values()),
            status.submitted,
        )
        assert status.reasons == {REASON[Outcome(key)]: n for key, n in outcomes.items() if Outcome(key) in REASON}


def folders(tracker: Tracker) -> int:
    """How many folders trackers have, or have left behind."""
    return len(list((tracker.log.parent / "temporary").iterdir()))


def test_totals_are_right_after_kills_in_the_middle(kafka: str, topic_prefix: str, tracker: Tracker) -> None:
    feed = Feed(kafka, topic_prefix + BATCH_PROGRESS)
    tracker.start()
    tracker.ready()
    for nth in range(3):
        asyncio.run(feed.batch(f"early-{nth}", rows=60))
        tracker.kill()
        tracker.start()
        asyncio.run(feed.batch(f"late-{nth}", rows=40))
        if nth == 1:
            tracker.ready()
    tracker.until("complete", lambda: all(map(tracker.complete, feed.expected)))
    assert folders(tracker) == 1, "those of the killed ones are gone"
    over_http = {name: decode(BatchStatus, tracker.get(f"/batches/{name}")[1]) for name in feed.expected}
    check(feed, over_http)
    assert tracker.end() == 0
    assert folders(tracker) == 0
    check(feed, statuses(kafka, topic_prefix + BATCH_STATUS))


def test_a_second_tracker_ends_the_first_and_counts_on(kafka: str, topic_prefix: str, tracker: Tracker) -> None:
    feed = Feed(kafka, topic_prefix + BATCH_PROGRESS)
    tracker.start()
    tracker.ready()
    asyncio.run(feed.batch("before", rows=50))
    tracker.until("complete", lambda: tracker.complete("before"))
    first, second = tracker.process, Tracker(free_url(), tracker.log)
    assert first is not None
    second.start()
    try:
        asyncio.run(feed.batch("during", rows=50))
        assert first.wait(30) == EXIT_GAVE_UP
        assert folders(tracker) == 1, "who gives up leaves none behind"
        second.until("complete", lambda: all(map(second.complete, feed.expected)))
        assert second.end() == 0
    finally:
        second.kill()
    check(feed, statuses(kafka, topic_prefix + BATCH_STATUS))


def test_a_tracker_that_wakes_after_its_session_ends_itself(kafka: str, topic_prefix: str, tracker: Tracker) -> None:
    feed = Feed(kafka, topic_prefix + BATCH_PROGRESS)
    tracker.start()
    tracker.ready()
    asyncio.run(feed.batch("before", rows=30))
    stalled, second = tracker.process, Tracker(free_url(), tracker.log)
    assert stalled is not None
    stalled.send_signal(signal.SIGSTOP)
    asyncio.run(feed.batch("during", rows=30))
    second.start()
    try:
        # The group gives the stalled one up after its session of six seconds.
        second.ready()
        second.until("complete", lambda: all(map(second.complete, feed.expected)))
        stalled.send_signal(signal.SIGCONT)
        assert stalled.wait(30) == EXIT_GAVE_UP
        asyncio.run(feed.batch("after", rows=30))
        second.until("complete", lambda: second.complete("after"))
        assert second.end() == 0
    finally:
        second.kill()
    check(feed, statuses(kafka, topic_prefix + BATCH_STATUS))


def test_an_event_that_cannot_be_read_hides_no_other(kafka: str, topic_prefix: str, tracker: Tracker) -> None:
    feed = Feed(kafka, topic_prefix + BATCH_PROGRESS)
    opened = encode(BatchOpened("other", "test", AT))
    bad: list[tuple[bytes | None, bytes | None, Headers]] = [
        (b"b", b"\xff{", []),
        (b"b", b"[1]", []),
        (b"b", b'{"kind":"mystery","batch_id":"b"}', []),
        (b"b", b'{"kind":"opened"}', []),
        (b"b", opened, []),
        (None, opened, []),
        (b"b", None, []),
    ]
    asyncio.run(produce(kafka, topic_prefix + BATCH_PROGRESS, bad))
    asyncio.run(feed.batch("b", rows=10))
    tracker.start()
    tracker.until("complete", lambda: tracker.complete("b"))
    assert f'diachi_unexpected_failures_total{{stage="tracker"}} {len(bad)}.0' in tracker.get("/metrics")[1].decode()
    assert tracker.get("/batches/other")[0] == 404
    listed = json.loads(tracker.get("/batches")[1])
    assert [each["batch_id"] for each in listed] == ["b"]
    assert json.loads(tracker.get("/batches?limit=no")[1])["error"] == "request.limit"


def test_a_missing_topic_is_named(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    tracker = Tracker("http://127.0.0.1:1", tmp_path / "tracker.log")
    tracker.start()
    assert tracker.process is not None
    assert tracker.process.wait(20) == 2
    assert f"{topic_prefix}{BATCH_PROGRESS}" in tracker.log.read_text()
    assert "diachi topics create" in tracker.log.read_text()
