"""What is written by hand for speed is what the encoder writes."""

from __future__ import annotations

import pytest

from schemas.address import Position
from schemas.codec import encode
from schemas.registrar_state import Area, Cell, Dwelling, RegisteredCode, RegisteredRecord
from services.registrar.entries import Entry, entry_json

TRICKY = 'a"\\\n\0ệ'
CODE, UNIT, AT = "22110R6F7CJX", "02", "2026-01-02T03:04:05.678Z"
POINT = Position(21.5, 105.25, 11.0, "input.wgs84")
ENTRIES: list[Entry] = [
    RegisteredRecord(7, CODE, None),
    RegisteredRecord(7, CODE, UNIT),
    RegisteredRecord(7, None, None),
    RegisteredRecord(7, None, None, moved_to="22111"),
    RegisteredCode(CODE, None, "issued", 7, None, "id", 1, None),
    RegisteredCode(CODE, UNIT, "issued", 7, TRICKY, TRICKY, 12, POINT, issued_at=AT),
    RegisteredCode(CODE, UNIT, "issued", 7, "0" * 32, "id", 1, Position(0.0, 1e-7, 1e300, TRICKY), (CODE, TRICKY)),
    RegisteredCode(CODE, UNIT, "retired", 7, None, "id", 0, POINT, (), CODE, None, None, AT, AT),
    RegisteredCode(CODE, UNIT, "retired", 7, None, "id", 0, POINT, (), None, "22111", TRICKY, AT, AT),
    RegisteredCode(CODE, None, "issued", 7, None, "id", 1, POINT, (), None, None, None, TRICKY, None),
    Cell(3),
    Dwelling(CODE, UNIT),
    Area(4),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_is_what_the_encoder_writes(entry: Entry) -> None:
    assert entry_json(entry) == encode(entry)
