"""Whatever is written to the raw topic ends in the dead letters as it came, and the records around it come through."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from schemas.dead_letter import DeadLetterCode, DeadLetterHeader
from schemas.validation import MAX_DEPTH_RULE
from services.stream.envelope import BATCH_ID, LINE_NO, Headers
from services.stream.topics import DIGITISED, MATCHED, MATCHED_DEAD_LETTERS, RAW, RAW_DEAD_LETTERS
from tests.chaos.audit import account
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import create_service_topics

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"

Bad = tuple[str, bytes | None, bytes, DeadLetterCode]


def broken_examples(record: str) -> list[Bad]:
    """Every invalid example; `expected.json` beside them names the rule that each one breaks."""
    folder = EXAMPLES / record / "invalid"
    expected = orjson.loads((folder / "expected.json").read_bytes())
    return [
        (
            name,
            b"post:example",
            (folder / name).read_bytes(),
            DeadLetterCode.TOO_DEEP if fault["rule"] == MAX_DEPTH_RULE else DeadLetterCode.SCHEMA,
        )
        for name, fault in expected.items()
    ]


HOSTILE: list[Bad] = [
    ("not JSON", b"post:1", b"S\xe1\xbb\x91 5, x\xc3\xa3 Th\xc3\xa1i S\xc6\xa1n", DeadLetterCode.NOT_JSON),
    ("cut off", b"post:1", b'{"source": "post", "address": "S', DeadLetterCode.NOT_JSON),
    ("not UTF-8", b"post:1", b'{"source": "post", "address": "X\xe3 Th\xe1i S\xc6n"}', DeadLetterCode.NOT_UTF8),
    ("random bytes", b"post:1", bytes(range(256)), DeadLetterCode.NOT_UTF8),
    ("nothing", b"post:1", b"", DeadLetterCode.NOT_JSON),
    ("empty object", b"post:1", b"{}", DeadLetterCode.SCHEMA),
    ("a list", b"post:1", b"[]", DeadLetterCode.SCHEMA),
    ("too large", b"post:1", b'{"address": "' + b"a" * 900_000 + b'"}', DeadLetterCode.TOO_LARGE),
    ("nested deeply", b"post:1", b"[" * 500 + b"]" * 500, DeadLetterCode.TOO_DEEP),
    ("nested without end", b"post:1", b'{"a":' * 9000 + b"1" + b"}" * 9000, DeadLetterCode.TOO_DEEP),
    (
        "another record's key",
        b"post:2",
        b'{"source": "post", "source_record_id": "1", "address": "x"}',
        DeadLetterCode.KEY_MISMATCH,
    ),
    ("no key", None, b'{"source": "post", "source_record_id": "1", "address": "x"}', DeadLetterCode.KEY_MISMATCH),
]


def good(line_no: int) -> tuple[bytes, bytes, Headers]:
    raw = {
        "source": "post",
        "source_record_id": f"good-{line_no}",
        "address": f"Số nhà {line_no}, thôn 5, xã Thái Sơn, huyện Hàm Yên, tỉnh Tuyên Quang",
        "batch_id": "b1",
        "line_no": line_no,
    }
    return f"post:good-{line_no}".encode(), orjson.dumps(raw), []


def test_bad_records_become_dead_letters_and_the_others_come_through(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    bad = [*broken_examples("address.raw.v1"), *broken_examples("address.decision.v1"), *HOSTILE]
    rows: list[tuple[bytes | None, bytes | None, Headers]] = []
    for number, (_, key, value, _) in enumerate(bad):
        line = str(2 * number + 1).encode()
        rows.append((key, value, [(BATCH_ID, b"b1"), (LINE_NO, line), ("from", b"a colleague")]))
        rows.append(good(2 * number + 2))
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        pipeline.start("normaliser")
        pipeline.start("registrar")
        # One partition, so that the bad and the good are neighbours.
        asyncio.run(produce(kafka, topic_prefix + RAW, rows, partition=0))
        wait_for(lambda: len(asyncio.run(account(kafka, topic_prefix, "b1"))) >= len(rows), "all rows", 60)
        letters = asyncio.run(read_committed(kafka, topic_prefix + RAW_DEAD_LETTERS))
        letters.sort(key=lambda letter: int(dict(letter.headers)[DeadLetterHeader.OFFSET]))
        digitised = asyncio.run(read_committed(kafka, topic_prefix + DIGITISED))
        steps = asyncio.run(account(kafka, topic_prefix, "b1"))
    assert [(letter.key, letter.value) for letter in letters] == [(key, value) for _, key, value, _ in bad]
    for (name, _, _, code), letter in zip(bad, letters, strict=True):
        headers = dict(letter.headers)
        assert headers[DeadLetterHeader.ERROR_CODE].decode() == code, name
        assert headers[DeadLetterHeader.ERROR_DETAIL], name
        assert (headers[DeadLetterHeader.TOPIC], headers[DeadLetterHeader.STAGE]) == (RAW.encode(), b"normaliser")
        assert headers["from"] == b"a colleague"
    assert {orjson.loads(record.value)["line_no"] for record in digitised} == set(range(2, len(rows) + 1, 2))
    assert {line: taken[0][0] for line, taken in steps.items()} == {
        line: "dead_letter" if line % 2 else "digitised" for line in range(1, len(rows) + 1)
    }


@pytest.mark.parametrize("value", [b"{}", b"not JSON", b"\xff", None])
def test_a_stranger_on_the_matched_topic_is_put_aside(
    kafka: str, topic_prefix: str, tmp_path: Path, value: bytes | None
) -> None:
    asyncio.run(create_service_topics(kafka, topic_prefix, 1))
    asyncio.run(produce(kafka, topic_prefix + MATCHED, [(b"22110", value, [])]))
    asyncio.run(produce(kafka, topic_prefix + RAW, [good(1)]))
    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        pipeline.start("normaliser")
        pipeline.start("registrar")
        wait_for(lambda: len(asyncio.run(account(kafka, topic_prefix, "b1"))) == 1, "the good row", 60)
        (letter,) = asyncio.run(read_committed(kafka, topic_prefix + MATCHED_DEAD_LETTERS))
    assert (letter.key, letter.value) == (b"22110", value)
