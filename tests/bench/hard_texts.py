"""The address core on texts that no cache helps with: hard noise over the whole country, and texts of 10 kB."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gazetteer.gazetteer import Gazetteer
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.process.collector import spare_what_stays
from tests.accuracy.noise import hard_noise
from tests.accuracy.sets import digitise
from tests.unit.address.pathological import PATHOLOGICAL

_SEED = 223_589
_TIMES = 5


@dataclass(frozen=True, slots=True)
class HardTexts:
    """CPU seconds over `rows` texts with hard noise, none of them repeated, and milliseconds of CPU of the slowest text
    of 10 kB, `slowest` by name, the best of several fresh tries."""

    rows: int
    seconds: float
    slowest: str
    slowest_ms: float


def hard_texts(count: int) -> HardTexts:
    """Measure with empty caches."""
    gazetteer = Gazetteer.load()
    texts = [text for text, _ in hard_noise(gazetteer, count, _SEED)]
    core = AddressCore(gazetteer)
    spare_what_stays()
    _, seconds = digitise(core, texts)
    cost = {
        name: min(_milliseconds(core, f"{number} {text}") for number in range(_TIMES))
        for name, text in PATHOLOGICAL.items()
    }
    slowest = max(cost, key=cost.__getitem__)
    return HardTexts(count, seconds, slowest, cost[slowest])


def _milliseconds(core: AddressCore, text: str) -> float:
    """Of a text that was not seen before."""
    raw = RawAddress("bench", "1", text)
    started = time.process_time()
    core.digitise([raw])
    return (time.process_time() - started) * 1000
