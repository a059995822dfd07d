"""What a record breaks of its schema, in words: what, where, and how to mend it, and never the value itself.

The name of an unknown property, and a name inside a free-form object, can be personal data as well as a value can:
pointers carry only names that stand in the schema, `*` elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple

from jsonschema_rs import ValidationError, ValidationErrorKind

from schemas.catalogue import Schema, schemas

Path = Sequence[str | int]

_CHOICES = (ValidationErrorKind.AnyOf, ValidationErrorKind.OneOfNotValid)
_JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """`pointer` is the JSON pointer of the place, `rule` the keyword it breaks, `message` the sentence for people."""

    pointer: str
    rule: str
    message: str

    def __str__(self) -> str:
        return self.message


class Meant(NamedTuple):
    """One error, followed into the form that the value means to have. `types` are those allowed, for rule `type`."""

    rule: str
    error: ValidationError
    types: tuple[str, ...] = ()


@cache
def known_names() -> frozenset[str]:
    """All property names that stand in a schema."""
    names: set[str] = set()
    waiting: list[Any] = list(schemas().values())
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            properties = part.get("properties")
            names.update(properties if isinstance(properties, dict) else ())
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return frozenset(names)


def meant(error: ValidationError) -> Meant:
    """The error that tells the sender most: inside the one form of `anyOf` or `oneOf` that fits the value's kind."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Type):
        return Meant("type", error, _ordered(kind.types))
    if not isinstance(kind, _CHOICES):
        return Meant(kind.name, error)
    here = list(error.instance_path)
    wrong_type = [[e for e in form if e.kind.name == "type" and list(e.instance_path) == here] for form in kind.context]
    if all(wrong_type):
        types = [name for form in wrong_type for name in form[0].kind.types]  # type: ignore[attr-defined]
        return Meant("type", error, _ordered(types))
    fitting = [form for form, wrong in zip(kind.context, wrong_type, strict=True) if form and not wrong]
    if len(fitting) > 1:  # A constant inside, such as `kind`, tells them apart.
        fitting = [form for form in fitting if not any(e.kind.name == "const" for e in form)]
    return _first([meant(inner) for inner in fitting[0]]) if len(fitting) == 1 else Meant(kind.name, error)


def describe(errors: Sequence[Meant], schema: Schema) -> SchemaFault:
    """The fault to report of at least one error."""
    chosen = _first(errors)
    place = _place(_evaluation_path(chosen.error), schema)
    pointer = _pointer(chosen.error)
    parts = [f"{pointer or 'the record'}: {_what(chosen, place)}.", *_mend(chosen, place)]
    others = len({_pointer(other.error) for other in errors} - {pointer})
    if others:
        parts.append(f"({others} more {'faults' if others > 1 else 'fault'} in this record.)")
    return SchemaFault(pointer, chosen.rule, " ".join(parts))


def _first(errors: Iterable[Meant]) -> Meant:
    # An unknown property goes first: a misspelt name explains the missing one.
    def rank(found: Meant) -> tuple[bool, list[str], str]:
        path = [str(part) for part in found.error.instance_path]
        return found.rule != "additionalProperties", path, found.rule

    return min(errors, key=rank)


def _ordered(types: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(types), key=lambda name: (name == "null", name)))


def _pointer(error: ValidationError) -> str:
    path = list(error.instance_path)
    if isinstance(error.kind, ValidationErrorKind.Required):
        path.append(error.kind.property)
    names = known_names()
    return "".join(f"/{part}" if isinstance(part, int) or part in names else "/*" for part in path)


def _evaluation_path(error: ValidationError) -> list[str | int]:
    """Where the broken keyword stands; for a missing property, where its own schema does."""
    path = list(error.evaluation_path)
    if isinstance(error.kind, ValidationErrorKind.Required):
        path[-1:] = ["properties", error.kind.property, "required"]
    return path


