"""What must come out: the same rows through both stages in memory, undisturbed, without Kafka."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from schemas.outcome import Outcome
from services.address.core import AddressCore
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream.envelope import Headers
from services.stream.outputs import Output, Outputs
from services.stream.processor import Stage
from services.stream.settings import read_settings
from services.stream.state import MemoryStore
from services.stream.topics import MATCHED
from tests.chaos.rows import Row

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Account:
    """What became of lines: outcome and code of each step, in order. `published` counts the records of each topic."""

    steps: Mapping[int, Sequence[tuple[str, str | None]]]
    published: Mapping[str, int]

    def outcomes(self) -> Counter[str]:
        return Counter(taken[-1][0] for taken in self.steps.values())

    def codes(self) -> dict[int, tuple[str, int]]:
        """By line, its code up to the renaming of serials and units, which depend on the order of arrival.

        That is the cell, or the area, and the first of the lines that share the very code.
        """
        codes = {line: taken[-1][1] for line, taken in self.steps.items()}
        first: dict[str, int] = {}
        for line in sorted(codes):
            if (code := codes[line]) is not None:
                first.setdefault(code, line)
        return {line: (without_order(code), first[code]) for line, code in codes.items() if code is not None}


def without_order(code: str) -> str:
    """The cell of a located code, or the area of a provisional one with its mark."""
    located = code.partition("-")[0]
    return located if located[5] != "0" else located[:6]


@dataclass(frozen=True, slots=True)
class _Record:
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = 0
    timestamp: int = 0


@dataclass
class Oracle:
    """Takes rows in portions; the account grows with them."""

    core: AddressCore
    # All that was put out, progress too, if it is to be kept.
    made: list[Output] | None = None
    _stages: tuple[Stage, Stage] = field(init=False)
    _stores: tuple[MemoryStore, MemoryStore] = field(init=False)
    _offsets: list[int] = field(default_factory=lambda: [0, 0])
    _steps: dict[int, list[tuple[str, str | None]]] = field(default_factory=dict)
    _published: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._stages = (Normaliser(self.core, read_settings().max_record_bytes), Registrar())
        self._stores = (MemoryStore(), MemoryStore())

    def raw(self, rows: Sequence[Row]) -> None:
        """Rows for the normaliser; what it makes of them goes on to the registrar."""
        for batch in _batches(rows):
            out = self._process(0, batch)
            self.matched([(made.key, made.value, made.headers) for made in out.records if made.topic == MATCHED])

    def matched(self, rows: Sequence[Row]) -> None:
        """Rows for the registrar."""
        for batch in _batches(rows):
            self._process(1, batch)

    def account(self) -> Account:
        return Account(self._steps, self._published)

    def _process(self, nth: int, rows: Sequence[Row]) -> Outputs:
        stage, store = self._stages[nth], self._stores[nth]
        out = Outputs(stage.name, stage.input_topic, "undisturbed", stage.dead_letter_topic)
        records = [_Record(self._offsets[nth] + index, *row) for index, row in enumerate(rows)]
        self._offsets[nth] += len(records)
        stage.process(records, store, out)
        store.commit()
        if self.made is not None:
            out.announce_transitions(records[-1])
            self.made += out.records
        for made in out.records:
            self._published[made.topic] += 1
        for steps in out.transitions.values():
            for step in steps:
                self._steps.setdefault(step.line_no, []).append((Outcome(step.outcome).value, step.code))
        return out


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
