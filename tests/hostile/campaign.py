"""A run over all kinds of hostile input in one process, with what it came to."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random

import psutil

from tests.bench.usage import peak_mib
from tests.hostile.files import answer, counted, folder, forked
from tests.hostile.records import RECORD_KINDS
from tests.hostile.stages import BATCH, InProcess
from tests.hostile.tables import TABLE_KINDS, MakeFile
from tests.hostile.workbooks import WORKBOOK_KINDS, bomb

# What each kind is of all inputs; a workbook costs as much as a hundred records. Workbooks come first:
# to fork for each is cheap only while the process is small. Bombs are counted, not shared.
_SHARES = {
    "Excel": 0.005,
    "other workbooks": 0.005,
    "bytes": 0.16,
    "JSON shapes": 0.22,
    "addresses": 0.34,
    "Kafka headers": 0.16,
    "CSV": 0.05,
    "no CSV": 0.01,
    "JSON Lines": 0.05,
}
_ONE_BOMB_IN = 20_000
# Of the workbooks, which are unpacked by a fork, this many times fewer by a process of their own as well.
_WHOLE_ONE_IN = 20
# How much more than before there may be: caches and what is in hand, and by input the packed state of its record and
# what the allocator makes of it; and for a moment the lines of a bomb that unpacks. About twice of what was measured.
_MOST_MIB, _MOST_BYTES_AN_INPUT, _MOST_BOMB_MIB = 192, 3000, 256
BOMBS = "zip bombs"
FILE_KINDS: dict[str, MakeFile] = {**TABLE_KINDS, **WORKBOOK_KINDS, BOMBS: bomb}


def shares(count: int) -> dict[str, int]:
    """How many inputs of each kind make up `count`; at least one of each."""
    found = {kind: max(1, round(share * count)) for kind, share in _SHARES.items()}
    return {**found, BOMBS: max(1, count // _ONE_BOMB_IN)}


class Campaign:
    """Runs kinds one after the other; the state that records leave behind is kept, and so is what caches hold."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._process = psutil.Process()
        self._stages = InProcess()
        self._inputs = 0
        # Linux counts the most from here on: what ran in this process before, other tests say, does not matter.
        Path("/proc/self/clear_refs").write_text("5")
        self._start_mib = self.memory_mib()

    def grown_mib(self) -> float:
        """How much more is resident now than at the beginning."""
        return self.memory_mib() - self._start_mib

    def most_mib(self) -> float:
        """How much more there may be after so many inputs."""
        return _MOST_MIB + self._inputs * _MOST_BYTES_AN_INPUT / 2**20

    def peak_mib(self) -> float:
        """The most that was resident in this process since the beginning."""
        return peak_mib(os.getpid())

    def faults(self) -> list[str]:
        """What was not as it must be, in a process of its own. That each input is answered is seen to before."""
        grown, most = self.peak_mib() - self._start_mib, self.most_mib() + _MOST_BOMB_MIB
        return [f"there were {grown:,.0f} MiB more than before, at the most {most:,.0f} may be"] if grown > most else []

    def memory_mib(self) -> float:
        """What is resident now."""
        return float(self._process.memory_info().rss) / 2**20

    def run(self, kind: str, count: int) -> str:
        """Make and answer `count` inputs of a kind; a line that says what they came to.

        Raises AssertionError for one that is not answered, and whatever a fault of ours raises.
        """
        random = Random(f"{self._seed} {kind}")
        self._stages.answers, self._stages.slowest = Counter(), 0.0
        files: Counter[str] = Counter()
        if kind in RECORD_KINDS:
            for start in range(0, count, BATCH):
                self._stages.feed(RECORD_KINDS[kind](random) for _ in range(min(BATCH, count - start)))
            answers = self._stages.answers
        else:
            with folder() as place:
                for nth in range(count):
                    given = FILE_KINDS[kind](random)
                    found = answer(given, place, self._stages, forked)
                    files[found] += 1
                    if kind in WORKBOOK_KINDS and nth % _WHOLE_ONE_IN == 0:
                        whole = answer(given, place, self._stages)
                        assert whole == found, f"{found} by a fork is {whole} by a process of its own"
            assert files.total() == count
            answers = files
        self._inputs += count
        slowest = f", {self._stages.slowest * 1e6:,.0f} µs a record" if kind in RECORD_KINDS else ""
        return f"{kind}: {count:,} ({counted(answers)}); {self.memory_mib():,.0f} MiB{slowest}"

    def total(self) -> str:
        """How many inputs there were, and what they did to memory."""
        return (
            f"{self._inputs:,} inputs answered; {self._start_mib:,.0f} MiB before, {self.memory_mib():,.0f} after, "
            f"{self.peak_mib():,.0f} at the most"
        )
