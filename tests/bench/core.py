"""The address core alone: parse to decision, without Kafka."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from gazetteer.gazetteer import Gazetteer
from schemas.codec import decode
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.process.collector import spare_what_stays
from tests.bench.records import raw_records

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class CoreMeasured:
    """Rows of each process and its CPU seconds over them, at first (`cold`: caches empty) and again (`warm`)."""

    processes: int
    rows: int
    cold_seconds: float
    warm_seconds: float


def core_alone(count: int, processes: int) -> CoreMeasured:
    """Each process digitises its share of `count` rows twice; the seconds are the slowest one's."""
    values = [record.value for record in raw_records(count) if b'"address":""' not in record.value]
    shares = [values[number::processes] for number in range(processes)]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        seconds = list(pool.map(_twice, shares))
    cold, warm = (max(one) for one in zip(*seconds, strict=True))
    return CoreMeasured(processes, len(values) // processes, cold, warm)


def _twice(values: list[bytes]) -> tuple[float, float]:
    core, rows = AddressCore(Gazetteer.load()), [decode(RawAddress, value) for value in values]
    spare_what_stays()
    return _seconds(core, rows), _seconds(core, rows)


def _seconds(core: AddressCore, rows: list[RawAddress]) -> float:
    started = time.process_time()
    for start in range(0, len(rows), _BATCH):
        core.digitise(rows[start : start + _BATCH])
    return time.process_time() - started