def _place(evaluation_path: Path, schema: Schema) -> Schema:
    """The subschema that holds the last keyword of a path, with the notes that stand nearest to the property."""
    root = schema
    part: Any = schema
    notes: Schema = {}
    for step in evaluation_path[:-1]:
        if step == "$ref":
            part, root = _resolve(part["$ref"], root)
        else:
            part = part[int(step)] if isinstance(part, list) else part.get(step, {})
        if step in ("properties", "items", "additionalProperties", "prefixItems"):
            notes = {}
        elif isinstance(part, dict):
            notes = _notes(part) | notes
    while isinstance(part, dict) and "$ref" in part:
        part, root = _resolve(part["$ref"], root)
        notes = _notes(part) | notes
    return {**part, **notes} if isinstance(part, dict) else notes


def _notes(part: Schema) -> Schema:
    return {keyword: part[keyword] for keyword in ("description", "examples") if keyword in part}


def _resolve(reference: str, root: Schema) -> tuple[Any, Schema]:
    """What a reference names, and the document it stands in."""
    urn, _, fragment = reference.partition("#")
    if urn:
        root = next(other for other in schemas().values() if other["$id"] == urn)
    part: Any = root
    for step in fragment.split("/")[1:]:
        part = part[step]
    return part, root


def _what(chosen: Meant, place: Schema) -> str:
    kind, rule = chosen.error.kind, chosen.rule
    match kind:
        case ValidationErrorKind.Required():
            return "is missing"
        case ValidationErrorKind.AdditionalProperties(unexpected=unexpected):
            return _unknown(unexpected, place)
        case ValidationErrorKind.MinLength(limit=limit):
            return "is empty" if limit == 1 else f"is shorter than {limit} characters"
        case ValidationErrorKind.MaxLength(limit=limit):
            return f"is longer than {limit:,} characters"
        case ValidationErrorKind.Minimum(limit=limit):
            return f"is less than {limit}"
        case ValidationErrorKind.Maximum(limit=limit):
            return f"is more than {limit}"
        case ValidationErrorKind.Enum(options=options):
            return f"is none of {', '.join(json.dumps(option) for option in options)}"
        case ValidationErrorKind.Constant(expected_value=expected):
            return f"is not {json.dumps(expected)}"
        case ValidationErrorKind.Format(format=name):
            return f"is not a {name}"
        case ValidationErrorKind.MaxProperties(limit=limit) | ValidationErrorKind.MaxItems(limit=limit):
            return f"has more than {limit:,} members"
        case ValidationErrorKind.MinItems(limit=limit):
            return f"has fewer than {limit:,} members"
        case ValidationErrorKind.Pattern():
            return "is not written as it should be"
        case ValidationErrorKind.OneOfNotValid():
            return "has none of the known forms"
        case ValidationErrorKind.PropertyNames():
            return "has a member whose name is not allowed"
    if rule == "type":
        found = _JSON_TYPES.get(type(chosen.error.instance), "null")
        return f"must be {' or '.join(chosen.types)}, not {found}"
    return f"breaks the rule {rule}"


def _unknown(unexpected: Sequence[str], place: Schema) -> str:
    allowed = list(place.get("properties", {}))
    count = len(unexpected)
    text = "has a property that is not known" if count == 1 else f"has {count} properties that are not known"
    alike = {near for name in unexpected for near in get_close_matches(name[:64], allowed, n=1, cutoff=0.75)}
    if alike:
        text += f" (perhaps {', '.join(sorted(alike))} misspelt)"
    return f"{text}; known are {', '.join(allowed)}"


def _mend(chosen: Meant, place: Schema) -> list[str]:
    if chosen.rule == "additionalProperties":
        return ["Put the operator's own columns into extra."] if "extra" in place.get("properties", {}) else []
    mend = []
    if "description" in place:
        mend.append(str(place["description"]).rstrip(".") + ".")
    if place.get("examples"):
        mend.append(f"Example: {json.dumps(place['examples'][0], ensure_ascii=False)}.")
    return mend
