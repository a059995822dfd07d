"""Rows of a file to records of `address.raw.v1`.

A row that makes no valid record is sent all the same, as near to its own form as can be: the normaliser refuses it
with an error that says what is wrong, and the batch accounts for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import orjson

from schemas.raw import Householder
from services.intake.mapping import NUMBER_FIELDS, PERSON_FIELDS, TEXT_FIELDS, ColumnMap, map_columns, map_keys
from services.intake.numbers import read_decimal, read_epsg, read_metres
from services.intake.table import Row

# What the raw topic takes, less room for key and headers. A longer row is cut: it is refused as too large either way.
_MOST_BYTES = 1_000_000
_MOST_EXTRA_TEXT = 1000
_HASH_BYTES = 8
_SOURCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_NUMBERS: dict[str, Callable[[str], float | int | str]] = {
    **dict.fromkeys(NUMBER_FIELDS, read_decimal),
    "easting": read_metres,
    "northing": read_metres,
    "epsg": read_epsg,
}


class SourceNameError(ValueError):
    """A source's name that the contract does not allow."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row, ready to be sent. `id` is the source's, or made up from the address; `line_no` the row's number.

    `extra` are the operator's own columns, and `householder` whose names must not go with them; both also where the row
    is no valid record.
    """

    line_no: int
    id: str
    key: bytes
    value: bytes
    row: Row
    extra: Mapping[str, str] = field(default_factory=dict)
    householder: Householder | None = None


class RecordBuilder:
    """Makes the records of one file. `columns` are its headings, None for JSON Lines; `chosen` says what is mapped.

    Without an id of the source, a row is known by a hash of its address and point, and by how many such rows came
    before it: the same file gives the same ids.
    """

    def __init__(
        self, source: str, columns: tuple[str, ...] | None, chosen: Mapping[str, str], batch_id: str | None = None
    ) -> None:
        """Raises SourceNameError, and MappingError when the headings cannot be mapped."""
        if not _SOURCE.fullmatch(source):
            raise SourceNameError(
                f"{source!r} is no name of a source: letters, digits, '.', '_' and '-', at most 64 (buudien-tuyenquang)"
            )
        self._source = source
        self._batch_id = batch_id
        self._chosen = chosen
        self._map = None if columns is None else map_columns(columns, chosen)
        self._maps: dict[tuple[str, ...], ColumnMap] = {}
        self._seen: dict[bytes, int] = {}

    @property
    def heading_map(self) -> ColumnMap | None:
        """How the headings are mapped; None for JSON Lines."""
        return self._map

    def map_of(self, values: Mapping[str, Any]) -> ColumnMap:
        """How a row's values are mapped."""
        if self._map is not None:
            return self._map
        keys = tuple(values)
        found = self._maps.get(keys)
        if found is None:
            if len(self._maps) >= 1000:
                self._maps.clear()
            found = self._maps[keys] = map_keys(keys, self._chosen)
        return found

    def build(self, row: Row) -> Record:
        """The record of one row."""
        if row.values is None:
            line = row.line or b""
            record_id = self._unnamed_id(line)
            return Record(row.number, record_id, self._key(record_id), line[:_MOST_BYTES], row)
        columns = self.map_of(row.values)
        fields = _fields(row.values, columns)
        # A merged cell that names several rows would make one record of them.
        id_column = columns.columns.get("id", "")
        given = None if id_column in row.repeated else row.values.get(id_column)
        record_id = "" if given is None else str(given).strip()
        if not record_id:
            record_id = self._unnamed_id(_to_json({name: fields.get(name) for name in (*TEXT_FIELDS, "position")}))
        record = {
            "source": self._source,
            "source_record_id": record_id,
            **fields,
            "batch_id": self._batch_id,
            "line_no": row.number,
        }
        if row.surplus:
            record["surplus_cells"] = row.surplus
        data = _to_json(record)[:_MOST_BYTES]
        extra, householder = _extra(fields), _householder(fields)
        return Record(row.number, record_id, self._key(record_id), data, row, extra, householder)

    def _unnamed_id(self, content: bytes) -> str:
        digest = blake2b(content, digest_size=_HASH_BYTES)
        nth = self._seen[digest.digest()] = self._seen.get(digest.digest(), 0) + 1
        return f"{digest.hexdigest()}-{nth}"

    def _key(self, record_id: str) -> bytes:
        return f"{self._source}:{record_id}".encode(errors="surrogateescape")


def _fields(values: Mapping[str, Any], columns: ColumnMap) -> dict[str, Any]:
    """The fields of a raw record. What has the wrong form stays as it is."""
    fields: dict[str, Any] = {"address": ""} if "address" in columns.columns else {}
    for name in TEXT_FIELDS:
        if (value := _cell(values, columns, name)) is not None:
            fields[name] = value
    if "address" not in columns.columns and (columns.address_parts or "village" in columns.columns):
        fields["address"] = _composed(values, columns, fields)
    point = {
        name: _number(name, value) for name in NUMBER_FIELDS if (value := _cell(values, columns, name)) is not None
    }
    person = {
        name.removeprefix("householder_"): str(value) if isinstance(value, int | float) else value
        for name in PERSON_FIELDS
        if (value := _cell(values, columns, name)) is not None and not isinstance(value, dict)
    }
    extra = {name: _text(value)[:_MOST_EXTRA_TEXT] for name in columns.extra if (value := values.get(name)) is not None}
    # An object that has a record's own form comes with these as objects.
    for name, part in (("position", point), ("householder", person), ("extra", extra)):
        own = values.get(name)
        if isinstance(own, dict):
            extra.pop(name, None)
            fields[name] = {**own, **part}
        elif part:
            fields[name] = part
    if not fields.get("extra", True):
        del fields["extra"]
    return fields


def _extra(fields: Mapping[str, Any]) -> dict[str, str]:
    own = fields.get("extra")
    return {name: text for name, text in own.items() if isinstance(text, str)} if isinstance(own, dict) else {}


def _householder(fields: Mapping[str, Any]) -> Householder | None:
    person = fields.get("householder")
    if not isinstance(person, dict):
        return None
    name, phone = (str(person[key]) if person.get(key) is not None else None for key in ("name", "phone"))
    return Householder(name, phone)


def _composed(values: Mapping[str, Any], columns: ColumnMap, fields: dict[str, Any]) -> str:
    """The address of a row that has it in parts; what its own fields say is added to it later."""
    parts = [str(values[name]).strip() for name in columns.address_parts if values.get(name) is not None]
    text = ", ".join(part for part in parts if part)
    return text or str(fields.pop("village", ""))


def _cell(values: Mapping[str, Any], columns: ColumnMap, name: str) -> Any:
    """The value of a field; None where it is empty or the field has no column."""
    value = values.get(columns.columns.get(name, ""))
    if isinstance(value, str):
        value = value.strip()
    return None if value == "" else value


def _number(name: str, value: Any) -> Any:
    return _NUMBERS[name](value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _to_json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # Bytes that are not UTF-8 go on as they are: the normaliser names them.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogateescape")
