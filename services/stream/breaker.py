"""Stops a service whose failures are its own fault: a bad deployment must not drain a topic into its dead letters."""

from __future__ import annotations

from collections import deque


class TooManyFailuresError(RuntimeError):
    """The share of unexpected failures is over the limit; the service must stop, nothing was committed."""


class Breaker:
    """Watches the share of unexpected failures over the last `window` records.

    Invalid input does not count: it is expected. `least` failures are needed before the share is looked at.
    """

    def __init__(self, share: float, window: int, least: int = 10) -> None:
        self._share = share
        self._window = window
        self._least = least
        self._batches: deque[tuple[int, int]] = deque()
        self._records = 0
        self._failures = 0

    def record(self, records: int, failures: int) -> None:
        """Count a batch. Raises TooManyFailuresError when the share is over the limit."""
        self._batches.append((records, failures))
        self._records += records
        self._failures += failures
        while self._records - self._batches[0][0] >= self._window:
            old_records, old_failures = self._batches.popleft()
            self._records -= old_records
            self._failures -= old_failures
        if self._failures >= self._least and self._failures > self._share * self._records:
            raise TooManyFailuresError(
                f"{self._failures} of the last {self._records} records failed unexpectedly, more than "
                f"{self._share:.0%}: the service stops before it drains the topic into its dead letters. "
                "Look at the logged errors, mend the deployment, start again: nothing was lost."
            )
