"""Bytes to records and back. Encoding is orjson's own; decoding is compiled once per record type."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from mashumaro.codecs import BasicDecoder

T = TypeVar("T")


def encode(record: Any) -> bytes:
    """JSON (UTF-8) of a record dataclass."""
    return orjson.dumps(record)


@cache
def _decoder(record_type: Any) -> BasicDecoder[Any]:
    return BasicDecoder(record_type)


def from_mapping(record_type: type[T], value: Any) -> T:
    """The record in an already parsed JSON value.

    Raises what mashumaro raises (subclasses of ValueError and LookupError) if the value breaks the record's shape.
    """
    decoder: BasicDecoder[T] = _decoder(cast(Hashable, record_type))
    return decoder.decode(value)


def decode(record_type: type[T], data: bytes) -> T:
    """The record in JSON bytes."""
    return from_mapping(record_type, orjson.loads(data))
