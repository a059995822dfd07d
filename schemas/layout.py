"""The JSON of records around values that are JSON already: what all records of a type have alike is written once."""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.codec import encode


class Layout:
    """How a record type is written: the same bytes as `encode` makes of a record, at a fraction of its cost where
    several records share their values, or these come again and again."""

    def __init__(self, record_type: type[msgspec.Struct]) -> None:
        parts: list[bytes] = []
        opening = b"{"
        for field in msgspec.structs.fields(record_type):
            # A place for the value follows the name.
            parts += [opening + encode(field.encode_name) + b":", b""]
            opening = b","
        self._parts: Final = [*parts, b"}"]

    def fill(self, values: list[bytes]) -> bytes:
        """The record with the JSON of all its fields, in their order."""
        parts = self._parts.copy()
        place = 1
        for value in values:
            parts[place] = value
            place += 2
        return b"".join(parts)
