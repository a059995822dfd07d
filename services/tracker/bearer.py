"""Whether a request shows the token that the tracker's pages ask for (RFC 6750)."""

from __future__ import annotations

from hmac import compare_digest


def shows(token: str, authorization: str | None) -> bool:
    """Whether an `Authorization` header shows `token`. The time that it takes tells nothing of the token."""
    scheme, _, given = (authorization or "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(
        given.strip().encode(errors="surrogateescape"), token.encode(errors="surrogateescape")
    )
