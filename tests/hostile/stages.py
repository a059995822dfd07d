"""Both stages in one process, without Kafka, over hostile records: each must be answered, and none may fail."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from gazetteer.gazetteer import Gazetteer
from schemas.dead_letter import DeadLetterHeader
from schemas.validation import validator
from services.address.core import AddressCore
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream.outputs import Output, Outputs
from services.stream.settings import read_settings
from services.stream.state import MemoryStore
from services.stream.topics import (
    BATCH_PROGRESS,
    DIGITISED,
    MAP_FEATURE,
    MATCHED,
    MATCHED_DEAD_LETTERS,
    NATIONAL,
    RAW_DEAD_LETTERS,
    REVIEW,
)
from tests.hostile.records import Sent, with_row

BATCH = 1000
BATCH_ID = "hostile"
_CHECKED = (MATCHED, REVIEW, DIGITISED, MAP_FEATURE, NATIONAL, BATCH_PROGRESS)


class Consumed(NamedTuple):
    """A record as the stages see it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp: int
    partition: int = 0


class Unanswered(AssertionError):  # noqa: N818 - a failed check, which pytest shows as such
    """A record that got no answer, two of them, or made a stage fail; says which."""


class ReadableStore(MemoryStore):
    """A store that shows all that it holds."""

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        return ((key, self.get(key) or b"") for key in self._committed)


class InProcess:
    """Feeds records to the normaliser, and what it publishes to the registrar, batch by batch; state is kept."""

    def __init__(self) -> None:
        self._normaliser: Any = Normaliser(AddressCore(Gazetteer.load()), read_settings().max_record_bytes)
        self._registrar: Any = Registrar()
        self._stores = {stage.name: ReadableStore() for stage in (self._normaliser, self._registrar)}
        self._offsets: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        # The most CPU seconds that a batch of both stages took, by record.
        self.slowest = 0.0

    def feed(self, sent: Iterable[Sent], *, rows: bool = True, check: bool = True) -> None:
        """Process one batch. With `rows`, each record is a row of a batch and must be accounted for exactly once; with
        `check`, what is published is looked at.

        Raises Unanswered.
        """
        given = list(sent)
        first = self._offsets[self._normaliser.name]
        if rows:
            given = [with_row(each, BATCH_ID, first + nth + 1) for nth, each in enumerate(given)]
        started = time.process_time()
        raw = self._run(self._normaliser, given)
        matched = [
            Sent(output.key, output.value, tuple(output.headers), output.timestamp_ms)
            for output in raw
            if output.topic == MATCHED
        ]
        published = [*raw, *self._run(self._registrar, matched)]
        self.slowest = max(self.slowest, (time.process_time() - started) / max(1, len(given)))
        if not check:
            return
        for output in published:
            _check(output)
        steps = _steps(published)
        self.answers.update(outcome for taken in steps.values() for outcome in taken)
        self.answers.update(_codes(published))
        if rows:
            decisions = _decided(raw)
            for offset, each in enumerate(given, start=first):
                outcomes = steps[offset + 1]
                # A decision is no row: it moves the row of the text that it decides, or is a dead letter without one.
                settled = b'"decided_by"' in (each.value or b"") and offset in decisions
                if len(outcomes) != 1 and not (outcomes == [] and settled):
                    raise Unanswered(f"{outcomes} are the outcomes of row {offset + 1}: {each}")

    def state(self, stage: str) -> dict[bytes, bytes]:
        """What a stage keeps, by key."""
        return dict(self._stores[stage].items())

    def _run(self, stage: Any, sent: Sequence[Sent]) -> list[Output]:
        store, first = self._stores[stage.name], self._offsets[stage.name]
        records = [
            Consumed(first + nth, each.key, each.value, each.headers, each.timestamp)  # type: ignore[arg-type]
            for nth, each in enumerate(sent)
        ]
        self._offsets[stage.name] += len(records)
        if not records:
            return []
        out = Outputs(stage.name, stage.input_topic, "topic-id", stage.dead_letter_topic)
        try:
            failures = stage.process(records, store, out)
            out.announce_transitions(records[-1])
        except Exception as error:
            store.discard()
            raise Unanswered(self._culprit(stage, records) or f"a batch made the {stage.name} fail") from error
        if failures:
            letters = [record for record in out.records if record.topic == stage.dead_letter_topic]
            (failed, *_) = (each for each in letters if b"internal.unexpected" in dict(each.headers).values())
            raise Unanswered(f"the {stage.name} failed on {failures} records, as on {failed}")
        store.commit()
        return out.records

    def _culprit(self, stage: Any, records: Sequence[Consumed]) -> str | None:
        """The first record that makes a stage fail alone."""
        for record in records:
            out = Outputs(stage.name, stage.input_topic, "topic-id", stage.dead_letter_topic)
            try:
                stage.process([record], MemoryStore(), out)
            except Exception:
                return f"the {stage.name} fails on {record}"
        return None


def _check(output: Output) -> None:
    """Whatever goes out keeps to its schema, and its headers are such that the client can send them."""
    if output.topic in _CHECKED and output.value is not None:
        fault = validator(output.topic).check(orjson.loads(output.value))
        if fault is not None:
            raise Unanswered(f"{output.topic}: {fault.message}: {output}")
    if not all(isinstance(name, str) and isinstance(value, bytes | None) for name, value in output.headers):
        raise Unanswered(f"headers that cannot be sent: {output}")


def _steps(published: Iterable[Output]) -> dict[int, list[str]]:
    steps: dict[int, list[str]] = defaultdict(list)
    for output in published:
        if output.topic == BATCH_PROGRESS and output.value is not None:
            event = orjson.loads(output.value)
            if event["batch_id"] == BATCH_ID:
                for step in event["transitions"]:
                    # A decision moves the row of the text that it decides, which has an outcome already. A record
                    # that says it was put back, truly or not, moves its own from the dead letters.
                    if step["previous"] in (None, "dead_letter"):
                        steps[step["line_no"]].append(step["outcome"])
    return steps


def _decided(published: Iterable[Output]) -> set[int]:
    """The offsets of decisions that led to anything: events of their version, or dead letters."""
    found = set()
    for output in published:
        if output.topic == RAW_DEAD_LETTERS:
            found.add(int(dict(output.headers)[DeadLetterHeader.OFFSET]))
        elif output.topic == MATCHED and output.value is not None:
            found.add(orjson.loads(output.value)["version"])
    return found


def _codes(published: Iterable[Output]) -> list[str]:
    return [
        dict(output.headers)[DeadLetterHeader.ERROR_CODE].decode()
        for output in published
        if output.topic in (RAW_DEAD_LETTERS, MATCHED_DEAD_LETTERS)
    ]
