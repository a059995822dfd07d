"""Bytes to records and back, compiled once per record type."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec.structs import replace

T = TypeVar("T")

# Bound once: compiled code would look the method up for each call.
_ENCODE: Final = msgspec.json.Encoder().encode


def encode(record: Any) -> bytes:
    """JSON (UTF-8) of a record dataclass, its fields in their order."""
    return _ENCODE(record)


def encode_with(record: Any, result: bytes | None) -> bytes:
    """The same of a record whose `result`, unless that is None, is encoded already."""
    if result is None or record.result is None:
        return encode(record)
    return encode(replace(record, result=msgspec.Raw(result)))


@cache
def _decoder(record_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(record_type)


def decode(record_type: type[T], data: bytes) -> T:
    """The record in JSON bytes. Raises ValueError if they are no JSON, or not of the record's shape."""
    decoder: msgspec.json.Decoder[T] = _decoder(cast(Hashable, record_type))
    return decoder.decode(data)


def from_mapping(record_type: type[T], value: Any) -> T:
    """The record in an already parsed JSON value. Raises ValueError if the value breaks the record's shape."""
    try:
        return msgspec.convert(value, record_type)
    except msgspec.ValidationError:
        # JSON Schema takes 5.0 for an integer.
        return msgspec.convert(_with_integers(value), record_type)


def _with_integers(value: Any) -> Any:
    """A JSON value with its whole numbers as integers, which are good for fractional fields too."""
    if isinstance(value, dict):
        return {name: _with_integers(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_with_integers(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
