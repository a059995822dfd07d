"""Rough speed: the sample batch, repeated under new ids, through a real broker, and the core alone on the same rows.

`python -m tests.bench.pipeline [ROWS]` starts a broker and one worker per stage, and prints records per second and what
each process spent. Absolute figures depend on the machine; compare within one run.
"""

from __future__ import annotations

import asyncio
import csv
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

from gazetteer.gazetteer import Gazetteer
from schemas.codec import encode
from schemas.raw import RawAddress, RawPosition
from services.address.core import AddressCore
from services.address.identity import record_key
from services.stream.broker import local_broker
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from services.stream.topics import RAW
from tests.stream.kafka_io import produce
from tests.stream.pipeline import Pipeline, Worker, metric, wait_for
from tests.stream.services import create_service_topics

SAMPLE = Path(__file__).parents[2] / "gazetteer" / "samples" / "tuyen_quang.csv"
PARTITIONS = 12
BATCH = 1000


def sample_rows(count: int) -> list[RawAddress]:
    """`count` rows of the sample, repeated under ids and house numbers of their own, but those without an address."""
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        sample = [row for row in csv.DictReader(file) if row["address"].strip()]
    rows = []
    for number in range(count):
        row = sample[number % len(sample)]
        numbers = {name: float(row[name]) if _is_number(row[name]) else None for name in ("lat", "lon")}
        rows.append(
            RawAddress(
                source="bench",
                source_record_id=str(number),
                address=f"Số {number}, {row['address']}"[:1000],
                village=row["village"] or None,
                commune=row["commune"] or None,
                district=row["district"] or None,
                province=row["province"] or None,
                position=RawPosition(**numbers) if any(numbers.values()) else None,
            )
        )
    return rows


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def core_alone(rows: list[RawAddress]) -> float:
    """Seconds of one core for parse to decision, caches cold at the start."""
    core = AddressCore(Gazetteer.load())
    started = time.process_time()
    for start in range(0, len(rows), BATCH):
        core.digitise(rows[start : start + BATCH])
    return time.process_time() - started


def through_kafka(rows: list[RawAddress]) -> None:
    """Print the seconds from the first record to the last, and what each stage did with them."""
    made: list[tuple[bytes | None, bytes | None, Headers]] = []
    for line_no, row in enumerate(rows, 1):
        row = replace(row, batch_id="bench", line_no=line_no)
        headers: Headers = [(BATCH_ID, b"bench"), (LINE_NO, str(line_no).encode())]
        made.append((record_key(row.source, row.source_record_id).encode(), encode(row), headers))
    with tempfile.TemporaryDirectory() as folder, local_broker("apache") as broker:
        servers = broker.bootstrap_servers
        asyncio.run(create_service_topics(servers, "bench.", PARTITIONS))
        with Pipeline(servers, "bench.", Path(folder)) as pipeline:
            stages = {name: pipeline.start(name) for name in ("normaliser", "registrar")}
            for worker in stages.values():
                worker.wait_ready()
            started = time.monotonic()
            asyncio.run(produce(servers, "bench." + RAW, made))
            sent = time.monotonic() - started
            wait_for(lambda: sum(map(accounted, stages.values())) >= len(rows), "all rows", 600)
            seconds = time.monotonic() - started
            print(f"through Kafka: {seconds:.1f} s, {len(rows) / seconds:,.0f} records/s (all sent after {sent:.1f} s)")
            for name, worker in stages.items():
                cpu = metric(worker, "process_cpu_seconds_total")
                domain = metric(worker, "diachi_batch_process_seconds_sum")
                batch = metric(worker, "diachi_records_total") / metric(worker, "diachi_batch_records_count")
                print(f"  {name}: {cpu:.1f} CPU s, domain code {domain:.1f} s, {batch:.0f} records a transaction")
            print(f"  broker: {broker_cpu(broker.pid):.1f} CPU s, its start included")


def broker_cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def accounted(worker: Worker) -> float:
    return metric(worker, "diachi_outcomes_total")


def main() -> None:
    rows = sample_rows(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
    seconds = core_alone(rows)
    print(f"core alone: {seconds:.1f} s of one core, {len(rows) / seconds:,.0f} records/s")
    through_kafka(rows)


if __name__ == "__main__":
    main()
