"""Every valid example passes its schema and its Python record; every invalid one fails where it says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import gazetteer
from schemas.catalogue import record_names, schemas, self_contained
from schemas.codec import decode, encode
from schemas.schema_fault import SchemaFault
from schemas.validation import validator
from services.address.faults import Fault
from services.address.identity import address_id
from services.address.vpostcode import encode_located, written_form
from services.address.written_code import read_code
from tests.contract.examples import ROOT, Example, expected_faults, invalid_examples, valid_examples
from tests.contract.records import RECORDS, record_type


def test_every_record_has_examples_of_both_kinds() -> None:
    assert sorted(path.name for path in ROOT.iterdir()) == sorted(record_names()) == sorted(RECORDS)
    for record in record_names():
        assert len(valid_examples(record)) >= 3, record
        assert len(invalid_examples(record)) >= 5, record
        assert set(expected_faults(record)) == {f"{example.name}.json" for example in invalid_examples(record)}


@pytest.mark.parametrize("example", valid_examples(), ids=str)
def test_valid_example_passes(example: Example) -> None:
    assert validator(example.record).check(example.value) is None


@pytest.mark.parametrize("example", invalid_examples(), ids=str)
def test_invalid_example_fails_where_expected(example: Example) -> None:
    fault = validator(example.record).check(example.value)
    assert isinstance(fault, SchemaFault)
    expected = expected_faults(example.record)[f"{example.name}.json"]
    assert {"pointer": fault.pointer, "rule": fault.rule} == expected, fault.message
    assert fault.message.startswith(f"{fault.pointer or 'the record'}: ")


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return [without_nulls(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("example", valid_examples(), ids=str)
def test_python_record_reads_and_writes_the_same(example: Example) -> None:
    record = decode(record_type(example.record, example.value), example.data)
    written = orjson.loads(encode(record))
    assert validator(example.record).check(written) is None
    assert without_nulls(written) == without_nulls(example.value)


def members(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(member)


def objects() -> list[tuple[Example, dict[str, Any]]]:
    return [(example, found) for example in valid_examples() for found in members(example.value)]


def test_codes_of_examples_are_true() -> None:
    written = located = 0
    for example, found in objects():
        if "written_code" in found:
            written += 1
            assert found["written_code"] == written_form(found["code"], found["unit"]), example
            assert read_code(found["written_code"]).checked
        if found.get("proposed_code"):
            located += 1
            position = found["position"]
            assert found["proposed_code"] == encode_located(found["registry_area"], position["lat"], position["lon"])
    assert written >= 9
    assert located >= 3


def test_names_and_codes_of_places_in_examples_are_true() -> None:
    data = Path(gazetteer.__file__).parent / "data"
    with (data / "communes.csv").open(encoding="utf-8") as file:
        communes = {row["code"]: f"{row['kind']} {row['name']}" for row in csv.DictReader(file)}
    with (data / "postal_codes.csv").open(encoding="utf-8") as file:
        postal_codes = {row["commune"]: row["postal_code"] for row in csv.DictReader(file)}
    checked = 0
    for example, found in objects():
        code = found.get("commune_code")
        if code is None or found.get("commune") is None or "district_code" in found:
            continue
        checked += 1
        assert found["commune"] == communes[code], example
        area = found.get("registry_area", found.get("postal_code", postal_codes[code]))
        assert area == postal_codes[code], example
    assert checked >= 10


def test_keys_and_faults_of_examples_are_true() -> None:
    names = {fault.value for fault in Fault}
    for example, found in objects():
        if "record_key" in found:
            assert found["address_id"] == address_id(found["record_key"]), example
        assert set(found.get("faults", ())) <= names, example


def test_the_schemas_are_what_the_metaschema_allows() -> None:
    import jsonschema_rs

    for name, schema in schemas().items():
        jsonschema_rs.meta.validate(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == f"urn:diachi:schema:{name}"


@pytest.mark.parametrize("record", record_names())
def test_one_file_says_the_same_as_the_schema_with_references(record: str) -> None:
    """A keyword beside a reference is lost when the reference is resolved: constraints must not stand there."""
    import jsonschema_rs

    alone = jsonschema_rs.validator_for(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **self_contained(record)}, validate_formats=True
    )
    for example in valid_examples(record):
        assert alone.is_valid(example.value), example
    for example in invalid_examples(record):
        if expected_faults(record)[f"{example.name}.json"]["rule"] != "maxDepth":
            assert not alone.is_valid(example.value), example
