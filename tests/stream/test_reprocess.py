"""`diachi reprocess` on real services: a merger, killed in the middle, and the step from June to July 2025."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka import ConsumerRecord

from gazetteer.build import build
from gazetteer.gazetteer import Gazetteer
from gazetteer.tables import DATA
from schemas.batch import BatchClosed, BatchOpened
from schemas.codec import decode, encode
from schemas.digitised import DigitisedAddress
from schemas.normaliser_state import RecordState
from schemas.review import ReviewItem
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from services.stream.topics import (
    BATCH_PROGRESS,
    DIGITISED,
    MAP_FEATURE,
    MATCHED,
    NATIONAL,
    NORMALISER_STATE,
    RAW,
    RAW_DEAD_LETTERS,
    REVIEW,
)
from tests.contract.published import assert_published
from tests.gazetteers import CAO_BO, MERGED, PART, VI_XUYEN, built, june_artifact, merger_tables
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import DIACHI, Pipeline, Worker, metric, wait_for
from tests.stream.services import create_service_topics
from tests.stream.test_dlq import outcomes
from tests.stream.test_submit import diachi, url

PARTITIONS = 2
Row = tuple[bytes | None, bytes | None, Headers]
CHANGED = ("xã Cao Bồ", "xã Thượng Sơn", "xã Bạch Ngọc")
OTHERS = ("xã Quang Bình", "phường Minh Xuân", "xã Tân Trào")
NOWHERE = "kho hàng số 9 ở đâu đó"


@pytest.fixture
def pipeline(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Pipeline]:
    asyncio.run(create_service_topics(kafka, topic_prefix, PARTITIONS))
    (tmp_path / "logs").mkdir()
    # Small transactions, so that there is a middle; of a killed process the broker soon ends the open one.
    settings = {"max_batch_records": 50, "gather_ms": 0, "transaction_timeout_ms": 6000}
    with Pipeline(kafka, topic_prefix, tmp_path / "logs", **settings) as pipeline:
        yield pipeline


class Registry:
    """What is published, read from the side."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self._kafka, self._prefix = kafka, prefix

    def records(self, topic: str) -> list[ConsumerRecord]:
        return asyncio.run(read_committed(self._kafka, self._prefix + topic))

    def ends(self) -> dict[str, int]:
        """How many records were ever published on each topic."""
        topics = (RAW, RAW_DEAD_LETTERS, MATCHED, REVIEW, DIGITISED, MAP_FEATURE, NATIONAL, NORMALISER_STATE)
        return {topic: len(self.records(topic)) for topic in topics}

    def latest(self, topic: str) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for record in self.records(topic):
            if record.value is None:
                found.pop(record.key, None)
            else:
                found[record.key] = record.value
        return found

    def addresses(self) -> dict[str, DigitisedAddress]:
        """By the record that made them."""
        read = [decode(DigitisedAddress, value) for value in self.latest(DIGITISED).values()]
        return {one.record_key: one for one in read}

    def states(self) -> dict[str, RecordState]:
        """What is remembered of the records that were not withdrawn."""
        found = {key.decode(): decode(RecordState, value) for key, value in self.latest(NORMALISER_STATE).items()}
        return {key: state for key, state in found.items() if state.outcome != "withdrawn"}


def row(line_no: int, address: str, **fields: object) -> Row:
    raw = {"source": "post", "source_record_id": str(line_no), "address": address, "batch_id": "b1"}
    headers: Headers = [(BATCH_ID, b"b1"), (LINE_NO, b"%d" % line_no)]
    return f"post:{line_no}".encode(), orjson.dumps({**raw, "line_no": line_no, **fields}), headers


def submit(kafka: str, prefix: str, rows: list[Row]) -> None:
    opened = encode(BatchOpened("b1", "post", "2025-11-24T08:00:00Z"))
    closed = encode(BatchClosed("b1", len(rows), "2025-11-24T08:00:01Z"))
    asyncio.run(produce(kafka, prefix + BATCH_PROGRESS, [(b"b1", opened, [])]))
    asyncio.run(produce(kafka, prefix + RAW, rows))
    asyncio.run(produce(kafka, prefix + BATCH_PROGRESS, [(b"b1", closed, [])]))


