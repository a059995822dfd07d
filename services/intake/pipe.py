"""Lines from a pipe, in batches as large as what waits there."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

_READ_BYTES = 1 << 20
_MOST_LINE_BYTES = 2 * 1024 * 1024


def waiting_lines(descriptor: int, most: int) -> Iterator[list[bytes]]:
    """Batches of at most `most` lines that are not empty; blocks only while not a single line is there.

    A line of more than 2 MiB is cut.
    """
    rest, ended = b"", False
    lines: list[bytes] = []
    while not ended or lines:
        while not ended and len(lines) < most and (not lines or select.select([descriptor], [], [], 0)[0]):
            chunk = os.read(descriptor, _READ_BYTES)
            ended = not chunk
            *whole, rest = (rest + chunk).split(b"\n")
            if ended and rest:
                whole.append(rest)
            rest = rest[:_MOST_LINE_BYTES]
            lines += [stripped[:_MOST_LINE_BYTES] for line in whole if (stripped := line.strip())]
        if lines:
            yield lines[:most]
            del lines[:most]
