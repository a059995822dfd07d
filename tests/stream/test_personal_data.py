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
# What others than the two services write: tests/stream/test_personal_data_tools.py.
OF_OTHERS = {topics.BATCH_STATUS, topics.HANDLED_LETTERS, topics.VILLAGES}
Row = tuple[bytes | None, bytes | None, Headers]

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


def fields(name: str, phone: str) -> dict[str, str]:
    """A row that says all of them in each of its fields."""
    return {
        "village": f"thôn 5 ({name} {phone})",
        "commune": f"xã Thái Sơn, {phone}",
        "district": f"huyện Hàm Yên - {name}",
        "province": f"{name}, {phone}, tỉnh Tuyên Quang",
    }


def rows() -> list[Row]:
    made: list[Row] = []
    spellings = (NAME, NAME.upper(), "Bui Van Kiem Thu")
    for text in ADDRESSES:
        for number, phone in enumerate(WRITTEN):
            line, name = len(made) + 1, spellings[number % 3]
            raw = {
                **(fields(name, phone) if number % 2 else {}),
                "source": "post",
                "source_record_id": str(line),
                "address": text.format(name=name, phone=phone),
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


def decisions(versions: dict[str, int]) -> list[Row]:
    """A person settles what is in review, and types phones into every field."""
    made: list[Row] = []
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


def changes(corrected: bytes, withdrawn: bytes) -> list[Row]:
    """One record is sent with another text, one is withdrawn."""
    raw = {
        "source": "post",
        "source_record_id": corrected.decode().removeprefix("post:"),
        "address": f"Nhà {NAME}, số 9, tổ 4, phường Minh Xuân, Tuyên Quang, gọi {WRITTEN[0]}",
        "householder": {"name": NAME, "phone": PHONES[1]},
        "extra": {"cũ": f"{NAME} {PHONES[0]}"},
    }
    return [(corrected, orjson.dumps(raw), MARKED_HEADERS), (withdrawn, None, MARKED_HEADERS)]


def mistakes(event: ConsumerRecord) -> list[Row]:
    """What the registrar cannot work on, made of an event of the normaliser: it fails on the first two, of which one
    says no name of itself; the others are of a normaliser of another release, and say some wherever they can."""
    sound = orjson.loads(event.value)
    failing = {**sound, "version": event.offset + 10**6, "result": None}
    marked = {**failing, "record_key": f"post:{NAME} {PHONES[0]}", "address_id": f"{NAME} {PHONES[0]}"}
    strange = [{**sound, "version": PHONES[0]}, {**sound, "action": NAME}, {**sound, "result": {NAME: PHONES[0]}}]
    return [
        (event.key, orjson.dumps(failing), list(event.headers)),
        *((event.key, orjson.dumps(each), MARKED_HEADERS) for each in (marked, *strange)),
        (event.key, f"{NAME} {PHONES[0]}".encode(), MARKED_HEADERS),
    ]


def refused(versions: dict[str, int]) -> dict[str, list[Row]]:
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


def records(servers: str, topic: str) -> list[ConsumerRecord]:
    return asyncio.run(read_committed(servers, topic))


def said_by(record: ConsumerRecord) -> str:
    """All that a record says: key, value, names and values of headers."""
    headers = [part for name, value in record.headers for part in (name.encode(), value or b"")]
    return b" ".join([record.key or b"", record.value or b"", *headers]).decode()


def is_marked(record: ConsumerRecord) -> bool:
    """Whether it was sent with marks in its headers; what a dead letter keeps of such a record is what was sent."""
    return "note" in dict(record.headers)


def added(letter: ConsumerRecord) -> dict[str, str]:
    """What a stage says of a dead letter."""
    return {name: value.decode() for name, value in letter.headers if name.startswith("dlq-")}


def is_settled(servers: str, topic: str, corrected: bytes) -> bool:
    """Whether the correction is published, and what was withdrawn is not."""
    found = records(servers, topic)
    values = [orjson.loads(record.value) for record in found if record.value is not None]
    texts = [value["result"]["address_text"] for value in values if value["record_key"] == corrected.decode()]
    return "tổ 4" in texts[-1] and any(record.value is None for record in found)


def test_the_marks_would_be_found() -> None:
    assert leaks("x BÙI VĂN KIỂM THỬ y") == [NAME]
    assert all(leaks(f"a {phone} b") for phone in WRITTEN)
    assert leaks("số 12, thôn 5") == []


def test_no_name_and_no_phone_leaves_the_raw_topic(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    raw, matched, digitised = (topic_prefix + name for name in (topics.RAW, topics.MATCHED, topics.DIGITISED))
    sent = rows()
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))
    with Pipeline(kafka, topic_prefix, tmp_path, log_level="DEBUG") as pipeline:
        workers = [pipeline.start("normaliser"), pipeline.start("registrar")]
        asyncio.run(produce(kafka, raw, sent))
        wait_for(lambda: len(asyncio.run(account(kafka, topic_prefix, "b1"))) >= len(sent), "all rows", 60)
        items = records(kafka, topic_prefix + topics.REVIEW)
        versions = {item.key.decode(): orjson.loads(item.value)["version"] for item in items}
        settled, faulty = decisions(versions), refused(versions)
        asyncio.run(produce(kafka, raw, [row for rows in faulty.values() for row in rows]))
        asyncio.run(produce(kafka, raw, settled))
        expected = len(sent) + len(settled)
        wait_for(
            lambda: sum(map(len, asyncio.run(account(kafka, topic_prefix, "b1")).values())) == expected, "decisions"
        )
        # Every second row is broken, and two of the others are sound: the record that is sent twice.
        letters = len(sent) // 2 + sum(map(len, faulty.values())) - 2
        dead = topic_prefix + topics.RAW_DEAD_LETTERS
        wait_for(lambda: len(records(kafka, dead)) >= letters, "the dead letters")
        steps = asyncio.run(account(kafka, topic_prefix, "b1"))
        published = [orjson.loads(record.value)["record_key"].encode() for record in records(kafka, digitised)]
        corrected, withdrawn = published[0], published[-1]
        asyncio.run(produce(kafka, raw, changes(corrected, withdrawn)))
        wait_for(lambda: is_settled(kafka, digitised, corrected), "the correction and the withdrawal")
        wrong = mistakes(next(each for each in records(kafka, matched) if orjson.loads(each.value)["result"]))
        asyncio.run(produce(kafka, matched, wrong))
        unread = topic_prefix + topics.MATCHED_DEAD_LETTERS
        wait_for(lambda: len(records(kafka, unread)) >= len(wrong), "the dead letters of the registrar")
        metrics = "".join(worker.metrics() for worker in workers)
        everything = {name: records(kafka, topic_prefix + name) for name in set(NAMES) - OF_OTHERS}
    for name, found in everything.items():
        assert found, f"nothing went to {name}: nothing is shown of it"
        for record in found:
            if name not in ALLOWED and not is_marked(record):
                assert leaks(said_by(record)) == [], f"{name}, offset {record.offset}"
            assert leaks(" ".join(added(record).values())) == [], f"{name}, offset {record.offset}"
    marked = {name for name, found in everything.items() if any(map(is_marked, found))}
    assert marked == {*ALLOWED, topics.MATCHED, topics.MATCHED_DEAD_LETTERS}, "what the test itself put there"
    outcomes = {taken[0][0] for taken in steps.values()}
    assert {"digitised", "review", "dead_letter"} <= outcomes, "the test must reach every topic"
    assert settled
    codes = {
        name: {added(letter)["dlq-error-code"] for letter in everything[name]} for name in everything if ".dlq" in name
    }
    assert codes[topics.RAW_DEAD_LETTERS] == set(faulty), "the test must reach every way to be refused"
    assert codes[topics.MATCHED_DEAD_LETTERS] == {"internal.unexpected", "input.schema", "input.not_json"}
    assert all(taken[1][0] == "digitised" for taken in steps.values() if taken[0][0] == "review")
    assert leaks(metrics) == []
    logs = pipeline.logs()
    assert logs.count("record failed") == 2, "the registrar must fail on records"
    assert leaks(logs) == []
