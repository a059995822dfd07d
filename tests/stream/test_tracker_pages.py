"""Who sees what at the tracker's port: batches only who shows the token, health and metrics everybody, else nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest

from services.stream.topics import BATCH_PROGRESS, BATCH_STATUS, RAW
from tests.stream.kafka_io import create_plain_topics
from tests.stream.pipeline import DIACHI
from tests.stream.tracker_process import Tracker, free_url

TOKEN = "a-token-of-the-tests-4711"
OPEN = ("/livez", "/readyz", "/metrics")
GUARDED = ("/batches", "/batches?limit=no", "/batches/b", "/batches/b?token=" + TOKEN)
# Faust's own, at where it has them.
NOWHERE = (
    *("/", "/stats", "/graph", "/graph/", "/assignment/", "/router/", "/router/batches/b/", "/table/", "/performance/"),
    *("/table/batches/", "/table/batches/b/", "/table/batches", "/batches/", "/batches/b/c", "/favicon.ico"),
)


def diachi(url: str, *words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    changed = {"DIACHI_TRACKER_URL": url, **environ}
    return subprocess.run(
        [DIACHI, *words], env={**os.environ, **changed}, capture_output=True, text=True, timeout=60, check=False
    )


def test_batches_are_shown_to_who_has_the_token(
    kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka)
    monkeypatch.setenv("DIACHI_LOG_LEVEL", "DEBUG")
    asyncio.run(create_plain_topics(kafka, [topic_prefix + name for name in (RAW, BATCH_PROGRESS, BATCH_STATUS)], 1))
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n", encoding="utf-8")
    table = tmp_path / "rows.csv"
    table.write_text("id,address\n1,thôn 5\n", encoding="utf-8")
    tracker = Tracker(free_url(), tmp_path / "tracker.log")
    # Faust would have its pages by its own variables.
    faust = {f"APP_WEB_{name}_ENABLED": "1" for name in ("STATS", "GRAPH", "ROUTER", "TABLES", "METRICS")}
    tracker.start({**faust, "DIACHI_HTTP_TOKEN_FILE": str(secret)})
    try:
        tracker.ready()
        right = {"Authorization": f"Bearer {TOKEN}"}
        for path in GUARDED:
            for shown in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Basic {TOKEN}"}):
                code, body = tracker.get(path, **shown)
                assert (code, json.loads(body)["error"]) == (401, "tracker.token"), path
                assert TOKEN not in body.decode()
        assert tracker.get("/batches", **right) == (200, b"[]")
        assert tracker.get("/batches?limit=no", **right)[0] == 400
        assert tracker.get("/batches/b", **right)[0] == 404
        for path in OPEN:
            assert tracker.get(path)[0] == 200, path
        for path in NOWHERE:
            assert tracker.get(path, **right) == (404, b"404: Not Found"), path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert tracker.get("/batches", method=method, **right)[0] == 405

        sent = diachi(tracker.url, "submit", table, "--source", "tq", "--no-wait")
        assert sent.returncode == 0, "who does not wait need not ask"
        unshown = diachi(tracker.url, "submit", table, "--source", "tq")
        assert unshown.returncode == 1
        assert "asks for a token: see DIACHI_HTTP_TOKEN" in unshown.stderr and "Nothing was sent" in unshown.stderr
        wrong = diachi(tracker.url, "status", DIACHI_HTTP_TOKEN=TOKEN + "x")
        assert wrong.returncode == 1
        assert "does not take the token" in wrong.stderr and "running?" not in wrong.stderr
        listed = diachi(tracker.url, "status", "--json", DIACHI_HTTP_TOKEN=TOKEN)
        assert [one["name"] for one in json.loads(listed.stdout)] == ["rows.csv"], listed.stderr
        both = diachi(tracker.url, "status", DIACHI_HTTP_TOKEN=TOKEN, DIACHI_HTTP_TOKEN_FILE=str(secret))
        assert both.returncode == 2 and "set one of them only" in both.stderr
        assert tracker.end() == 0
    finally:
        tracker.kill()
    said = "".join(run.stdout + run.stderr for run in (sent, unshown, wrong, listed, both))
    assert TOKEN not in said + tracker.log.read_text()
