"""Puts the values of a row into the fields of a raw record. What has the wrong form stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

import orjson

from services.intake.mapping import NUMBER_FIELDS, PERSON_FIELDS, TEXT_FIELDS, ColumnMap
from services.intake.numbers import read_decimal, read_epsg, read_metres

_MOST_EXTRA_TEXT = 1000
_NUMBERS: dict[str, Callable[[str], float | int | str]] = {
    **dict.fromkeys(NUMBER_FIELDS, read_decimal),
    "easting": read_metres,
    "northing": read_metres,
    "epsg": read_epsg,
}
# Where a record has an object, and an object that has a record's own form too.
_OBJECTS = ("position", "householder", "extra")
_Part: TypeAlias = dict[str, Any] | None
_Parts: TypeAlias = tuple[_Part, _Part, _Part]


class Filling:
    """The way from the columns of a map to fields, worked out once for all rows that have these columns."""

    def __init__(self, columns: ColumnMap, names: Collection[str]) -> None:
        """`names` are all columns that a row can have."""
        column_of = columns.columns
        self.id_column = column_of.get("id")
        self._has_address = "address" in column_of
        self._texts = [(name, column_of[name]) for name in TEXT_FIELDS if name in column_of]
        self._numbers = [(name, column_of[name], _NUMBERS[name]) for name in NUMBER_FIELDS if name in column_of]
        self._persons = [
            (name.removeprefix("householder_"), column_of[name]) for name in PERSON_FIELDS if name in column_of
        ]
        self._extra = columns.extra
        self._parts = columns.address_parts
        self._composes = not self._has_address and bool(columns.address_parts or "village" in column_of)
        self._has_objects = any(name in names for name in _OBJECTS)

    def fill(self, record: dict[str, Any], values: Mapping[str, Any]) -> None:
        """Add the fields of a row to a record, in the order of the contract."""
        if self._has_address:
            record["address"] = ""
        for name, column in self._texts:
            if (value := values.get(column)) is not None and (value := _trimmed(value)) != "":
                record[name] = value
        if self._composes:
            record["address"] = self._composed(record, values)
        parts = (self._point(values), self._person(values), self._own(values))
        if self._has_objects:
            parts = _with_objects(parts, values)
        point, person, extra = parts
        if point is not None:
            record["position"] = point
        if person is not None:
            record["householder"] = person
        if extra is not None:
            record["extra"] = extra

    def _composed(self, record: dict[str, Any], values: Mapping[str, Any]) -> str:
        """The address of a row that has it in parts; what its own fields say is added to it later."""
        parts = [str(values[name]).strip() for name in self._parts if values.get(name) is not None]
        text = ", ".join(part for part in parts if part)
        return text or str(record.pop("village", ""))

    def _point(self, values: Mapping[str, Any]) -> _Part:
        point = {}
        for name, column, read in self._numbers:
            if (value := values.get(column)) is not None and (value := _trimmed(value)) != "":
                point[name] = read(value) if isinstance(value, str) else value
        return point or None

    def _person(self, values: Mapping[str, Any]) -> _Part:
        person = {}
        for name, column in self._persons:
            value = _trimmed(values.get(column))
            if value is not None and value != "" and not isinstance(value, dict):
                person[name] = str(value) if isinstance(value, int | float) else value
        return person or None

    def _own(self, values: Mapping[str, Any]) -> _Part:
        """The operator's own columns, as text."""
        own = {}
        for column in self._extra:
            if (value := values.get(column)) is not None:
                own[column] = _text(value)[:_MOST_EXTRA_TEXT]
        return own or None


def _with_objects(parts: _Parts, values: Mapping[str, Any]) -> _Parts:
    """Parts with those of an object that comes with them as objects; these are no columns of the operator's own."""
    own = {name: value for name in _OBJECTS if isinstance(value := values.get(name), dict)}
    point, person, extra = parts
    extra = {name: text for name, text in (extra or {}).items() if name not in own}
    point, person, extra = (
        {**own[name], **(part or {})} if name in own else part
        for name, part in zip(_OBJECTS, (point, person, extra), strict=True)
    )
    return point, person, extra or None


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
