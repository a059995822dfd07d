"""A bounded cache that forgets its oldest half when it is full."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import islice
from typing import Generic, TypeVar

from gazetteer.names import LONGEST_REMEMBERED

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Values by key, at most `limit` of them; those of texts of more than 200 characters are not kept."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        if isinstance(key, str) and len(key) > LONGEST_REMEMBERED:
            return
        values = self._values
        if len(values) >= self._limit:
            for old in list(islice(values, self._limit // 2 or 1)):
                values.pop(old, None)
        values[key] = value

    def __len__(self) -> int:
        return len(self._values)
