"""The check of published records sees each way in which one can break the contract."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gazetteer.villages import village_key
from schemas.asyncapi import document
from schemas.codec import from_mapping
from schemas.dead_letter import DeadLetterCode
from schemas.village import ConfirmedVillage
from services.normaliser.villages import village_of
from services.stream import topics
from services.stream.envelope import Headers, event_headers, event_id
from services.stream.outputs import Outputs
from tests.contract.examples import valid_examples
from tests.contract.published import assert_published
from tests.unit.make import Record


def example(record: str, name: str) -> bytes:
    return next(found.data for found in valid_examples(record) if found.name == name)


LOCATED = example("address.digitised.v1", "located")
KEY = b"22110R6F7CJX"


def headers(topic: str = topics.DIGITISED, key: bytes = KEY, **changes: bytes | None) -> Headers:
    made = dict(
        event_headers(
            topic,
            "/diachi/registrar",
            event=event_id("t", 0, 1, topic, 0),
            subject=key,
            time=b"2025-11-23T07:12:05.120Z",
            trace=b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
    )
    for name, value in changes.items():
        if value is None:
            del made[name]
        else:
            made[name] = value
    return list(made.items())


def test_a_good_record_passes() -> None:
    assert_published(topics.DIGITISED, KEY, LOCATED, headers())
    assert_published(topics.DIGITISED, KEY, None, headers())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ce_id": None}, "ce_id"),
        ({"ce_id": b"6f0b1c52-91a4-4f3e-8d27-0c9b6e4a7f10"}, "ce_id"),
        ({"ce_type": b"vn.address.national.v1"}, "ce_type"),
        ({"ce_dataschema": b"urn:diachi:schema:address.national.v1"}, "ce_dataschema"),
        ({"ce_time": b"yesterday"}, "ce_time"),
        ({"ce_source": b"registrar"}, "ce_source"),
        ({"ce_subject": b"22110R6F7CJX-02"}, "ce_subject"),
        ({"ce_specversion": b"0.3"}, "ce_specversion"),
        ({"content-type": b"text/plain"}, "content-type"),
        ({"traceparent": b"00-xyz"}, "traceparent"),
        ({"householder": b"x"}, "householder"),
    ],
)
def test_bad_headers_do_not(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_published(topics.DIGITISED, KEY, LOCATED, headers(**changes))


def test_bad_keys_and_values_do_not() -> None:
    other = b"22110R6F7CJX-02"
    for key, value, sent, words in (
        (None, LOCATED, headers(), "no key"),
        (b"22110", LOCATED, headers(key=b"22110"), "key"),
        (other, LOCATED, headers(key=other), "not that of the value"),
        (KEY, orjson.dumps({**orjson.loads(LOCATED), "phone": "x"}), headers(), "not known"),
        (KEY, orjson.dumps({**orjson.loads(LOCATED), "written_code": "22110-R6F7CJX-8"}), headers(), "written_code"),
        (KEY, LOCATED, [*headers(), ("ce_id", b"x")], "ce_id|twice"),
    ):
        with pytest.raises(AssertionError, match=words):
            assert_published(topics.DIGITISED, key, value, sent)
    with pytest.raises(AssertionError, match="tombstone"):
        assert_published(topics.MATCHED, b"22110", None, headers(topics.MATCHED, b"22110"))
    with pytest.raises(AssertionError, match="not in the AsyncAPI document"):
        assert_published("address.raw.v2", KEY, LOCATED, headers())
    with pytest.raises(AssertionError, match="headers"):
        assert_published(topics.NORMALISER_STATE, b"post:1", None, headers())


def code_with_unit(value: dict[str, Any]) -> str:
    return f"{value['code']}-{value['unit']}" if value["unit"] else str(value["code"])


@pytest.mark.parametrize("record", [name for name in document()["channels"] if not name.endswith(".dlq")])
def test_every_valid_example_could_be_published(record: str) -> None:
    keys = {
        topics.NORMALISER_STATE: lambda value: "post:1",
        topics.REGISTRAR_STATE: lambda value: "area:22110",
        topics.MATCHED: lambda value: value["registry_area"],
        topics.REVIEW: lambda value: value["record_key"],
        topics.BATCH_PROGRESS: lambda value: value["batch_id"],
        topics.BATCH_STATUS: lambda value: value["batch_id"],
        topics.VILLAGES: lambda value: village_key(village_of(from_mapping(ConfirmedVillage, value))),
        topics.HANDLED_LETTERS: lambda value: f"{value['topic']}:{value['partition']}:{value['offset']}",
        topics.RAW: lambda value: f"{value['source']}:{value['source_record_id']}",
        topics.MAP_FEATURE: lambda value: value["id"],
    }
    for found in valid_examples(record):
        key = keys.get(record, code_with_unit)(found.value).encode()
        sent = [] if record.endswith("state.v1") else headers(record, key)
        assert_published(record, key, found.data, sent)


def test_decisions_have_their_own_type_on_the_raw_topic() -> None:
    decision = example("address.decision.v1", "commune_only")
    key = b"vnpost.08:CH/0931"
    assert_published(topics.RAW, key, decision, headers("address.decision.v1", key))
    with pytest.raises(AssertionError, match="not known"):
        assert_published(topics.RAW, key, decision, headers(topics.RAW, key))
    row = [("diachi-batch-id", b"b1"), ("diachi-line-no", b"7")]
    address = example("address.raw.v1", "optional_fields_null")
    assert_published(topics.RAW, key, address, [*headers(topics.RAW, key), *row])
    with pytest.raises(AssertionError, match="diachi-line-no"):
        assert_published(topics.RAW, key, address, row[:1])


def test_dead_letters_say_why() -> None:
    out = Outputs("normaliser", topics.RAW, "topic-id", topics.RAW_DEAD_LETTERS)
    out.dead_letter(Record(b"\xff\x00", key=b"\xfe", headers=(("x", b"1"),)), DeadLetterCode.NOT_UTF8, "byte 0")
    (letter,) = out.records
    assert_published(letter.topic, letter.key, letter.value, letter.headers)
    for missing in range(1, len(letter.headers)):
        with pytest.raises(AssertionError, match="dlq-"):
            assert_published(
                letter.topic, letter.key, letter.value, [h for i, h in enumerate(letter.headers) if i != missing]
            )
