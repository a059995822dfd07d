"""How much of a submission may be on its way: so little that the rows of others do not wait behind it for long."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

MOST_IN_FLIGHT = 60_000
# What is sent before anything became of it: no less than is on its way while a usual file flows, as the first outcomes
# take seconds. And the fewest rows that there is room for.
_FIRST, _FEWEST = 12_000, 1_000
# Rows that take longer from their sending to their outcome make room for half as many.
_PATIENCE_SECONDS = 10.0
_FASTEST_GROWTH = 4.0
# Long texts take longer: room for one row is room for so many bytes, somewhat more than a usual row has.
_BYTES_A_ROW = 400


class _Sent(NamedTuple):
    """Rows and bytes in all, after some were sent, and seconds of a clock. `room` is what there was."""

    rows: int
    size: int
    time: float
    room: int


class Window:
    """Room for rows in flight, kept by how long rows took lately: as a service keeps its batches within their budget.

    Rows of others have their part in that time too: two submissions at once come to have room for about as many.
    """

    def __init__(self, most: int = MOST_IN_FLIGHT) -> None:
        self._most = most
        self.rows = min(_FIRST, most)
        self._done_rows = self._done_size = 0
        self._last = _Sent(0, 0, 0.0, self.rows)
        self._under_way: deque[_Sent] = deque()

    @property
    def size(self) -> int:
        """Room in bytes."""
        return self.rows * _BYTES_A_ROW

    @property
    def full(self) -> bool:
        """Whether no more may be sent now."""
        return self._last.rows - self._done_rows >= self.rows or self._last.size - self._done_size >= self.size

    def sent(self, rows: int, size: int, now: float) -> None:
        """So many more rows, of so many bytes in all, were sent."""
        self._last = _Sent(self._last.rows + rows, self._last.size + size, now, self.rows)
        self._under_way.append(self._last)

    def accounted(self, rows: int, now: float) -> None:
        """So many rows have an outcome in all."""
        self._done_rows = rows
        done: _Sent | None = None
        while self._under_way and self._under_way[0].rows <= rows:
            done = self._under_way.popleft()
            self._done_size = done.size
        oldest = self._under_way[0] if self._under_way else None
        if oldest is not None and now - oldest.time > _PATIENCE_SECONDS:
            done = oldest
        # What was sent before the last change says nothing of the room that there is now.
        if done is not None and done.room == self.rows:
            self._adapt(now - done.time)

    def _adapt(self, waited: float) -> None:
        if waited > _PATIENCE_SECONDS:
            self.rows = max(min(_FEWEST, self._most), self.rows // 2)
        elif 2 * waited <= _PATIENCE_SECONDS:  # twice as many would be within it too
            growth = min(_FASTEST_GROWTH, _PATIENCE_SECONDS / max(2 * waited, 0.001))
            self.rows = min(self._most, int(self.rows * max(2.0, growth)))
