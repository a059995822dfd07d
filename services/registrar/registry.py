"""The code registry of one input partition: typed reads, and writes that are kept back until an event succeeded."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from schemas.codec import decode, encode
from schemas.registrar_state import Area, Cell, Dwelling, RegisteredCode, RegisteredRecord
from services.address.vpostcode import code_key
from services.stream.state import StateStore

Entry = TypeVar("Entry", RegisteredRecord, RegisteredCode, Cell, Dwelling, Area)


class Registry:
    """A view of the state store for one event, which happened `at` (RFC 3339). Nothing reaches the store before
    `apply`."""

    def __init__(self, store: StateStore, at: str | None = None) -> None:
        self._store = store
        self.at = at
        self._pending: dict[bytes, RegisteredRecord | RegisteredCode | Cell | Dwelling | Area | None] = {}

    def record(self, area: str, record_key: str) -> RegisteredRecord | None:
        """What the area knows of a source's record."""
        return self._get(RegisteredRecord, _record(area, record_key))

    def put_record(self, area: str, record_key: str, entry: RegisteredRecord) -> None:
        self._pending[_record(area, record_key)] = entry

    def code(self, code: str, unit: str | None) -> RegisteredCode | None:
        """An issued code, in use or retired."""
        return self._get(RegisteredCode, _code(code, unit))

    def resolve(self, code: str, unit: str | None) -> RegisteredCode | None:
        """The entry that a code stands for now: its own, or the one at the end of its aliases."""
        entry = self.code(code, unit)
        while entry is not None and entry.alias_of is not None:
            entry = self._get(RegisteredCode, f"code:{entry.alias_of}".encode())
        return entry

    def put_code(self, entry: RegisteredCode) -> None:
        """Write an entry down, with the time when it is retired. A new one bears `at` as `issued_at`."""
        key = _code(entry.code, entry.unit)
        if entry.status == "retired":
            entry = replace(entry, retired_at=self.at)
        self._pending[key] = entry

    def dwelling(self, area: str, dwelling_id: str) -> Dwelling | None:
        """The code of a dwelling that is in use."""
        return self._get(Dwelling, _dwelling(area, dwelling_id))

    def put_dwelling(self, area: str, dwelling_id: str, entry: Dwelling | None) -> None:
        self._pending[_dwelling(area, dwelling_id)] = entry

    def next_unit(self, code: str) -> int:
        """The number of the next dwelling in a cell, counted as used."""
        if self.code(code, None) is None:
            return 1
        cell = self._get(Cell, _cell(code)) or Cell(last_unit=1)
        self._pending[_cell(code)] = Cell(last_unit=cell.last_unit + 1)
        return cell.last_unit + 1

    def next_serial(self, area: str) -> int:
        """The next provisional serial of an area, counted as used."""
        key = _area(area)
        serial = (self._get(Area, key) or Area(last_serial=0)).last_serial + 1
        self._pending[key] = Area(last_serial=serial)
        return serial

    def apply(self) -> None:
        """Write the changes of the event to the store."""
        self._store.put_all({key: None if entry is None else encode(entry) for key, entry in self._pending.items()})
        self._pending = {}

    def _get(self, entry_type: type[Entry], key: bytes) -> Entry | None:
        if key in self._pending:
            pending = self._pending[key]
            return pending if isinstance(pending, entry_type) else None
        value = self._store.get(key)
        return None if value is None else decode(entry_type, value)


def _record(area: str, record_key: str) -> bytes:
    return f"record:{area}:{record_key}".encode()


def _code(code: str, unit: str | None) -> bytes:
    return f"code:{code_key(code, unit)}".encode()


def _cell(code: str) -> bytes:
    return f"cell:{code}".encode()


def _dwelling(area: str, dwelling_id: str) -> bytes:
    return f"dwelling:{area}:{dwelling_id}".encode()


def _area(area: str) -> bytes:
    return f"area:{area}".encode()
