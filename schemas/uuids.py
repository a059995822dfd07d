"""UUIDs made from names (RFC 9562, version 5) as text, at a fraction of the cost of the standard library's objects."""

from __future__ import annotations

from binascii import hexlify
from hashlib import sha1
from typing import Final

# `bytes.translate` puts a text together: each byte of it is a place in a table, here the 40 digits of the hash, a dash,
# the version and the four digits that a variant can have.
_AFTER_DIGITS: Final = b"-589ab" + bytes(256 - 46)
_DASH, _VERSION, _VARIANT = 40, 41, 42


def _layout(variant: int) -> bytes:
    third, fourth = [_VERSION, 13, 14, 15], [_VARIANT + variant, 17, 18, 19]
    return bytes([*range(8), _DASH, *range(8, 12), _DASH, *third, _DASH, *fourth, _DASH, *range(20, 32)])


_LAYOUTS: Final = [_layout(variant) for variant in range(4)]


def uuid5(name: bytes) -> bytes:
    """The text of the UUID of a name that begins with the 16 bytes of its namespace."""
    digest = sha1(name, usedforsecurity=False).digest()
    return _LAYOUTS[digest[8] >> 4 & 3].translate(hexlify(digest) + _AFTER_DIGITS)


def uuid5_text(namespace: bytes, name: str) -> str:
    """The same as `str(uuid.uuid5(UUID(bytes=namespace), name))`."""
    return uuid5(namespace + name.encode()).decode("ascii")
