"""Marked names and phones again: the tracker, and the commands that people look at, show none of them.

On the broker that demands TLS and a user, with each client as itself: what is granted is what these need. What only the
administrator may read is read as the administrator.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import os
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
from aiokafka import ConsumerRecord

from gazetteer.artifact import ARTIFACT
from schemas.batch import BatchClosed
from schemas.codec import encode
from services.stream import topics
from services.stream.access import TRACKER_CHANGELOG
from services.tracker.exactly_once import EXIT_GAVE_UP
from tests.gazetteers import built, merger_tables
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import DIACHI, Pipeline, wait_for
from tests.stream.secured import ADMIN, PRINCIPALS, SecuredBroker, password
from tests.stream.services import NAMES, create_service_topics
from tests.stream.test_access import prepare
from tests.stream.test_personal_data import ALLOWED, NAME, PHONES, WRITTEN, leaks, said_by

# The commune of the first is merged in the gazetteer that is planned.
ADDRESSES = ("thôn 5, xã Cao Bồ, tỉnh Tuyên Quang", "kho hàng", "")
LINES = 30
PLANTED = b"planted"
TOKEN = "a-token-of-the-tests-4711"
# Both are of records that the registrar cannot work on: tests/stream/test_personal_data.py.
EMPTY = {topics.MATCHED_DEAD_LETTERS}


def diachi(environ: dict[str, str], *words: str | Path, status: int = 0) -> str:
    """What a command prints, on both of its channels."""
    run = subprocess.run(
        [DIACHI, *words], env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout + run.stderr


def fetched(port: int, path: str) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def write_rows(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        rows = csv.writer(opened)
        rows.writerow(["id", "địa chỉ", "họ tên", "sđt", "lat"])
        for n in range(LINES):
            text = ADDRESSES[n % 3] and f"{NAME} {WRITTEN[n % len(WRITTEN)]}, {ADDRESSES[n % 3]}"
            rows.writerow([n, text, NAME, PHONES[n % 2], NAME if n % 6 == 1 else ""])


def test_tracker_and_commands_show_no_name_no_phone_and_no_secret(secured: SecuredBroker, tmp_path: Path) -> None:
    prefix = prepare(secured)
    # The operator calls it after whom it is about; a name in it is none that anybody could tell.
    table, outcomes = tmp_path / f"hộ {WRITTEN[0]}.csv", tmp_path / "outcomes.csv"
    write_rows(table)
    villages = tmp_path / "villages.csv"
    villages.write_text(f"Thôn,Mã xã,Trưởng thôn,SĐT\nThôn Hư Cấu,02215,{NAME},{PHONES[0]}\n", encoding="utf-8")
    copy, changing = tmp_path / "copy.gz", tmp_path / "changing.csv"
    (tmp_path / "logs").mkdir()
    with Pipeline(secured.servers, prefix, tmp_path / "logs", log_level="DEBUG", http_token=TOKEN) as pipeline:
        workers = [pipeline.start(stage, **secured.environ(stage)) for stage in ("tracker", "normaliser", "registrar")]
        merged = built(merger_tables(tmp_path / "tables"))
        for worker in workers:
            worker.wait_ready()
        tracker = workers[0]

        def run(who: str, *words: str | Path, **environ: str) -> str:
            common = {
                "DIACHI_TOPIC_PREFIX": prefix,
                "DIACHI_TRACKER_URL": f"http://127.0.0.1:{tracker.port}",
                "DIACHI_LOG_LEVEL": "DEBUG",
                "DIACHI_HTTP_TOKEN": TOKEN,
                "DIACHI_IMPORTS_DIR": str(tmp_path / "imports" / who),
            }
            return diachi({**secured.environ(who), **common, **environ}, *words)

        def run_all(*commands: tuple[str | Path, ...]) -> list[str]:
            """At the same time: they change nothing for each other."""
            with ThreadPoolExecutor() as pool:
                return list(pool.map(lambda each: run(str(each[0]), *each[1:]), commands))

        said = run("intake", "submit", table, "--source", "post", "--outcomes", outcomes)
        *listed, letters = run_all(
            ("intake", "status"),
            ("intake", "status", "--json"),
            ("dead-letter-tool", "dlq", "list", "--limit", "100"),
        )
        # Neither a row without an address nor one without a number is any better the second time.
        said += letters + run("dead-letter-tool", "dlq", "replay", "--code", "input.schema")
        wait_for(lambda: len(records(secured, prefix, topics.RAW_DEAD_LETTERS)) >= 2 * len(refused()), "the replay")
        published = records(secured, prefix, topics.DIGITISED)
        said += run("reprocess-tool", "reprocess", "--again")
        plan = ("gazetteer", "plan", ARTIFACT, merged, "--registry", "live", "--addresses", changing)
        said += "".join(
            run_all(
                ("dead-letter-tool", "dlq", "list"),
                ("reprocess-tool", *plan),
                ("gazetteer-tool", "gazetteer", "villages", villages, "--publish"),
                (ADMIN, "code", "show", orjson.loads(published[0].value)["written_code"]),
                (ADMIN, "registry", "export", copy),
            )
        )
        other = f"other-{prefix}"
        asyncio.run(create_service_topics(secured.connection(ADMIN), other, 2))
        said += run(ADMIN, "registry", "import", copy, DIACHI_TOPIC_PREFIX=other)
        shown = fetched(tracker.port, "/batches") + "".join(worker.metrics() for worker in workers)
        assert [worker.terminate() for worker in workers] == [0, 0, 0]
        fail_the_tracker(secured, prefix, pipeline)
        checked = asyncio.run(read_all(secured, prefix, {*NAMES, TRACKER_CHANGELOG} - ALLOWED - EMPTY))
    for name, found in checked.items():
        assert found, f"nothing went to {name}: nothing is shown of it"
        for record in found:
            assert is_planted(record) or leaks(said_by(record)) == [], f"{name}, offset {record.offset}"
    assert len(checked[topics.HANDLED_LETTERS]) == len(refused())
    assert sum(map(is_planted, checked[TRACKER_CHANGELOG])) == 1
    assert all("hộ ….csv" in each for each in (*listed, shown))
    assert "input.schema" in said and "the registrar has taken up all of it" in said and "1 confirmed" in said
    assert "records imported" in said
    files = gzip.decompress(copy.read_bytes()).decode() + changing.read_text(encoding="utf-8-sig")
    assert files.count("post:") > 0 and "kho hàng" in files and changing.read_text(encoding="utf-8-sig").count("Cao Bồ")
    seen = said + "".join(listed) + shown + pipeline.logs()
    assert leaks(seen) == [] and leaks(files) == []
    assert TOKEN not in seen
    assert not any(password(who) in seen for who in PRINCIPALS)
    # The operator's own file is where they belong.
    own = outcomes.read_text(encoding="utf-8-sig")
    assert own.count(NAME) >= LINES and PHONES[0] in own


def fail_the_tracker(secured: SecuredBroker, prefix: str, pipeline: Pipeline) -> None:
    """Put into its changelog what it cannot read, and an event of that batch into its input: it gives up."""
    admin = secured.connection(ADMIN)
    tally = orjson.dumps({"name": f"{NAME} {PHONES[0]}", "outcomes": {NAME: PHONES[0]}})
    asyncio.run(produce(admin, prefix + TRACKER_CHANGELOG, [(PLANTED, tally, [])], partition=0))
    tracker = pipeline.start("tracker", **secured.environ("tracker"))
    tracker.wait_ready()
    closed = encode(BatchClosed(PLANTED.decode(), 1, "2026-01-02T03:04:05Z"))
    asyncio.run(produce(admin, prefix + topics.BATCH_PROGRESS, [(PLANTED, closed, [])], partition=0))
    assert tracker.wait(30) == EXIT_GAVE_UP
    logged = [orjson.loads(line) for line in tracker.log.read_text().splitlines() if "gives up" in line]
    assert [one["error"] for one in logged] == ["ValidationError"]


def is_planted(record: ConsumerRecord) -> bool:
    return record.key == PLANTED and NAME.encode() in (record.value or b"")


def refused() -> list[int]:
    """The rows without an address, and those whose latitude is none."""
    return [n for n in range(LINES) if n % 3 == 2 or n % 6 == 1]


def records(secured: SecuredBroker, prefix: str, topic: str) -> list[ConsumerRecord]:
    return asyncio.run(read_committed(secured.connection(ADMIN), prefix + topic))


async def read_all(secured: SecuredBroker, prefix: str, names: set[str]) -> dict[str, list[ConsumerRecord]]:
    found = await asyncio.gather(*(read_committed(secured.connection(ADMIN), prefix + name) for name in names))
    return dict(zip(names, found, strict=True))
