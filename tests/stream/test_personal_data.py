"""Marked names and phones go in with the records; nothing but raw and its dead letters may show them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import orjson
from aiokafka import ConsumerRecord

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

# What a producer may put there; the dead letters keep it, and nothing else may.
MARKED_HEADERS: Headers = [
    ("note", f"{NAME} {PHONES[0]}".encode()),
    (f"{NAME} {PHONES[1]}", b"x"),
    ("ce_subject", NAME.encode()),
    ("ce_time", PHONES[0].encode()),
    ("traceparent", f"00-{PHONES[0]}-{NAME}-01".encode()),
]

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
            made.append((f"post:{line}".encode(), orjson.dumps(raw), headers + MARKED_HEADERS))
            broken = {**raw, "address": [raw["address"]], NAME: phone}
            headers = [(BATCH_ID, b"b1"), (LINE_NO, str(line + 1).encode())]
            made.append((f"post:{line + 1}".encode(), orjson.dumps(broken), headers))
    return made


def decisions(versions: dict[str, int]) -> list[tuple[bytes | None, bytes | None, Headers]]:
    """A person settles what is in review, and types phones into every field."""
    made: list[tuple[bytes | None, bytes | None, Headers]] = []
    for key, version in versions.items():
        line = key.removeprefix("post:")
        decision = {
            "source": "post",
            "source_record_id": line,
            "decided_by": "group-7",
            "decided_at": "2026-01-02T03:04:05Z",
            "based_on_version": version,
            "commune_code": "02215",
            "address_text": f"Số 7, tổ 3, gọi {WRITTEN[0]}",
            "village": f"Tổ 3 {WRITTEN[1]}",
            "components": {"house_number": "7", "street": f"đường Bình Thuận ({WRITTEN[2]})", "building": WRITTEN[3]},
        }
        made.append((key.encode(), orjson.dumps(decision), []))
    return made


def refused(versions: dict[str, int]) -> dict[str, list[tuple[bytes | None, bytes | None, Headers]]]:
    """For each way to be refused, by its code, records that say name and phone wherever a record can."""
    waiting, version = next(iter(versions.items()))
    mark = f"{NAME} {PHONES[0]}"
    raw = {"source": "post", "source_record_id": "twice", "address": mark, "householder": {"name": NAME}}
    decision = {
        "source": "post",
        "source_record_id": "twice",
        "decided_by": "group-7",
        "decided_at": "2026-01-02T03:04:05Z",
        "based_on_version": 0,
        "commune_code": "02215",
        "address_text": mark,
        "components": {"building": mark},
    }
    unknown = {**decision, "source_record_id": "never-sent"}
    nowhere = {**decision, "based_on_version": version, "commune_code": "99999"}
    nowhere["source_record_id"] = waiting.removeprefix("post:")
    values: dict[str, tuple[bytes, list[bytes]]] = {
        "input.not_json": (b"post:x", [mark.encode(), f'{{"{NAME}": {PHONES[0]}, "{NAME}": '.encode()]),
        "input.not_utf8": (b"post:x", [mark.encode() + b"\xff"]),
        "input.too_large": (b"post:x", [orjson.dumps({"address": mark * 3000})]),
        "input.too_deep": (b"post:x", [f'["{mark}",'.encode() * 500 + b"1" + b"]" * 500]),
        "input.schema": (
            b"post:x",
            [
                orjson.dumps({**raw, **wrong})
                for wrong in ({mark: mark}, {"lat": mark}, {"source": mark}, {"householder": {NAME: PHONES[0]}})
            ],
        ),
        "input.key_mismatch": (f"post:{mark}".encode(), [orjson.dumps(raw)]),
        "decision.unknown_record": (b"post:never-sent", [orjson.dumps(unknown)]),
        # Sent twice, so that the version that a decision must know is above 0.
        "decision.stale": (
            b"post:twice",
            [orjson.dumps(raw), orjson.dumps({**raw, "address": f"thôn 5 {mark}"}), orjson.dumps(decision)],
        ),
        "decision.unknown_commune": (waiting.encode(), [orjson.dumps(nowhere)]),
    }
    return {code: [(key, value, MARKED_HEADERS) for value in made] for code, (key, made) in values.items()}


def leaks(text: str) -> list[str]:
    digits = re.sub(r"[^0-9]", "", re.sub(r"(?<=[0-9])[ .()\-]+(?=[0-9])", "", text))
    found = [phone for phone in PHONES if phone in digits or phone[1:] in digits]
    return found + [NAME] * (fold(NAME) in fold(text))


def dead_letters(servers: str, prefix: str) -> list[ConsumerRecord]:
    return asyncio.run(read_committed(servers, prefix + topics.RAW_DEAD_LETTERS))


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
        items = asyncio.run(read_committed(kafka, topic_prefix + topics.REVIEW))
        versions = {item.key.decode(): orjson.loads(item.value)["version"] for item in items}
        settled, faulty = decisions(versions), refused(versions)
        asyncio.run(produce(kafka, topic_prefix + topics.RAW, [row for rows in faulty.values() for row in rows]))
        asyncio.run(produce(kafka, topic_prefix + topics.RAW, settled))
        expected = len(sent) + len(settled)
        wait_for(
            lambda: sum(map(len, asyncio.run(account(kafka, topic_prefix, "b1")).values())) == expected, "decisions"
        )
        # Every second row is broken, and two of the others are sound: the record that is sent twice.
        letters = len(sent) // 2 + sum(map(len, faulty.values())) - 2
        wait_for(lambda: len(dead_letters(kafka, topic_prefix)) >= letters, "the dead letters")
        metrics = "".join(worker.metrics() for worker in workers)
        steps = asyncio.run(account(kafka, topic_prefix, "b1"))
        seen, codes = 0, set[str]()
        for name in set(NAMES) - ALLOWED:
            for record in asyncio.run(read_committed(kafka, topic_prefix + name)):
                headers = [part for name, value in record.headers for part in (name.encode(), value)]
                parts = [record.key or b"", record.value or b"", *headers]
                seen += 1
                assert leaks(b" ".join(parts).decode()) == [], f"{name}, offset {record.offset}"
        for record in dead_letters(kafka, topic_prefix):
            added = {name: value.decode() for name, value in record.headers if name.startswith("dlq-")}
            assert leaks(" ".join(added.values())) == []
            codes.add(added["dlq-error-code"])
    outcomes = {taken[0][0] for taken in steps.values()}
    assert {"digitised", "review", "dead_letter"} <= outcomes, "the test must reach every topic"
    assert settled
    assert codes == set(faulty), "the test must reach every way to be refused"
    assert all(taken[1][0] == "digitised" for taken in steps.values() if taken[0][0] == "review")
    assert seen > len(sent)
    assert leaks(metrics) == []
    assert leaks(pipeline.logs()) == []
