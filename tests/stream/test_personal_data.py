"""Marked names and phones go in with the records; nothing but raw and its dead letters may show them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import orjson

from gazetteer.names import fold
from services.stream import topics
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from tests.chaos.audit import account
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import NAMES, create_service_topics

NAME = "Bùi Văn Kiểm Thử"
PHONES = ("0912345678", "0207382212")
WRITTEN = ("0912 345 678", "+84 912.345.678", "0912-345-678", "(0207) 382 2123", "84912345678", "0912345678")
ALLOWED = {topics.RAW, topics.RAW_DEAD_LETTERS}

ADDRESSES = (
    "{name} {phone}, thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang",
    "Nhà ông {name}, số 7, tổ 3, phường Minh Xuân, Tuyên Quang. ĐT: {phone}",
    "SN 12 đường Bình Thuận, P. Minh Xuân, Tuyên Quang ({phone} gặp {name})",
    "kho hàng của {name}, gọi {phone}",
    "{phone}",
    "{name}",
    "Chợ Sơn Dương, liên hệ {phone}, TT Sơn Dương, Tuyên Quang",
)


def rows() -> list[tuple[bytes | None, bytes | None, Headers]]:
    made: list[tuple[bytes | None, bytes | None, Headers]] = []
    spellings = (NAME, NAME.upper(), "Bui Van Kiem Thu")
    for text in ADDRESSES:
        for number, phone in enumerate(WRITTEN):
            line = len(made) + 1
            raw = {
                "source": "post",
                "source_record_id": str(line),
                "address": text.format(name=spellings[number % 3], phone=phone),
                "householder": {"name": NAME, "phone": phone},
                "extra": {"chủ hộ": NAME, "sđt": phone},
                "batch_id": "b1",
                "line_no": line,
            }
            headers: Headers = [(BATCH_ID, b"b1"), (LINE_NO, str(line).encode())]
            made.append((f"post:{line}".encode(), orjson.dumps(raw), headers))
            broken = {**raw, "address": [raw["address"]], NAME: phone}
            headers = [(BATCH_ID, b"b1"), (LINE_NO, str(line + 1).encode())]
            made.append((f"post:{line + 1}".encode(), orjson.dumps(broken), headers))
    return made


def decisions(steps: dict[int, list[tuple[str, str | None]]]) -> list[tuple[bytes | None, bytes | None, Headers]]:
    """A person settles what is in review, and types phones into every field."""
    made: list[tuple[bytes | None, bytes | None, Headers]] = []
    for line in sorted(line for line, taken in steps.items() if taken[0][0] == "review"):
        decision = {
            "source": "post",
            "source_record_id": str(line),
            "decided_by": "group-7",
            "decided_at": "2026-01-02T03:04:05Z",
            "based_on_version": 10**6,
            "commune_code": "02215",
            "address_text": f"Số 7, tổ 3, gọi {WRITTEN[0]}",
            "village": f"Tổ 3 {WRITTEN[1]}",
            "components": {"house_number": "7", "street": f"đường Bình Thuận ({WRITTEN[2]})", "building": WRITTEN[3]},
        }
        made.append((f"post:{line}".encode(), orjson.dumps(decision), []))
    return made


def leaks(text: str) -> list[str]:
    digits = re.sub(r"[^0-9]", "", re.sub(r"(?<=[0-9])[ .()\-]+(?=[0-9])", "", text))
    found = [phone for phone in PHONES if phone in digits or phone[1:] in digits]
    return found + [NAME] * (fold(NAME) in fold(text))


def test_the_marks_would_be_found() -> None:
    assert leaks("x BÙI VĂN KIỂM THỬ y") == [NAME]
    assert all(leaks(f"a {phone} b") for phone in WRITTEN)
    assert leaks("số 12, thôn 5") == []


def test_no_name_and_no_phone_leaves_the_raw_topic(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    sent = rows()
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))
    with Pipeline(kafka, topic_prefix, tmp_path, log_level="DEBUG") as pipeline:
        workers = [pipeline.start("normaliser"), pipeline.start("registrar")]
        asyncio.run(produce(kafka, topic_prefix + topics.RAW, sent))
        wait_for(lambda: len(asyncio.run(account(kafka, topic_prefix, "b1"))) >= len(sent), "all rows", 60)
        settled = decisions(asyncio.run(account(kafka, topic_prefix, "b1")))
        asyncio.run(produce(kafka, topic_prefix + topics.RAW, settled))
        expected = len(sent) + len(settled)
        wait_for(
            lambda: sum(map(len, asyncio.run(account(kafka, topic_prefix, "b1")).values())) == expected, "decisions"
        )
        metrics = "".join(worker.metrics() for worker in workers)
        steps = asyncio.run(account(kafka, topic_prefix, "b1"))
        seen = 0
        for name in set(NAMES) - ALLOWED:
            for record in asyncio.run(read_committed(kafka, topic_prefix + name)):
                parts = [record.key or b"", record.value or b"", *(value for _, value in record.headers)]
                seen += 1
                assert leaks(b" ".join(parts).decode()) == [], f"{name}, offset {record.offset}"
        for record in asyncio.run(read_committed(kafka, topic_prefix + topics.RAW_DEAD_LETTERS)):
            added = b" ".join(value for header, value in record.headers if header.startswith("dlq-"))
            assert leaks(added.decode()) == []
    outcomes = {taken[0][0] for taken in steps.values()}
    assert {"digitised", "review", "dead_letter"} <= outcomes, "the test must reach every topic"
    assert settled
    assert all(taken[1][0] == "digitised" for taken in steps.values() if taken[0][0] == "review")
    assert seen > len(sent)
    assert leaks(metrics) == []
    assert leaks(pipeline.logs()) == []
