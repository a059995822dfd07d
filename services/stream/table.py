"""Short values by key, without an object for each: a `dict` of a key and a value of 20 and 60 bytes takes 200.

Entries lie one behind the other in buckets, each a `bytes` of some hundred. There are as many buckets as keep their
mean size: when there is too much in them, one is split (linear hashing, W. Litwin, "Linear hashing: a new tool for file
and table addressing", VLDB 1980), so that nothing ever waits while all is laid anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # A machine word where this is compiled; at run time it is Python's own number.
    from mypy_extensions import i64

# Python's own allocator keeps blocks up to 512 bytes without loss. Larger buckets take longer to look through.
_BUCKET_BYTES: Final = 240
# Before the key: a byte of its hash, its length, the value's length in two bytes.
_HEAD: Final = 4
_MOST_KEY: Final = 0xFF
_MOST_VALUE: Final = 0xFFFF


class Table:
    """As a `dict[bytes, bytes]`, for many short values. What is longer than an entry can say is kept as in one."""

    def __init__(self) -> None:
        self._buckets: list[bytes] = [b""]
        # How many buckets there were when the present round of splitting began, a power of two.
        self._round = 1
        self._bytes = 0
        self._count = 0
        self._long: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return self._count + len(self._long)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if there is none."""
        hashed: i64 = hash(key)
        bucket = self._buckets[self._place(hashed)]
        at = _find(bucket, key, hashed)
        if at < 0:
            return self._long.get(key) if self._long else None
        start: i64 = at + _HEAD + bucket[at + 1]
        return bucket[start : start + (bucket[at + 2] | bucket[at + 3] << 8)]

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        if len(key) > _MOST_KEY or len(value) > _MOST_VALUE:
            self.pop(key)
            self._long[key] = value
            return
        if self._long:
            self._long.pop(key, None)
        hashed: i64 = hash(key)
        place = self._place(hashed)
        bucket = self._buckets[place]
        at = _find(bucket, key, hashed)
        head: int = _mark(hashed) | len(key) << 8 | len(value) << 16
        entry = head.to_bytes(_HEAD, "little") + key + value
        if at < 0:
            self._buckets[place] = bucket + entry
            self._bytes += len(entry)
            self._count += 1
            if self._bytes > len(self._buckets) * _BUCKET_BYTES:
                self._split()
            return
        end = _end(bucket, at)
        self._buckets[place] = bucket[:at] + entry + bucket[end:]
        self._bytes += len(entry) - (end - at)

    def pop(self, key: bytes) -> None:
        """Take a key out, if it is there."""
        if self._long:
            self._long.pop(key, None)
        hashed: i64 = hash(key)
        place = self._place(hashed)
        bucket = self._buckets[place]
        at = _find(bucket, key, hashed)
        if at >= 0:
            end = _end(bucket, at)
            self._buckets[place] = bucket[:at] + bucket[end:]
            self._bytes -= end - at
            self._count -= 1

    def _place(self, hashed: i64) -> i64:
        whole: i64 = self._round
        place = hashed & (whole - 1)
        return place if place >= len(self._buckets) - whole else hashed & (2 * whole - 1)

    def _split(self) -> None:
        """Divide the next bucket between itself and a new one."""
        whole: i64 = self._round
        split: i64 = len(self._buckets) - whole
        bucket = self._buckets[split]
        stay: list[bytes] = []
        go: list[bytes] = []
        at: i64 = 0
        while at < len(bucket):
            end = _end(bucket, at)
            key_start: i64 = at + _HEAD
            hashed: i64 = hash(bucket[key_start : key_start + bucket[at + 1]])
            (go if hashed & whole else stay).append(bucket[at:end])
            at = end
        self._buckets[split] = b"".join(stay)
        self._buckets.append(b"".join(go))
        if len(self._buckets) == 2 * whole:
            self._round = 2 * whole


def _mark(hashed: i64) -> i64:
    """Of the bits that tell buckets apart the last."""
    return hashed >> 40 & 0xFF


def _find(bucket: bytes, key: bytes, hashed: i64) -> i64:
    """Where the entry of a key begins; -1 if there is none."""
    mark, length = _mark(hashed), len(key)
    at: i64 = 0
    end: i64 = len(bucket)
    while at < end:
        if bucket[at] == mark and bucket[at + 1] == length:
            start: i64 = at + _HEAD
            if bucket[start : start + length] == key:
                return at
        at = _end(bucket, at)
    return -1


def _end(bucket: bytes, at: i64) -> i64:
    """Where the entry that begins there ends."""
    return at + _HEAD + bucket[at + 1] + (bucket[at + 2] | bucket[at + 3] << 8)
