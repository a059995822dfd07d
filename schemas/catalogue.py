"""The JSON Schemas, read from the package and by name: `address.raw.v1`, `batch.status.v1` and so on."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson

Schema = dict[str, Any]

COMMON = "address.common.v1"
URN = "urn:diachi:schema:"

_SUFFIX = ".schema.json"
_ANNOTATIONS = ("$id", "$schema")


def schema_id(name: str) -> str:
    """The `$id` of a schema, which is also the `ce_dataschema` of its records."""
    return URN + name


@cache
def schemas() -> dict[str, Schema]:
    """All schemas by name, sorted, with the shared definitions under COMMON."""
    folder = files("schemas") / "json"
    found = {path.name.removesuffix(_SUFFIX): path for path in folder.iterdir() if path.name.endswith(_SUFFIX)}
    return {name: orjson.loads(found[name].read_bytes()) for name in sorted(found)}


def record_names() -> tuple[str, ...]:
    """The names of all record schemas."""
    return tuple(name for name in schemas() if name != COMMON)


@cache
def registry() -> jsonschema_rs.Registry:
    """All schemas by `$id`, for validators that follow references between them."""
    return jsonschema_rs.Registry([(schema["$id"], schema) for schema in schemas().values()])


def self_contained(name: str) -> Schema:
    """The schema with every reference replaced by what it names, for tools that read one document.

    Raises KeyError for an unknown name.
    """
    whole: Schema = jsonschema_rs.dereference(schemas()[name], registry=registry())
    return {keyword: value for keyword, value in whole.items() if keyword not in (*_ANNOTATIONS, "$defs")}
