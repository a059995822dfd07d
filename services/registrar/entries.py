"""The JSON of the registry's entries: byte by byte what `encode` makes of them, written out for the most frequent."""

from __future__ import annotations

from schemas.codec import encode
from schemas.registrar_state import Area, Cell, Dwelling, RegisteredCode, RegisteredRecord
from services.registrar.points import point_of

Entry = RegisteredRecord | RegisteredCode | Cell | Dwelling | Area


def entry_json(entry: Entry) -> bytes:
    """An entry as it goes to the state."""
    if type(entry) is RegisteredCode:
        return _code(entry)
    if type(entry) is RegisteredRecord and entry.moved_to is None and entry.code is not None:
        # Codes and units hold nothing that JSON would escape.
        unit = "null" if entry.unit is None else f'"{entry.unit}"'
        start = f'{{"version":{entry.version},"code":"{entry.code}","unit":{unit}'
        return (start + ',"moved_to":null,"kind":"record"}').encode()
    return encode(entry)


def _code(entry: RegisteredCode) -> bytes:
    if entry.status != "issued" or entry.aliases or entry.alias_of is not None or entry.retired_at is not None:
        return encode(entry)
    if entry.moved_to is not None or entry.moved_with is not None:
        return encode(entry)
    unit = "null" if entry.unit is None else f'"{entry.unit}"'
    return b"".join(
        [
            f'{{"code":"{entry.code}","unit":{unit},"status":"issued","version":{entry.version},"dwelling_id":'.encode(),
            encode(entry.dwelling_id),
            b',"address_id":',
            encode(entry.address_id),
            f',"holders":{entry.holders},"position":'.encode(),
            point_of(entry.position).whole,
            b',"aliases":[],"alias_of":null,"moved_to":null,"moved_with":null,"issued_at":',
            encode(entry.issued_at),
            b',"retired_at":null,"kind":"code"}',
        ]
    )