def decide(kafka: str, prefix: str, registry: Registry, line_no: int, commune: str) -> None:
    key = f"post:{line_no}"
    value = {
        "source": "post",
        "source_record_id": str(line_no),
        "decided_by": "group-7",
        "decided_at": "2025-11-24T09:00:00Z",
        "based_on_version": registry.states()[key].version,
        "commune_code": commune,
        "address_text": NOWHERE,
    }
    asyncio.run(produce(kafka, prefix + RAW, [(key.encode(), orjson.dumps(value), [])]))
    wait_for(lambda: registry.states()[key].decision is not None, "the decision")


def command(kafka: str, *arguments: str | Path) -> list[str]:
    return [str(DIACHI), "reprocess", "--stall", "60", *map(str, arguments)]


def reprocess(kafka: str, *arguments: str | Path, status: int = 0) -> str:
    environ = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka}
    done = subprocess.run(
        command(kafka, *arguments), env=environ, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def started(pipeline: Pipeline, stage: str, gazetteer: Path | None = None) -> Worker:
    worker = pipeline.start(stage, DIACHI_GAZETTEER=str(gazetteer or ""))
    worker.wait_ready()
    return worker


def said(text: str, what: str) -> int:
    found = re.search(rf"^ *([0-9,]+)  {what}", text, re.MULTILINE)
    return int(found.group(1).replace(",", "")) if found else 0


def settled(registry: Registry) -> bool:
    """Whether the registrar has published what the normaliser made."""
    wanted = {key for key, state in registry.states().items() if state.outcome == "digitised"}
    published = registry.addresses()
    states = registry.states()
    return all(published[key].version >= states[key].version for key in wanted)


def before_the_merger(count: int) -> list[Row]:
    """Rows of communes that change and others; at their end seven of a divided commune, one of it with a point, one
    to be withdrawn, and one for a person."""
    communes = CHANGED + OTHERS
    rows = [row(n, f"Số {n}, thôn {n % 7 + 1}, {communes[n % 6]}, tỉnh Tuyên Quang") for n in range(1, count - 9)]
    rows += [row(n, f"Số {n}, tổ 3, xã Vị Xuyên, tỉnh Tuyên Quang") for n in range(count - 9, count - 2)]
    return [
        *rows,
        row(count - 2, "Số 1, tổ 3, xã Vị Xuyên, Tuyên Quang", position={"lat": 22.7301, "lon": 105.0203}),
        row(count - 1, "Số 7, thôn 2, xã Cao Bồ, Tuyên Quang"),
        row(count, NOWHERE),
    ]


def killed_in_the_middle(kafka: str, artifact: Path, normaliser: Worker) -> None:
    """Begin to reprocess; then kill the normaliser and the command."""
    running = subprocess.Popen(
        command(kafka, "--artifact", artifact),
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while metric(normaliser, "diachi_records_total") < 100:
        assert time.monotonic() < deadline
    normaliser.kill()
    running.kill()
    running.wait()


def check_published_once(registry: Registry, count: int) -> None:
    """`count` editions of addresses, none of them twice, and all that was published as the contract says."""
    made = [decode(DigitisedAddress, one.value) for one in registry.records(DIGITISED) if one.value is not None]
    published = Counter((one.record_key, one.version) for one in made)
    assert max(published.values()) == 1, "published twice"
    assert len(made) == count
    for topic in (RAW, MATCHED, REVIEW, DIGITISED, NATIONAL, MAP_FEATURE, NORMALISER_STATE):
        for one in registry.records(topic):
            if topic != RAW or b"vn.address.reprocess.v1" in dict(one.headers).values():
                assert_published(topic, one.key, one.value, one.headers)


def check_nothing_more_is_done(kafka: str, artifact: Path, registry: Registry, count: int, in_review: int) -> None:
    """Of `count` remembered records, run again once and once more."""
    ends = registry.ends()
    text = reprocess(kafka, "--artifact", artifact)
    # Large numbers are written in groups.
    assert f"{count:,} records, {count:,} of them run with it before, 0 to be run" in text
    text = reprocess(kafka, "--artifact", artifact, "--again")
    assert said(text, "unchanged") == count - in_review and said(text, "in review, as before") == in_review
    again = registry.ends()
    grown = {topic: again[topic] - ends[topic] for topic in ends if again[topic] != ends[topic]}
    assert grown == {RAW: count, NORMALISER_STATE: count}, "running it twice published something"


def test_a_merger_is_carried_out_once_although_all_is_killed_in_the_middle(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    tracker, normaliser, _ = (started(pipeline, stage) for stage in ("tracker", "normaliser", "registrar"))
    registry, count = Registry(kafka, topic_prefix), 2_000
    submit(kafka, topic_prefix, before_the_merger(count))
    wait_for(lambda: outcomes(url(tracker)) == {"digitised": count - 1, "review": 1}, "the batch")
    decide(kafka, topic_prefix, registry, count, CAO_BO)
    asyncio.run(produce(kafka, topic_prefix + RAW, [(f"post:{count - 1}".encode(), None, [])]))
    wait_for(lambda: f"post:{count - 1}" not in registry.states(), "the withdrawal")
    wait_for(lambda: len(registry.addresses()) == count - 1, "the addresses")
    before = registry.addresses()

    artifact = built(merger_tables(tmp_path / "merger"))
    new = Gazetteer.load(artifact)
    arguments = ("gazetteer", "plan", Path("gazetteer/data"), artifact, "--registry", "live")
    plan = diachi(kafka, url(tracker), *arguments, "--addresses", tmp_path / "plan.csv")
    assert plan.returncode == 0, plan.stderr
    attributes, to_review = said(plan.stdout, "get a new name"), said(plan.stdout, "cannot be decided")
    assert to_review == 7 and attributes > count / 3
    with (tmp_path / "plan.csv").open(encoding="utf-8-sig") as file:
        assert Counter(one["what"] for one in csv.DictReader(file)) == {"attributes": attributes, "review": to_review}

    assert normaliser.terminate() == 0
    normaliser = started(pipeline, "normaliser", artifact)
    killed_in_the_middle(kafka, artifact, normaliser)

    def done() -> int:
        return sum(state.gazetteer_version == new.version for state in registry.states().values())

    assert 0 < done() < count - 1, "it was killed too late to show anything"

    normaliser = started(pipeline, "normaliser", artifact)
    reprocess(kafka, "--artifact", artifact)
    assert done() == count - 1
    assert settled(registry)
    after = registry.addresses()
    assert {key: one.written_code for key, one in after.items()} == {
        key: one.written_code for key, one in before.items()
    }
    assert all(one.result.registry_area == one.code[:5] for one in after.values())
    named = Counter(one.result.commune for one in after.values())
    assert not {"Xã Cao Bồ", "Xã Thượng Sơn", "Xã Bạch Ngọc"} & set(named)
    assert sum(before[key].result.commune != one.result.commune for key, one in after.items()) == attributes
    assert after[f"post:{count}"].result.commune_code == MERGED, "the decision outlived it"
    assert after[f"post:{count - 2}"].result.commune_code == PART
    reviews = [decode(ReviewItem, value) for value in registry.latest(REVIEW).values()]
    assert len(reviews) == to_review
    assert all(one.published and after[one.record_key] == before[one.record_key] for one in reviews)
    assert {one.result.commune_code for one in reviews} == {VI_XUYEN}
    wait_for(lambda: outcomes(url(tracker)).get("review") == to_review, "the tracker")
    # The withdrawn record's row brought no account with it: it stays counted where it was.
    assert outcomes(url(tracker)) == {"digitised": count - to_review, "review": to_review}
    assert registry.records(RAW_DEAD_LETTERS) == []
    # Once when it was submitted, once more where it changed.
    check_published_once(registry, count + attributes)
    check_nothing_more_is_done(kafka, artifact, registry, count - 1, to_review)


def test_the_step_of_july_2025_and_normalisers_with_another_gazetteer(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    june = june_artifact(tmp_path / "june")
    tracker = started(pipeline, "tracker")
    registrar, normaliser = started(pipeline, "registrar"), started(pipeline, "normaliser", june)
    registry = Registry(kafka, topic_prefix)
    texts = [
        "Số 12, đường Tân Hà, phường Minh Xuân, thành phố Tuyên Quang, tỉnh Tuyên Quang",
        "Thôn 3, xã Cao Bồ, huyện Vị Xuyên, tỉnh Hà Giang",
        "Số 4, tổ 5, thị trấn Vị Xuyên, huyện Vị Xuyên, tỉnh Hà Giang",
        "xóm 2, xã Kim Phú, thành phố Tuyên Quang, tỉnh Tuyên Quang",
    ]
    submit(kafka, topic_prefix, [row(n, text) for n, text in enumerate(texts, start=1)])
    wait_for(lambda: len(registry.addresses()) == len(texts), "the addresses")
    before = registry.addresses()
    assert before["post:1"].result.commune_code == "02203"

    text = reprocess(kafka, "--stall", "3", status=1)
    assert "0 of 4 records were run again" in text and "diachi dlq list" in text
    letters = registry.records(RAW_DEAD_LETTERS)
    assert {dict(one.headers)["dlq-error-code"] for one in letters} == {b"reprocess.other_gazetteer"}

    assert normaliser.terminate() == 0 and registrar.terminate() == 0
    started(pipeline, "normaliser")
    text = reprocess(kafka, "--stall", "3", status=1)
    assert (said(text, "changed"), said(text, "to review")) == (3, 1)
    assert "wait for the registrar" in text and "has taken up" not in text
    assert registry.addresses() == before
    registrar = started(pipeline, "registrar")
    text = reprocess(kafka)
    assert "4 of them run with it before, 0 to be run" in text and "the registrar has taken up all of it" in text
    # No waiting: that is what it has waited for.
    assert settled(registry)
    after = registry.addresses()
    assert {key: one.written_code for key, one in after.items()} == {
        key: one.written_code for key, one in before.items()
    }
    assert {key: one.result.registry_area for key, one in after.items()} == {
        key: one.result.registry_area for key, one in before.items()
    }
    assert [after[f"post:{n}"].result.commune_code for n in (1, 2, 3)] == ["02215", "00952", "00913"]
    assert after["post:2"].result.province == "Tỉnh Tuyên Quang"
    assert after["post:4"] == before["post:4"]
    wait_for(lambda: outcomes(url(tracker)) == {"digitised": 3, "review": 1}, "the tracker")
    assert registrar.running


PAGE = Path(__file__).parents[2] / "docs/mergers.md"


def page_commands() -> list[list[str]]:
    """The commands in the blocks of the page for postal managers, in order."""
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line.split()[1:] for block in blocks for line in block.splitlines() if line.startswith("diachi ")]


def test_the_page_for_postal_managers_from_plan_to_the_way_back(
    kafka: str, topic_prefix: str, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker, normaliser, _ = (started(pipeline, stage) for stage in ("tracker", "normaliser", "registrar"))
    registry = Registry(kafka, topic_prefix)
    places = ("xã Cao Bồ", "xã Vị Xuyên", "xã Bạch Ngọc", "phường Minh Xuân")
    submit(kafka, topic_prefix, [row(n, f"Số {n}, thôn 2, {places[n % 4]}, Tuyên Quang") for n in range(1, 13)])
    wait_for(lambda: len(registry.addresses()) == 12, "the addresses")
    before = registry.addresses()

    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    merger_tables(tmp_path / "gazetteer-2026")
    build(DATA, tmp_path / "gazetteer-2025.json.gz")
    seen: list[str] = []
    running = ""
    for words in page_commands():
        if words[0] == "reprocess" and (wanted := words[words.index("--artifact") + 1]) != running:
            wait_for(lambda: settled(registry), "the registrar")
            assert normaliser.terminate() == 0
            normaliser, running = started(pipeline, "normaliser", tmp_path / wanted), wanted
        done = subprocess.run([DIACHI, *words], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        seen.append(done.stdout)
        if words[-1] == "gazetteer-2026.json.gz":
            wait_for(lambda: settled(registry), "the registrar")
            after = registry.addresses()
    checked, _, units, addresses, counted, carried, again, back = seen
    assert checked.startswith("0 errors") or "0 errors" in checked
    assert "4 communes change" in units
    assert (said(addresses, "get a new name"), said(addresses, "cannot be decided")) == (6, 3)
    with (tmp_path / "communes.csv").open(encoding="utf-8-sig") as file:
        assert len(list(csv.DictReader(file))) == 4
    assert "12 to be run" in counted and "changed" not in counted
    assert (said(carried, "changed"), said(carried, "to review"), said(carried, "unchanged")) == (6, 3, 3)
    assert {key: one.code for key, one in after.items()} == {key: one.code for key, one in before.items()}
    assert sum(one.result.commune != before[key].result.commune for key, one in after.items()) == 6
    assert (said(again, "unchanged"), said(again, "in review, as before")) == (9, 3)
    assert (said(back, "changed"), said(back, "out of review"), said(back, "unchanged")) == (6, 3, 3)
    wait_for(lambda: settled(registry), "the registrar")
    assert {key: one.result for key, one in registry.addresses().items()} == {
        key: one.result for key, one in before.items()
    }
    assert registry.latest(REVIEW) == {}
    wait_for(lambda: outcomes(url(tracker)) == {"digitised": 12}, "the tracker")
