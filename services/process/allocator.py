"""The C library's allocator in a process that works through batches."""

from __future__ import annotations

import ctypes
from typing import Final

# Names and numbers of glibc's malloc.h.
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 1024 * 1024


def give_large_blocks_back() -> None:
    """To be called before threads are started. What is fetched comes in blocks of megabytes, which are given back to
    the system at once instead of leaving holes among what stays; and all threads share one heap. Where the C library
    is not glibc, nothing happens."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_M_ARENA_MAX, 1)
