"""Checks parsed JSON against the schemas. A validator is compiled once per process, when it is first asked for."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any

import jsonschema_rs

from schemas.catalogue import registry, schemas
from schemas.schema_fault import SchemaFault, describe, meant

# Records nest five levels at most; what goes far deeper is not one, and is costly to look into.
MAX_DEPTH = 32
MAX_DEPTH_RULE = "maxDepth"

# A record can break its schema in thousands of places; the worst of the first few says enough.
_LOOKED_AT = 50


class Validator:
    """Checks values against one schema."""

    def __init__(self, name: str) -> None:
        """Raises KeyError if no schema has that name."""
        self.name = name
        self._schema = schemas()[name]
        self._compiled = jsonschema_rs.validator_for(
            self._schema,
            registry=registry(),
            validate_formats=True,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )

    def check(self, value: Any) -> SchemaFault | None:
        """None if a parsed JSON value keeps to the schema, else its first fault, which never quotes the value."""
        if self._compiled.is_valid(value):
            return None
        if deeper_than(value, MAX_DEPTH):
            return SchemaFault("", MAX_DEPTH_RULE, f"the record: nests deeper than {MAX_DEPTH} levels; send it flat.")
        errors = [meant(error) for error in islice(self._compiled.iter_errors(value), _LOOKED_AT)]
        return describe(errors, self._schema)


@cache
def validator(name: str) -> Validator:
    """The validator of a record such as `address.raw.v1`. Raises KeyError for an unknown name."""
    return Validator(name)


def deeper_than(value: Any, depth: int) -> bool:
    """Whether lists and objects nest more than `depth` levels."""
    level = [value]
    for _ in range(depth + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
