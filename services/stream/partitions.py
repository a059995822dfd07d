"""The partitions of many keys at once, as Kafka's clients choose them."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka.partitioner import murmur2

# From so many keys on, NumPy's 70 ms of loading and its calls are worth it.
_FEW = 50
_SEED, _MULTIPLIER, _SHIFT = 0x9747B28C, 0x5BD1E995, 24


def partitions_of(keys: Sequence[bytes], partitions: int) -> list[int]:
    """For each key a number from 0 to `partitions` − 1, the same as `Partitioner` gives one key."""
    if len(keys) < _FEW:
        return [(murmur2(key) & 0x7FFFFFFF) % partitions for key in keys]
    by_length: dict[int, list[int]] = {}
    for nth, key in enumerate(keys):
        by_length.setdefault(len(key), []).append(nth)
    found = [0] * len(keys)
    for nths in by_length.values():
        for nth, number in zip(nths, _alike([keys[nth] for nth in nths], partitions), strict=True):
            found[nth] = number
    return found


def _alike(keys: list[bytes], partitions: int) -> list[int]:
    """For keys of one length: murmur2 (public domain, by Austin Appleby), a step over all keys at a time."""
    import numpy as np

    length = len(keys[0])
    data = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), length)
    whole = length & ~3
    words = np.ascontiguousarray(data[:, :whole]).view("<u4").astype(np.uint32, copy=False)
    multiplier = np.uint32(_MULTIPLIER)
    words = words * multiplier
    words ^= words >> np.uint32(_SHIFT)
    words *= multiplier
    hashes = np.full(len(keys), _SEED ^ length, np.uint32)
    for nth in range(whole // 4):
        hashes *= multiplier
        hashes ^= words[:, nth]
    if rest := length - whole:
        for nth in range(rest):
            hashes ^= data[:, whole + nth].astype(np.uint32) << np.uint32(8 * nth)
        hashes *= multiplier
    hashes ^= hashes >> np.uint32(13)
    hashes *= multiplier
    hashes ^= hashes >> np.uint32(15)
    chosen: list[int] = ((hashes & np.uint32(0x7FFFFFFF)) % np.uint32(partitions)).tolist()
    return chosen
