"""What a million records do to the memory of one process, which runs both stages without Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import orjson
import psutil

from tests.hostile.records import Sent
from tests.hostile.stages import BATCH, InProcess
from tests.hostile.texts import plain_texts

DISTINCT = 20_000
SHARES = (0.1, 0.5, 1.0)
# Bytes that a record may leave behind over the last half: nothing that lasts where it was there before, and of a new
# one the packed state of both stages (decision 59), about twofold.
MOST_BYTES_REPEATED = 200
MOST_BYTES_A_NEW_ADDRESS = 2000


@dataclass(frozen=True, slots=True)
class Grown:
    """Resident memory (MiB) before, and after each of SHARES of `records`; CPU seconds of all. `most_bytes` is what a
    record may leave behind."""

    name: str
    records: int
    most_bytes: float
    before: float
    after: tuple[float, ...]
    cpu_seconds: float

    @property
    def bytes_each(self) -> float:
        """What a record of the last half left behind."""
        return (self.after[-1] - self.after[-2]) * 2**20 / (self.records * (SHARES[-1] - SHARES[-2]))

    def faults(self) -> list[str]:
        """What was not as it must be."""
        if self.bytes_each <= self.most_bytes:
            return []
        return [f"{self.bytes_each:,.0f} bytes a record over the last half, {self.most_bytes:,.0f} at the most"]

    def __str__(self) -> str:
        steps = ", ".join(f"{mib:,.0f} at {share:.0%}" for share, mib in zip(SHARES, self.after, strict=True))
        return (
            f"{self.name}: {self.records:,} records, {self.before:,.0f} MiB before, {steps}; "
            f"{self.bytes_each:,.0f} bytes a record over the last half; {self.cpu_seconds:,.0f} s of CPU"
        )


def record(number: int) -> Sent:
    """The address of a household of its own, in one of the places of the sample."""
    texts = plain_texts()
    text = f"Số {number // len(texts) + 1} ngách {number % 89 + 1}, {texts[number % len(texts)]}"[:1000]
    value = {"source": "soak", "source_record_id": str(number), "address": text}
    return Sent(b"soak:%d" % number, orjson.dumps(value))


def repeating() -> Iterator[Sent]:
    """The same addresses again and again, as an operator sends its list every week."""
    while True:
        yield from map(record, range(DISTINCT))


def new() -> Iterator[Sent]:
    """Addresses that nobody sent before."""
    number = 0
    while True:
        yield record(number)
        number += 1


_MAKE: dict[str, tuple[Callable[[], Iterator[Sent]], float]] = {
    "repeating": (repeating, MOST_BYTES_REPEATED),
    "new": (new, MOST_BYTES_A_NEW_ADDRESS),
}


def grow(name: str, records: int) -> Grown:
    """Feed `records`, "repeating" or "new", to the stages of a new process's own; call it once in a process."""
    make, most_bytes = _MAKE[name]
    process, stages, source = psutil.Process(), InProcess(), make()
    before, started, fed = _mib(process), time.process_time(), 0
    after = []
    for share in SHARES:
        while fed < share * records:
            stages.feed(islice(source, BATCH), rows=False, check=False)
            fed += BATCH
        after.append(_mib(process))
    return Grown(name, fed, most_bytes, before, tuple(after), time.process_time() - started)


def _mib(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20
