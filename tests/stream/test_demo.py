"""`diachi demo`, as a newcomer runs it: on a broker of its own and on one that is there."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from aiokafka.admin import AIOKafkaAdminClient

from services.address.vpostcode import encode_located
from services.cli.demo_data import sample_file
from tests.processes import gone

_ROOT = Path(__file__).parents[2]


def _environ(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("KAFKA_BOOTSTRAP_SERVERS", "COLUMNS")}
    return {**kept, **changes}


def _demo(tmp_path: Path, environ: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "demo", "--out", str(tmp_path / "map"), *options],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env=environ,
        timeout=240,
        check=False,
    )


async def _topics(servers: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


def _expect_all_there(output: str, tmp_path: Path) -> None:
    with sample_file().open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.DictReader(file))
    assert re.search(rf"accounted for\s+{rows:,}\s+of {rows:,}", output)
    counts = [
        int(found.replace(",", ""))
        for found in re.findall(r"^(?:digitised|unchanged|review|dead letter|withdrawn)\s+([\d,]+)", output, re.M)
    ]
    assert len(counts) == 5
    assert sum(counts) == rows
    assert re.search(r"[\d,]+ records/s", output)
    tables = [line for line in output.splitlines() if line[:1] in "┏┃┡│├└"]
    assert tables
    assert max(len(line) for line in tables) == 100
    collection = json.loads((tmp_path / "map" / "tuyen_quang.geojson").read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert f"{len(collection['features']):,} features" in output
    assert len({feature["id"] for feature in collection["features"]}) == len(collection["features"])
    located = [feature for feature in collection["features"] if feature["geometry"] is not None]
    assert f"{len(located):,} with a point" in output
    coded = [feature for feature in located if feature["properties"]["code"][5] != "0"]
    assert coded and all(map(_code_fits_point, coded))


def _code_fits_point(feature: dict[str, Any]) -> bool:
    lon, lat = feature["geometry"]["coordinates"]
    code: str = feature["properties"]["code"]
    return encode_located(code[:5], lat, lon) == code


def test_a_newcomer_without_java_sees_it_all(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    # What the environment says of a broker elsewhere is not for the one that is started here.
    elsewhere = {"DIACHI_KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "DIACHI_KAFKA_CA_FILE": "/nowhere"}
    run = _demo(tmp_path, _environ(TMPDIR=str(temporary), **elsewhere), "--broker", "embedded")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Broker: embedded" in run.stdout
    _expect_all_there(run.stdout, tmp_path)
    assert not list(temporary.iterdir())


def test_on_a_broker_that_goes_on_it_leaves_nothing_behind(kafka: str, tmp_path: Path) -> None:
    before = asyncio.run(_topics(kafka))
    run = _demo(tmp_path, _environ(KAFKA_BOOTSTRAP_SERVERS=kafka, DIACHI_PARTITIONS="3"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "KAFKA_BOOTSTRAP_SERVERS is set" in run.stdout
    _expect_all_there(run.stdout, tmp_path)
    assert sorted(asyncio.run(_topics(kafka))) == sorted(before)


def test_interrupted_it_stops_what_it_started(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    demo = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "demo", "--broker", "embedded", "--out", str(tmp_path / "map")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=_ROOT,
        env=_environ(TMPDIR=str(temporary)),
    )
    assert demo.stdout is not None
    while "Waiting for" not in (line := demo.stdout.readline()):
        assert line
    time.sleep(0.5)
    children = psutil.Process(demo.pid).children(recursive=True)
    assert len(children) >= 8  # broker and three services, each with its guard
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Stopped." in output
    assert all(gone(child.pid, 1) for child in children)
    assert not list(temporary.iterdir())
