"""`diachi dlq` on real services: what is put back is processed once, and the batch still adds up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka.errors import KafkaError
from typer.testing import CliRunner

from schemas.batch import BatchClosed, BatchOpened, BatchStatus, BatchTransitions, Transition
from schemas.codec import encode
from schemas.dead_letter import DeadLetterCode
from schemas.outcome import Outcome
from services.cli.main import app
from services.intake.tracker_client import TrackerClient
from services.stream.dead_letters import Letter, Selection
from services.stream.envelope import BATCH_ID, LINE_NO, Headers, event_headers, event_id
from services.stream.letter_box import LetterBox
from services.stream.outputs import Outputs
from services.stream.replay import replay_of
from services.stream.settings import read_settings
from services.stream.topics import (
    BATCH_PROGRESS,
    HANDLED_LETTERS,
    MATCHED,
    MATCHED_DEAD_LETTERS,
    RAW,
    RAW_DEAD_LETTERS,
)
from tests.contract.published import assert_published
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import create_service_topics
from tests.stream.test_submit import start, url
from tests.unit.make import Record, event, result

GOOD = "Số 12 đường Tân Hà, Phường Minh Xuân, Tuyên Quang"
EVENT, TIME = event_id("topic-id", 0, 0, MATCHED, 0), b"2025-11-24T08:00:00.000Z"
Row = tuple[bytes | None, bytes | None, Headers]


@pytest.fixture
def pipeline(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Pipeline]:
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    (tmp_path / "logs").mkdir()
    with Pipeline(kafka, topic_prefix, tmp_path / "logs") as pipeline:
        yield pipeline


def raw(line_no: int, address: str) -> Record:
    value = {
        "source": "post",
        "source_record_id": str(line_no),
        "address": address,
        "batch_id": "b1",
        "line_no": line_no,
    }
    headers = ((BATCH_ID, b"b1"), (LINE_NO, b"%d" % line_no), ("from", b"a colleague"))
    return Record(orjson.dumps(value), key=f"post:{line_no}".encode(), headers=headers, offset=line_no)


def letters_of(stage: str, input_topic: str, topic: str, *records: Record) -> list[Row]:
    """The dead letters that a broken release would have left of these records."""
    out = Outputs(stage, input_topic, "topic-id", topic)
    for record in records:
        out.dead_letter(record, DeadLetterCode.UNEXPECTED, "the service failed on this record: replay it once mended")
    return [(made.key, made.value, made.headers) for made in out.records]


def progress(*steps: Transition) -> list[Row]:
    """A batch of these rows, all of which a broken release has counted."""
    events = [
        BatchOpened("b1", "post", "2025-11-24T08:00:00Z"),
        BatchTransitions("b1", "normaliser", "broken-release", 0, 9, steps),
        BatchClosed("b1", len(steps), "2025-11-24T08:00:01Z"),
    ]
    return [(b"b1", encode(each), []) for each in events]


def counted(tracker: str) -> BatchStatus | None:
    return asyncio.run(TrackerClient(tracker).status("b1"))


def dlq(*arguments: str, status: int = 0) -> str:
    run = CliRunner().invoke(app, ["dlq", *arguments])
    assert run.exit_code == status, run.output
    return run.output


def listed(*options: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in dlq("list", "--json", *options).splitlines()]


def outcomes(tracker: str) -> dict[str, int]:
    status = counted(tracker)
    return status.outcomes if status else {}


def test_dead_letters_are_listed_shown_put_back_and_dropped(
    kafka: str, topic_prefix: str, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    code = DeadLetterCode.UNEXPECTED.value
    dead = [Transition(n, n, None, Outcome.DEAD_LETTER, reason=code) for n in (1, 2, 3)]
    headers = event_headers(MATCHED, "/diachi/normaliser", event=EVENT, subject=b"22110", time=TIME, trace=None)
    registration = Record(encode(event(0, result(), "post:9", line_no=3)), key=b"22110", headers=tuple(headers))
    asyncio.run(produce(kafka, topic_prefix + BATCH_PROGRESS, progress(*dead)))
    # Line 1 was sound, and the release broken; line 2 has no address. Line 3 failed in the registrar.
    rows = letters_of("normaliser", RAW, RAW_DEAD_LETTERS, raw(1, GOOD), raw(2, ""))
    asyncio.run(produce(kafka, topic_prefix + RAW_DEAD_LETTERS, rows))
    rows = letters_of("registrar", MATCHED, MATCHED_DEAD_LETTERS, registration)
    asyncio.run(produce(kafka, topic_prefix + MATCHED_DEAD_LETTERS, rows))
    tracker, *_ = start(pipeline, "tracker", "normaliser", "registrar")
    wait_for(lambda: outcomes(url(tracker)) == {"dead_letter": 3}, "the batch", 30)

    table = dlq("list", "--batch", "b1")
    assert table.count(code) == 2 + 3
    assert "Tân Hà" not in table
    assert len(listed("--topic", "matched")) == 1
    assert listed("--code", "input.schema") == []
    assert listed("--until", "1h") == [] and len(listed("--since", "1h")) == 3
    (name,) = (str(found["name"]) for found in listed() if found["line_no"] == 1)
    assert "đường Tân Hà" in dlq("show", name)
    dlq("replay", status=1)

    assert dlq("replay", "--batch", "b1") == "3 dead letters put back\n"
    wait_for(lambda: outcomes(url(tracker)) == {"digitised": 2, "dead_letter": 1}, "the rows", 30)
    status = counted(url(tracker))
    assert status is not None
    assert (status.state, status.accounted, status.submitted) == ("complete", 3, 3)
    assert status.reasons == {"input.schema": 1}
    for topic in (RAW, MATCHED):
        for record in asyncio.run(read_committed(kafka, topic_prefix + topic)):
            if replay_of(record.headers) and record.key != b"post:2":
                assert_published(topic, record.key, record.value, record.headers)
    (back,) = (r for r in asyncio.run(read_committed(kafka, topic_prefix + RAW)) if r.key == b"post:1")
    assert (back.value, list(back.headers)[:3]) == (raw(1, GOOD).value, list(raw(1, GOOD).headers))

    (again,) = listed()
    assert (again["line_no"], again["error_code"], again["replays"]) == (2, "input.schema", 1)
    said = dlq("replay", "--all", "--max-replays", "1")
    assert "0 dead letters put back" in said and "1 left as they are: put back 1 times already" in said
    assert dlq("drop", str(again["name"])) == "1 dead letters dropped\n"
    assert dlq("list") == "No dead letters.\n"
    assert len(listed("--handled")) == 4
    assert outcomes(url(tracker)) == {"digitised": 2, "dead_letter": 1}
    for record in asyncio.run(read_committed(kafka, topic_prefix + HANDLED_LETTERS)):
        assert_published(HANDLED_LETTERS, record.key, record.value, record.headers)


def test_interrupted_or_run_twice_at_once_each_is_put_back_once(
    kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    asyncio.run(create_service_topics(kafka, topic_prefix, 2))
    rows = letters_of("normaliser", RAW, RAW_DEAD_LETTERS, *(raw(n, GOOD) for n in range(1, 701)))
    asyncio.run(produce(kafka, topic_prefix + RAW_DEAD_LETTERS, rows))

    class Interrupted(LetterBox):
        """Ends in the middle of its third transaction."""

        transactions = 0

        async def _transact(self, producer, action, letters, ids):  # type: ignore[no-untyped-def]
            self.transactions += 1
            if self.transactions < 3:
                return await super()._transact(producer, action, letters, ids)
            await producer.begin_transaction()
            sent = await producer.send(topic_prefix + RAW, letters[0].value, key=letters[0].key, partition=0)
            await sent
            raise KeyboardInterrupt

    async def left() -> list[Letter]:
        return [letter async for letter in LetterBox(read_settings()).letters(Selection())]

    async def two_at_once() -> None:
        # Of a fenced producer, the client leaves futures that complain when they are collected.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        boxes = [LetterBox(read_settings()), LetterBox(read_settings())]
        ended = await asyncio.gather(*(box.replay(Selection(), 1000, 3) for box in boxes), return_exceptions=True)
        assert all(not isinstance(each, BaseException) or isinstance(each, KafkaError) for each in ended), ended

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(Interrupted(read_settings()).replay(Selection(), 1000, 3))
    assert len(asyncio.run(left())) == 300
    asyncio.run(two_at_once())
    asyncio.run(LetterBox(read_settings()).replay(Selection(), 1000, 3))
    assert asyncio.run(left()) == []
    sent = Counter(record.key for record in asyncio.run(read_committed(kafka, topic_prefix + RAW)))
    assert len(sent) == 700
    assert set(sent.values()) == {1}


def test_at_most_so_many_are_put_back(kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    asyncio.run(create_service_topics(kafka, topic_prefix, 1))
    rows = letters_of("normaliser", RAW, RAW_DEAD_LETTERS, *(raw(n, GOOD) for n in range(1, 6)))
    asyncio.run(produce(kafka, topic_prefix + RAW_DEAD_LETTERS, rows))
    handled = asyncio.run(LetterBox(read_settings()).replay(Selection(), 2, 3))
    assert (handled.done, handled.left) == (2, {"beyond the limit": 3})
    sent = asyncio.run(read_committed(kafka, topic_prefix + RAW))
    assert [record.key for record in sent] == [b"post:1", b"post:2"]
