"""`assert_published`: is a record on a topic as the AsyncAPI document and the schemas promise?

Tests of services call it on what these really publish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from gazetteer.names import tone_key
from schemas.asyncapi import document, payload_record, resolve
from schemas.validation import validator
from services.address.vpostcode import code_key, written_form

_DOCUMENT = "urn:diachi:asyncapi"

# What a record's key must say, given its value.
_KEYS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "address.raw.v1": lambda value: f"{value['source']}:{value['source_record_id']}",
    "address.decision.v1": lambda value: f"{value['source']}:{value['source_record_id']}",
    "address.reprocess.v1": lambda value: f"{value['source']}:{value['source_record_id']}",
    "address.matched.v1": lambda value: str(value["registry_area"]),
    "address.review.v1": lambda value: str(value["record_key"]),
    "address.digitised.v1": lambda value: code_key(value["code"], value["unit"]),
    "address.map-feature.v1": lambda value: code_key(value["properties"]["code"], value["properties"]["unit"]),
    "address.national.v1": lambda value: code_key(value["code"], value["unit"]),
    "batch.progress.v1": lambda value: str(value["batch_id"]),
    "batch.status.v1": lambda value: str(value["batch_id"]),
    "gazetteer.village.v1": lambda value: (
        f"{value['commune_code']}{'/' + value['legacy_commune_code'] if value['legacy_commune_code'] else ''}"
        f":{tone_key(value['kind'] + ' ' + value['name'])}"
    ),
    "dead-letter.handled.v1": lambda value: f"{value['topic']}:{value['partition']}:{value['offset']}",
}


def assert_published(
    topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> None:
    """Raise AssertionError, saying why, unless the record keeps the contract of `topic` (its name without prefix)."""
    channel = document()["channels"].get(topic)
    assert channel is not None, f"{topic} is not in the AsyncAPI document"
    # A dead letter keeps the producer's own headers, whatever bytes they are.
    errors = "replace" if topic.endswith(".dlq") else "strict"
    text = {name: (content or b"").decode(errors=errors) for name, content in headers}
    reference = _message_reference(channel, text)
    message = resolve(reference)
    _check(f"{reference}/headers", text, f"{topic}: headers")
    record = payload_record(message)
    if record is None:
        return
    assert len(text) == len(headers), f"{topic}: a header stands twice"
    assert key is not None, f"{topic}: no key"
    _check(message["bindings"]["kafka"]["key"]["$ref"], key.decode(), f"{topic}: key")
    assert text.get("ce_subject", key.decode()) == key.decode(), f"{topic}: ce_subject is not the key"
    if value is None:
        assert "x-tombstone" in channel, f"{topic}: a tombstone, which the contract does not have"
        return
    parsed = orjson.loads(value)
    fault = validator(record).check(parsed)
    assert fault is None, f"{topic}: {fault}"
    if record in _KEYS:
        assert key.decode() == _KEYS[record](parsed), f"{topic}: the key is not that of the value"
    if "written_code" in parsed:
        assert parsed["written_code"] == written_form(parsed["code"], parsed["unit"]), f"{topic}: written_code"


def _message_reference(channel: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """Where the message stands that `ce_type` names: the first of the channel, if it names none."""
    references = [message["$ref"] for message in channel["messages"].values()]
    named = [reference for reference in references if headers.get("ce_type") == f"vn.{resolve(reference)['name']}"]
    return str((named or references)[0])


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry([(_DOCUMENT, document())], draft=jsonschema_rs.Draft7)


@cache
def _compiled(reference: str) -> jsonschema_rs.Validator:
    # AsyncAPI's own schemas are a superset of draft 7.
    schema = {"$ref": _DOCUMENT + reference}
    return jsonschema_rs.Draft7Validator(schema, registry=_registry(), validate_formats=True)


def _check(reference: str, value: object, where: str) -> None:
    errors = [f"{'/'.join(map(str, e.instance_path))} {e.message}" for e in _compiled(reference).iter_errors(value)]
    assert not errors, f"{where}: {'; '.join(errors)}"
