"""The circuit breaker opens on the service's own failures, over a share, not on a few."""

from __future__ import annotations

import pytest

from services.stream.breaker import Breaker, TooManyFailuresError


def test_it_opens_when_the_share_is_over_the_limit() -> None:
    breaker = Breaker(share=0.05, window=1000)
    breaker.record(500, 25)
    with pytest.raises(TooManyFailuresError, match="26 of the last 510"):
        breaker.record(10, 1)


def test_a_few_failures_do_not_open_it_however_few_the_records() -> None:
    breaker = Breaker(share=0.05, window=1000)
    for _ in range(9):
        breaker.record(1, 1)
    with pytest.raises(TooManyFailuresError):
        breaker.record(1, 1)


def test_only_the_last_records_count() -> None:
    breaker = Breaker(share=0.05, window=100)
    for _ in range(50):
        breaker.record(100, 0)
    with pytest.raises(TooManyFailuresError, match="10 of the last 100 "):
        breaker.record(100, 10)


def test_old_failures_are_forgotten() -> None:
    breaker = Breaker(share=0.5, window=100)
    breaker.record(100, 50)
    breaker.record(100, 0)
    with pytest.raises(TooManyFailuresError, match="51 of the last 100 "):
        breaker.record(100, 51)
