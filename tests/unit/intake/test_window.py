"""The room for rows in flight, by a clock and a service of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from services.intake.window import MOST_IN_FLIGHT, Window

USUAL, LONG = 270, 3000
POLL, LATE = 0.25, 2.0


@dataclass
class Service:
    """Answers so many rows a second, each of them some time late, while a submission sends whenever it has room."""

    window: Window = field(default_factory=Window)
    now: float = 0.0
    sent: int = 0
    done: float = 0.0
    arrivals: list[tuple[float, int]] = field(default_factory=list)

    def work(self, rate: float, size: int, seconds: float) -> float:
        """How many seconds of work were on their way at the most."""
        end, most = self.now + seconds, 0.0
        while self.now < end:
            while not self.window.full:
                self._send(max(1, min(self.window.rows // 2, self.window.size // 2 // size)), size)
            most = max(most, (self.sent - self.done) / rate)
            self.now += POLL
            there = max((rows for at, rows in self.arrivals if at <= self.now), default=0)
            self.done = max(self.done, min(float(there), self.done + rate * POLL))
            self.window.accounted(int(self.done), self.now)
        return most

    def _send(self, rows: int, size: int) -> None:
        self.sent += rows
        self.window.sent(rows, rows * size, self.now)
        self.arrivals.append((self.now + LATE, self.sent))


def test_a_usual_file_is_hardly_held_up() -> None:
    service = Service()
    service.work(7000, USUAL, 30)
    # The first rows are late, and for a moment there is room for fewer than the service could take.
    assert service.done >= 7000 * 27
    assert 7000 * LATE < service.window.rows <= MOST_IN_FLIGHT


@pytest.mark.parametrize("rate", [3000, 1000, 300, 100])
def test_others_wait_seconds_behind_rows_that_take_long(rate: float) -> None:
    service = Service()
    # The slower the rows, the longer it takes to learn that they are.
    service.work(rate, USUAL, max(120, 40_000 / rate))
    assert service.work(rate, USUAL, 60) <= 15


def test_long_rows_have_less_room_from_the_start() -> None:
    assert Service().work(300, LONG, 1) <= 9
    assert Service().work(300, USUAL, 1) >= 40


def test_rows_that_turn_long_after_quick_ones_have_less_room_at_once() -> None:
    service = Service()
    service.work(7000, USUAL, 30)
    before = service.sent
    service.work(7000, LONG, POLL)
    assert service.sent - before <= MOST_IN_FLIGHT * USUAL / LONG
    # What is on its way goes first; then long rows alone keep to their time.
    service.work(300, LONG, 240)
    assert service.work(300, LONG, 60) <= 15


def test_where_nothing_is_answered_there_is_room_for_some_and_it_comes_back() -> None:
    service = Service()
    service.work(1e-9, USUAL, 300)
    assert service.window.full
    assert service.window.rows == 6_000
    service.work(7000, USUAL, 30)
    assert service.window.rows > 7000 * LATE


@pytest.mark.parametrize("most", [1, 500, 5000])
def test_there_is_no_more_room_than_was_asked_for_and_some_in_any_case(most: int) -> None:
    service = Service(Window(most))
    assert service.work(7000, USUAL, 20) <= 2 * most / 7000
    assert service.window.rows == most
    service.work(10, USUAL, 2000)
    assert service.window.rows == min(most, 1000)
