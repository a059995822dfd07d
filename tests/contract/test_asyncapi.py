"""The AsyncAPI document agrees with the code, with the schemas, and with itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import schemas
from schemas.asyncapi import TopicSpec, document, one_file, payload_record, resolve, topics
from schemas.catalogue import record_names, schema_id
from schemas.catalogue import schemas as all_schemas
from schemas.dead_letter import DeadLetterCode, DeadLetterHeader, ReplayHeader
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream import envelope
from services.stream import topics as names
from services.stream.settings import read_settings
from services.stream.topic_admin import COPARTITIONED, wanted_topic

NAMES = {value for name, value in vars(names).items() if name.isupper()}
STATES = {names.NORMALISER_STATE, names.REGISTRAR_STATE}
DEAD_LETTERS = {names.RAW_DEAD_LETTERS, names.MATCHED_DEAD_LETTERS}
COMPACTED = {
    *STATES,
    names.REVIEW,
    names.DIGITISED,
    names.MAP_FEATURE,
    names.NATIONAL,
    names.BATCH_STATUS,
    names.VILLAGES,
}
PUBLIC = {names.DIGITISED, names.MAP_FEATURE, names.NATIONAL}
DAY_MS = 24 * 60 * 60 * 1000

SPECS = {spec.name: spec for spec in topics()}


def messages(topic: str) -> list[dict[str, Any]]:
    return [resolve(message["$ref"]) for message in document()["channels"][topic]["messages"].values()]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for member in part.values():
            yield from references(member)
    elif isinstance(part, list):
        for member in part:
            yield from references(member)


def test_channels_are_the_topics_of_the_code() -> None:
    assert set(SPECS) == NAMES
    assert set(document()["channels"]) == NAMES


def test_every_reference_leads_somewhere() -> None:
    folder = Path(schemas.__file__).parent
    found = set(references(document()))
    assert found
    for reference in found:
        if reference.startswith("#/"):
            resolve(reference)
        else:
            assert (folder / reference).is_file(), reference


def test_every_record_is_the_payload_of_one_message() -> None:
    payloads = [payload_record(message) for topic in SPECS for message in messages(topic)]
    assert sorted(name for name in payloads if name) == sorted(record_names())
    assert payloads.count(None) == len(DEAD_LETTERS)
    used = {message["$ref"] for channel in document()["channels"].values() for message in channel["messages"].values()}
    assert used == {f"#/components/messages/{name}" for name in document()["components"]["messages"]}


@pytest.mark.parametrize("topic", sorted(NAMES - STATES - DEAD_LETTERS))
def test_events_name_their_type_and_schema(topic: str) -> None:
    for message in messages(topic):
        record = payload_record(message)
        assert record is not None
        base, own = message["headers"]["allOf"]
        assert own["properties"]["ce_type"] == {"const": f"vn.{record}"}
        assert own["properties"]["ce_dataschema"] == {"const": schema_id(record)}
        required = resolve(base["$ref"]).get("required", [])
        made = envelope.event_headers(topic, "/diachi/x", event="e" * 36, subject=b"k", time=b"t", trace=None)
        assert set(required) == (set() if topic == names.RAW else {name for name, _ in made})


def test_headers_are_those_of_the_code() -> None:
    parts = document()["components"]["schemas"]
    dead_letter = parts["deadLetterHeaders"]
    assert set(dead_letter["required"]) == {header.value for header in DeadLetterHeader}
    assert parts["errorCode"]["enum"] == [code.value for code in DeadLetterCode]
    assert set(dead_letter["properties"]["dlq-stage"]["enum"]) == {Normaliser.name, Registrar.name}
    assert {envelope.BATCH_ID, envelope.LINE_NO} <= set(parts["rawHeaders"]["properties"])
    for headers in ("rawHeaders", "eventHeaders"):
        assert {header.value for header in ReplayHeader} <= set(parts[headers]["properties"])
    for topic in DEAD_LETTERS:
        assert messages(topic)[0]["headers"] == {"$ref": "#/components/schemas/deadLetterHeaders"}
    for topic in STATES:
        assert messages(topic)[0]["headers"] == {"$ref": "#/components/schemas/noHeaders"}


def test_keys_are_written_as_in_the_records() -> None:
    common, keys = all_schemas()["address.common.v1"]["$defs"], document()["components"]["schemas"]
    for key, definition in (
        ("recordKey", "recordKey"),
        ("areaKey", "registryArea"),
        ("codeKey", "codeWithUnit"),
        ("batchKey", "batchId"),
    ):
        assert keys[key]["pattern"] == common[definition]["pattern"]


def test_who_sends_and_receives_is_who_may() -> None:
    principals = document()["info"]["x-principals"]
    readers: dict[str, set[str]] = {topic: set() for topic in SPECS}
    writers: dict[str, set[str]] = {topic: set() for topic in SPECS}
    for name, operation in document()["operations"].items():
        who, action, topic = name.split(".", 2)
        assert who in principals
        assert action == operation["action"]
        assert operation["channel"]["$ref"] == f"#/channels/{topic}"
        (writers if action == "send" else readers)[topic].add(who)
    for topic, spec in SPECS.items():
        assert readers[topic] == set(spec.readers), topic
        assert writers[topic] == set(spec.writers), topic


def test_the_services_may_do_what_they_do() -> None:
    for stage in (Normaliser, Registrar):
        assert stage.name in SPECS[stage.input_topic].readers
        assert SPECS[stage.state_topic].writers == (stage.name,)
        assert set(SPECS[stage.state_topic].readers) <= {stage.name, "reprocess-tool"}
        assert SPECS[stage.dead_letter_topic].writers == (stage.name,)
    for topic in PUBLIC:
        assert SPECS[topic].writers == (Registrar.name,), "each key has one writer"


@pytest.mark.parametrize(("topic", "days"), [(names.RAW, 7), (names.RAW_DEAD_LETTERS, 14)])
def test_personal_data_are_kept_for_days(topic: str, days: int) -> None:
    config = SPECS[topic].config
    assert config["cleanup.policy"] == "delete", "compaction keeps a record for ever"
    assert int(config["retention.ms"]) == days * 86_400_000
    # The broker deletes whole segments: a long one would keep its first record for as long again.
    assert int(config["segment.ms"]) <= 86_400_000
    assert "retention.bytes" not in config


def test_personal_data_stay_in_raw_and_its_dead_letters() -> None:
    personal = {topic for topic, spec in SPECS.items() if spec.personal_data}
    assert personal == {names.RAW, names.RAW_DEAD_LETTERS}
    for topic in personal:
        assert int(SPECS[topic].config["retention.ms"]) <= 14 * DAY_MS
        assert not {"map-service", "national-platform"} & {*SPECS[topic].readers, *SPECS[topic].writers}


def test_what_is_kept_and_how_long() -> None:
    assert {topic for topic, spec in SPECS.items() if spec.compacted} == COMPACTED
    for topic, spec in SPECS.items():
        assert spec.config["cleanup.policy"] == ("compact" if topic in COMPACTED else "delete")
        if topic in COMPACTED:
            assert int(spec.config["delete.retention.ms"]) == 7 * DAY_MS, topic
        else:
            assert int(spec.config["retention.ms"]) >= 7 * DAY_MS, topic
            # Retention counts from arrival, whatever time a producer claims.
            assert spec.config["message.timestamp.type"] == "LogAppendTime", topic
    assert {topic for topic in PUBLIC | {names.RAW, names.REVIEW} if SPECS[topic].tombstone is None} == set()


def test_a_refused_record_fits_into_its_dead_letters() -> None:
    limits = {topic: int(spec.config["max.message.bytes"]) for topic, spec in SPECS.items()}
    assert read_settings().max_record_bytes * 8 <= limits[names.RAW]
    assert limits[names.RAW] * 2 <= limits[names.RAW_DEAD_LETTERS]
    assert limits[names.MATCHED] * 2 <= limits[names.MATCHED_DEAD_LETTERS]
    assert SPECS[names.RAW].config["compression.type"] == "uncompressed"


def test_settings_and_document_agree_on_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIACHI_PARTITIONS", raising=False)
    # Of the villages the order counts: results say up to which offset they are known.
    assert SPECS[names.VILLAGES].partitions == wanted_topic(SPECS[names.VILLAGES], partitions=4).partitions == 1
    assert {spec.partitions for spec in topics() if spec.name != names.VILLAGES} == {read_settings().partitions}
    for first, second in COPARTITIONED:
        assert SPECS[first].partitions == SPECS[second].partitions
    assert (Normaliser.input_topic, Normaliser.state_topic) in COPARTITIONED
    assert (Registrar.input_topic, Registrar.state_topic) in COPARTITIONED


def wanted(topic: str, **changes: Any) -> dict[str, str]:
    return dict(wanted_topic(SPECS[topic], "x.", **changes).config)


def test_a_topic_is_adapted_to_its_installation() -> None:
    spec: TopicSpec = SPECS[names.DIGITISED]
    assert wanted_topic(spec).name == spec.name
    made = wanted_topic(spec, "x.", partitions=3, replication_factor=1)
    assert (made.name, made.partitions, made.replication_factor) == ("x.address.digitised.v1", 3, 1)
    assert made.config["min.insync.replicas"] == "1"
    assert wanted(names.DIGITISED)["min.insync.replicas"] == "2"
    plain = wanted(names.DIGITISED, compaction=False)
    assert plain["cleanup.policy"] == "delete"
    assert plain["retention.ms"] == "-1"
    assert "delete.retention.ms" not in plain
    assert wanted(names.RAW, compaction=False) == wanted(names.RAW)
    assert wanted(names.RAW, overrides={"retention.ms": "1"})["retention.ms"] == "1"


def test_one_file_has_no_reference_out_of_itself() -> None:
    assert all(reference.startswith("#/") for reference in references(one_file()))
    payload = one_file()["components"]["messages"]["mapFeature"]["payload"]["schema"]
    assert payload["properties"]["geometry"]["anyOf"][1]["properties"]["type"] == {"const": "Point"}
