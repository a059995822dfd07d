"""A record that the Kafka client cannot hand over: the name of a header is not UTF-8, which the broker allows.

The client reads a record batch from its start: what follows such a record in its batch, from the same producer,
cannot be had either.
"""

from __future__ import annotations

from dataclasses import dataclass

DETAIL = (
    "the name of a header here or before it in its batch is not UTF-8: the record stays at its offset, send it anew"
)


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """Stands for such a record. Of its key, value and headers nothing can be had."""

    partition: int
    offset: int
    timestamp: int
    key: None = None
    value: None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
