"""Hashes that tell whether a source says something new, or a result. They live in the normaliser's own state only."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import orjson
from xxhash import xxh3_64_hexdigest

from schemas.address import AddressResult
from schemas.codec import encode
from schemas.raw import RawAddress

# Releases before this way of hashing kept so many digits.
_FORMER_DIGITS: Final = 32


def source_hash(raw: RawAddress, known: str | None = None) -> str:
    """16 hexadecimal digits over the source's own address fields and point, to be compared with a hash that is known.

    The batch, the line and the householder do not count; an empty field is as good as a missing one.
    """
    fields: list[str | int | float | None] = [
        raw.address or None,
        raw.village or None,
        raw.commune or None,
        raw.district or None,
        raw.province or None,
    ]
    if (point := raw.position) is not None:
        numbers = [_number(point.lat), _number(point.lon), _number(point.easting), _number(point.northing)]
        numbers.append(_number(point.accuracy_m))
        if point.epsg is not None or numbers != _NO_NUMBERS:
            fields += [*numbers, point.epsg]
    return _hash(orjson.dumps(fields), known)


def result_hash(result: AddressResult, known: str | None = None) -> str:
    """The same over all that a result says of the address, but not of the gazetteer that it came from."""
    return hash_of_encoded(encode(result), known)


def hash_of_encoded(result: bytes, known: str | None = None) -> str:
    """The same of a result as JSON."""
    # Cheaper than a copy without them: the gazetteer's fields are the last ones.
    return _hash(result[: result.rindex(b',"gazetteer_version":')], known)


_NO_NUMBERS: Final[list[float | None]] = [None] * 5


def _number(given: float | None) -> float | None:
    return None if given is None else float(given)


def _hash(data: bytes, known: str | None) -> str:
    """Made as the known one was: a text that is sent again after an update of the service must not look new."""
    if known is not None and len(known) == _FORMER_DIGITS:
        return blake2b(data, digest_size=_FORMER_DIGITS // 2).hexdigest()
    return xxh3_64_hexdigest(data)
