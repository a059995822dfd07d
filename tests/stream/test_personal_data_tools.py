"""Marked names and phones again: the tracker, and the commands that people look at, show none of them.

On the broker that demands TLS and a user, with each client as itself: what is granted is what these need.
"""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import urllib.request
from pathlib import Path

from services.stream import topics
from tests.stream.kafka_io import read_committed
from tests.stream.pipeline import DIACHI, Pipeline, wait_for
from tests.stream.secured import ADMIN, PRINCIPALS, SecuredBroker, password
from tests.stream.test_access import prepare
from tests.stream.test_personal_data import NAME, PHONES, WRITTEN, leaks

ADDRESSES = ("thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang", "kho hàng", "")
LINES = 30


def diachi(environ: dict[str, str], *words: str | Path, status: int = 0) -> str:
    """What a command prints, on both of its channels."""
    run = subprocess.run(
        [DIACHI, *words], env={**os.environ, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout + run.stderr


def fetched(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_tracker_submit_and_dead_letter_tool_show_no_name_no_phone_and_no_password(
    secured: SecuredBroker, tmp_path: Path
) -> None:
    prefix = prepare(secured)
    table, outcomes = tmp_path / "rows.csv", tmp_path / "outcomes.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "địa chỉ", "họ tên", "sđt", "lat"])
        for n in range(LINES):
            text = ADDRESSES[n % 3] and f"{NAME} {WRITTEN[n % len(WRITTEN)]}, {ADDRESSES[n % 3]}"
            rows.writerow([n, text, NAME, PHONES[n % 2], NAME if n % 6 == 1 else ""])
    (tmp_path / "logs").mkdir()
    with Pipeline(secured.servers, prefix, tmp_path / "logs", log_level="DEBUG") as pipeline:
        workers = [pipeline.start(stage, **secured.environ(stage)) for stage in ("tracker", "normaliser", "registrar")]
        for worker in workers:
            worker.wait_ready()
        tracker = workers[0]
        common = {
            "DIACHI_TOPIC_PREFIX": prefix,
            "DIACHI_TRACKER_URL": f"http://127.0.0.1:{tracker.port}",
            "DIACHI_LOG_LEVEL": "DEBUG",
        }
        as_intake = {**secured.environ("intake"), **common}
        as_tool = {**secured.environ("dead-letter-tool"), **common}
        said = diachi(as_intake, "submit", table, "--source", "post", "--outcomes", outcomes)
        said += diachi(as_intake, "status") + diachi(as_intake, "status", "--json")
        said += diachi(as_tool, "dlq", "list", "--limit", "100")
        # Neither a row without an address nor one without a number is any better the second time.
        said += diachi(as_tool, "dlq", "replay", "--code", "input.schema")
        wait_for(lambda: len(letters(secured, prefix)) >= 2 * len(refused()), "the letters of the replay")
        said += diachi(as_tool, "dlq", "list")
        shown = fetched(tracker.port, "/batches") + "".join(worker.metrics() for worker in workers)
        statuses = asyncio.run(read_committed(secured.connection(ADMIN), prefix + topics.BATCH_STATUS))
        handled = asyncio.run(read_committed(secured.connection(ADMIN), prefix + topics.HANDLED_LETTERS))
        assert [worker.terminate() for worker in workers] == [0, 0, 0]
    assert "input.schema" in said and len(statuses) > 0 and len(handled) == len(refused())
    for record in (*statuses, *handled):
        headers = [part for name, value in record.headers for part in (name.encode(), value)]
        assert leaks(b" ".join([record.key or b"", record.value or b"", *headers]).decode()) == []
    seen = said + shown + pipeline.logs()
    assert leaks(seen) == []
    assert not any(password(who) in seen for who in PRINCIPALS)
    # The operator's own file is where they belong.
    own = outcomes.read_text(encoding="utf-8-sig")
    assert own.count(NAME) >= LINES and PHONES[0] in own


def refused() -> list[int]:
    """The rows without an address, and those whose latitude is none."""
    return [n for n in range(LINES) if n % 3 == 2 or n % 6 == 1]


def letters(secured: SecuredBroker, prefix: str) -> list[object]:
    return list(asyncio.run(read_committed(secured.connection(ADMIN), prefix + topics.RAW_DEAD_LETTERS)))
