"""Rows of a file to records of `address.raw.v1`.

A row that makes no valid record is sent all the same, as near to its own form as can be: the normaliser refuses it
with an error that says what is wrong, and the batch accounts for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

import orjson
from msgspec import Struct

from schemas.raw import Householder
from services.intake.filling import Filling
from services.intake.mapping import TEXT_FIELDS, ColumnMap, map_columns, map_keys
from services.intake.table import Row

# What the raw topic takes, less room for key and headers. A longer row is cut: it is refused as too large either way.
_MOST_BYTES = 1_000_000
_HASH_BYTES = 8
_SOURCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


class SourceNameError(ValueError):
    """A source's name that the contract does not allow."""


class Record(Struct, frozen=True, gc=False):
    """One row, ready to be sent. `id` is the source's, or made up from the address; `line_no` the row's number.

    `fields` are what `value` says of the row, also where it is no valid record; none where the row is not an object.
    """

    line_no: int
    id: str
    key: bytes
    value: bytes
    row: Row
    fields: Mapping[str, Any] = MappingProxyType({})

    @property
    def extra(self) -> dict[str, str]:
        """The operator's own columns."""
        own = self.fields.get("extra")
        return {name: text for name, text in own.items() if isinstance(text, str)} if isinstance(own, dict) else {}

    @property
    def householder(self) -> Householder | None:
        """Whose names must not go with the operator's own columns."""
        person = self.fields.get("householder")
        if not isinstance(person, dict):
            return None
        name, phone = (str(person[key]) if person.get(key) is not None else None for key in ("name", "phone"))
        return Householder(name, phone)


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
        self._fill = None if self._map is None or columns is None else Filling(self._map, columns)
        # Of JSON Lines, whose objects have keys of their own.
        self._maps: dict[tuple[str, ...], tuple[ColumnMap, Filling]] = {}
        self._seen: dict[bytes, int] = {}

    @property
    def heading_map(self) -> ColumnMap | None:
        """How the headings are mapped; None for JSON Lines."""
        return self._map

    def map_of(self, values: Mapping[str, Any]) -> ColumnMap:
        """How a row's values are mapped."""
        return self._map or self._of_keys(values)[0]

    def _of_keys(self, values: Mapping[str, Any]) -> tuple[ColumnMap, Filling]:
        keys = tuple(values)
        found = self._maps.get(keys)
        if found is None:
            if len(self._maps) >= 1000:
                self._maps.clear()
            column_map = map_keys(keys, self._chosen)
            found = self._maps[keys] = column_map, Filling(column_map, keys)
        return found

    def build(self, row: Row) -> Record:
        """The record of one row."""
        values = row.values
        if values is None:
            line = row.line or b""
            record_id = self._unnamed_id(line)
            return Record(row.number, record_id, self._key(record_id), line[:_MOST_BYTES], row)
        filling = self._fill or self._of_keys(values)[1]
        record: dict[str, Any] = {"source": self._source, "source_record_id": ""}
        filling.fill(record, values)
        # A merged cell that names several rows would make one record of them.
        column = filling.id_column
        given = None if column is None or column in row.repeated else values.get(column)
        record_id = "" if given is None else str(given).strip()
        if not record_id:
            record_id = self._unnamed_id(_to_json({name: record.get(name) for name in (*TEXT_FIELDS, "position")}))
        record["source_record_id"] = record_id
        record["batch_id"] = self._batch_id
        record["line_no"] = row.number
        if row.surplus:
            record["surplus_cells"] = row.surplus
        return Record(row.number, record_id, self._key(record_id), _to_json(record)[:_MOST_BYTES], row, record)

    def _unnamed_id(self, content: bytes) -> str:
        digest = blake2b(content, digest_size=_HASH_BYTES)
        nth = self._seen[digest.digest()] = self._seen.get(digest.digest(), 0) + 1
        return f"{digest.hexdigest()}-{nth}"

    def _key(self, record_id: str) -> bytes:
        return f"{self._source}:{record_id}".encode(errors="surrogateescape")


def _to_json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # Bytes that are not UTF-8 go on as they are: the normaliser names them.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogateescape")
