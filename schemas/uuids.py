"""UUIDs made from names (RFC 9562, version 5) as text, at a fraction of the cost of the standard library's objects."""

from __future__ import annotations

from hashlib import sha1
from typing import Any, Final

# Two bits of the digit say the variant.
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def uuid5_text(namespace: bytes, name: str) -> str:
    """The same as `str(uuid.uuid5(UUID(bytes=namespace), name))`."""
    return _text(sha1(namespace + name.encode(), usedforsecurity=False).hexdigest())


class NamesFrom:
    """The UUIDs of names that begin alike, which is hashed once."""

    def __init__(self, namespace: bytes, start: str) -> None:
        self._start: Any = sha1(namespace + start.encode(), usedforsecurity=False)

    def uuid5_text(self, rest: str) -> str:
        """That of the name which begins so and ends with `rest`."""
        name = self._start.copy()
        name.update(rest.encode())
        return _text(name.hexdigest())


def _text(digest: str) -> str:
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
