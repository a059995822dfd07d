"""Lines from a pipe, without waiting for more than there is."""

from __future__ import annotations

import os
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from services.intake.pipe import waiting_lines


def read_all(content: bytes, most: int) -> list[list[bytes]]:
    reading, writing = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(writing, content), os.close(writing)))
    writer.start()
    try:
        return list(waiting_lines(reading, most))
    finally:
        writer.join()
        os.close(reading)


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=30), st.integers(1, 7))
def test_every_line_comes_once_in_order_in_bounded_batches(lines: list[bytes], most: int) -> None:
    batches = read_all(b"\n".join(lines), most)
    assert [line for batch in batches for line in batch] == [stripped for line in lines if (stripped := line.strip())]
    assert all(0 < len(batch) <= most for batch in batches)


def test_a_line_is_answered_before_the_next_one_is_written() -> None:
    reading, writing = os.pipe()
    lines = waiting_lines(reading, 1000)
    for n in range(3):
        os.write(writing, b'{"id": %d}\n' % n)
        started = time.monotonic()
        assert next(lines) == [b'{"id": %d}' % n]
        assert time.monotonic() - started < 5
    os.write(writing, b"half")
    os.close(writing)
    assert list(lines) == [[b"half"]]
    os.close(reading)


def test_what_waits_comes_together() -> None:
    batches = read_all(b"x\n" * 5000, 1000)
    assert [len(batch) for batch in batches] == [1000] * 5
