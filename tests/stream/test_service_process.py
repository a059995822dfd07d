"""A service as the orchestrator sees it: health, metrics, signals, and how it fails to start."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from services.process.ports import free_port
from services.stream.topics import RAW
from tests.chaos.audit import account
from tests.stream.kafka_io import create_plain_topics, produce
from tests.stream.pipeline import Pipeline, metric, wait_for
from tests.stream.services import create_service_topics


def row(line_no: int) -> tuple[bytes, bytes, list[tuple[str, bytes | None]]]:
    raw = {
        "source": "post",
        "source_record_id": str(line_no),
        "address": f"Số nhà {line_no}, thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang",
        "batch_id": "b1",
        "line_no": line_no,
    }
    return f"post:{line_no}".encode(), orjson.dumps(raw), []


def test_health_metrics_and_a_clean_end(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))
    asyncio.run(produce(kafka, topic_prefix + RAW, [row(line_no) for line_no in range(1, 301)]))
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        normaliser, registrar = pipeline.start("normaliser"), pipeline.start("registrar")
        wait_for(lambda: len(asyncio.run(account(kafka, topic_prefix, "b1"))) == 300, "all rows", 60)
        for worker in (normaliser, registrar):
            assert worker.answers("livez") and worker.ready()
            assert metric(worker, "diachi_records_total") == 300
            assert metric(worker, "diachi_partitions_assigned") == 3
            assert metric(worker, "diachi_state_keys") >= 300
            assert metric(worker, "diachi_transaction_seconds_count") > 0
            wait_for(lambda worker=worker: metric(worker, "diachi_consumer_lag_records") == 0, "no lag")
        assert metric(registrar, 'diachi_outcomes_total{outcome="digitised",stage="registrar"}') == 300
        normaliser.stall()
        asyncio.run(produce(kafka, topic_prefix + RAW, [row(line_no) for line_no in range(301, 401)]))
        normaliser.go_on()
        wait_for(lambda: metric(normaliser, "diachi_records_total") == 400, "the rest")
        assert (normaliser.terminate(), registrar.terminate()) == (0, 0)
    assert "Traceback" not in pipeline.logs()


def test_without_a_broker_it_says_so_and_exits(tmp_path: Path) -> None:
    with Pipeline(f"127.0.0.1:{free_port()}", "nowhere.", tmp_path) as pipeline:
        worker = pipeline.start("registrar")
        assert worker.wait(60) == 1
    assert "service failed" in pipeline.logs()
    assert "Traceback" not in pipeline.logs()


def test_without_topics_it_says_how_to_make_them(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        worker = pipeline.start("registrar")
        assert worker.wait(60) == 1
    assert "diachi topics create" in pipeline.logs()


def test_it_is_alive_but_not_ready_while_its_state_cannot_be_restored(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    asyncio.run(create_plain_topics(kafka, [topic_prefix + "address.matched.v1"], 1))
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        worker = pipeline.start("registrar")
        wait_for(lambda: worker.answers("livez"), "the service")
        assert not worker.ready()
