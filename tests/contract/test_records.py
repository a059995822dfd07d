"""The Python records and the schemas agree, field by field: names, types, null, enums, what is required."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from msgspec.structs import fields

from schemas.address import Components
from schemas.catalogue import record_names, schemas, self_contained
from schemas.raw import Decision, Householder, RawAddress, RawPosition
from schemas.record import Record
from schemas.village import ConfirmedVillage
from services.address.faults import Fault
from services.address.position import VIETNAM
from tests.contract.records import RECORDS

# What others write may leave optional fields out, and what earlier releases wrote stays on a compacted topic; what the
# services write never does.
FROM_OUTSIDE = {RawAddress, RawPosition, Householder, Decision, Components, ConfirmedVillage}
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}

Schema = dict[str, Any]


def forms(record: str) -> dict[str, Schema]:
    """The schema of a record by `kind`, under an empty name where it has one form."""
    schema = self_contained(record)
    if "oneOf" not in schema:
        return {"": schema}
    return {form["properties"]["kind"]["const"]: form for form in schema["oneOf"]}


def split_null(schema: Schema) -> tuple[bool, Schema]:
    """Whether null is allowed, and the schema of the rest."""
    if "anyOf" in schema:
        rest = [part for part in schema["anyOf"] if part != {"type": "null"}]
        assert len(rest) == 1
        return len(rest) < len(schema["anyOf"]), rest[0]
    if "allOf" in schema and "type" not in schema:
        return False, schema["allOf"][0]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        (kind,) = [kind for kind in kinds if kind != "null"]
        return "null" in kinds, {**schema, "type": kind}
    return False, schema


def split_none(hint: Any) -> tuple[bool, Any]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        assert len(rest) == 1, hint
        return True, rest[0]
    return False, hint


def differences(hint: Any, schema: Schema, where: str) -> Iterator[str]:
    """How a type hint and a schema disagree."""
    optional, hint = split_none(hint)
    nullable, schema = split_null(schema)
    if optional != nullable:
        yield f"{where}: null {'missing' if optional else 'allowed'} in the schema"
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        allowed = schema.get("enum", [schema.get("const")])
        if tuple(allowed) != arguments:
            yield f"{where}: {arguments} against {allowed}"
    elif isinstance(hint, type) and issubclass(hint, Enum):
        if [member.value for member in hint] != schema.get("enum"):
            yield f"{where}: {[member.value for member in hint]} against {schema.get('enum')}"
    elif hint in PLAIN:
        if schema.get("type") != PLAIN[hint]:
            yield f"{where}: {PLAIN[hint]} against {schema.get('type')}"
    elif isinstance(hint, type) and issubclass(hint, Record):
        yield from object_differences(hint, schema, where)
    elif origin is dict:
        yield from differences(arguments[1], schema["additionalProperties"], f"{where}/*")
    elif origin is tuple and arguments[-1] is Ellipsis:
        yield from differences(arguments[0], schema["items"], f"{where}/*")
    elif origin is tuple:
        if len(schema["prefixItems"]) != len(arguments) or schema["items"] is not False:
            yield f"{where}: another number of items"
        for argument, item in zip(arguments, schema["prefixItems"], strict=False):
            yield from differences(argument, item, f"{where}/*")
    else:
        raise AssertionError(f"{where}: no rule for {hint}")


def object_differences(record: Any, schema: Schema, where: str) -> Iterator[str]:
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield f"{where}: not a closed object"
        return
    hints = get_type_hints(record)
    names = [field.name for field in fields(record)]
    if set(names) != set(schema["properties"]):
        yield f"{where}: {sorted(set(names) ^ set(schema['properties']))} stand on one side only"
    optional = {field.name for field in fields(record) if not field.required}
    required = set(names) - optional if record in FROM_OUTSIDE else set(names)
    if set(schema.get("required", ())) != required:
        yield f"{where}: required differ in {sorted(set(schema.get('required', ())) ^ required)}"
    for name in set(names) & set(schema["properties"]):
        yield from differences(hints[name], schema["properties"][name], f"{where}/{name}")


@pytest.mark.parametrize("record", record_names())
def test_python_record_and_schema_agree(record: str) -> None:
    schema_forms = forms(record)
    assert set(schema_forms) == set(RECORDS[record])
    for kind, python in RECORDS[record].items():
        assert list(object_differences(python, schema_forms[kind], kind)) == []


def test_disagreements_are_seen() -> None:
    """The comparison itself: each change of a schema shows."""
    base = forms("address.review.v1")[""]
    properties = base["properties"]
    changes: list[Schema] = [
        {**base, "additionalProperties": True},
        {**base, "required": base["required"][1:]},
        {**base, "properties": {**properties, "more": {"type": "string"}}},
        {**base, "properties": {**properties, "published": {"type": "string"}}},
        {**base, "properties": {**properties, "version": {"type": ["integer", "null"]}}},
        {**base, "properties": {**properties, "batch_id": {"type": "string"}}},
    ]
    for changed in changes:
        assert list(object_differences(RECORDS["address.review.v1"][""], changed, ""))


def parts(schema: Any, where: str) -> Iterator[tuple[str, Schema]]:
    if isinstance(schema, dict):
        yield where, schema
        for name, part in schema.items():
            if name not in ("examples", "if", "then", "else", "required"):
                yield from parts(part, f"{where}/{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from parts(part, f"{where}/{number}")


def unbounded(schema: Schema) -> bool:
    """Whether a value that fits the schema can be of any size."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "string" in kinds and "maxLength" not in schema:
        return re.search(r"[*+]|^[^^]|[^$]$|,\}", schema.get("pattern", "x*")) is not None
    if {"number", "integer"} & set(kinds):
        return not {"minimum", "maximum"} <= set(schema)
    if "array" in kinds:
        return "maxItems" not in schema
    return isinstance(schema.get("additionalProperties"), dict) and "maxProperties" not in schema


@pytest.mark.parametrize("name", sorted(schemas()))
def test_everything_is_bounded(name: str) -> None:
    loose = [where for where, schema in parts(schemas()[name], "") if unbounded(schema)]
    assert loose == []


def test_every_fault_can_be_published() -> None:
    pattern = schemas()["address.common.v1"]["$defs"]["reason"]["pattern"]
    assert [fault for fault in Fault if not re.fullmatch(pattern, fault.value)] == []


def test_positions_are_bounded_as_the_core_bounds_them() -> None:
    common = schemas()["address.common.v1"]["$defs"]
    assert (common["latitude"]["minimum"], common["latitude"]["maximum"]) == (VIETNAM.south, VIETNAM.north)
    assert (common["longitude"]["minimum"], common["longitude"]["maximum"]) == (VIETNAM.west, VIETNAM.east)
