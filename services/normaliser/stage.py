"""The normaliser: raw records in; matched records, review items and dead letters out.

Parse, match, locate and decide happen in the address core, for a whole batch in one call. This file decides what a
record means beside what is remembered of it: new, unchanged, corrected, decided, withdrawn, to be run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol, cast

import structlog

from schemas.address import AddressResult, NextAction
from schemas.batch import Transition
from schemas.codec import decode
from schemas.dead_letter import DeadLetterCode
from schemas.normaliser_state import RecordState
from schemas.outcome import Outcome
from schemas.raw import Decision, RawAddress, Reprocess
from services.address.compose import redacted_decision, remembered
from services.normaliser.change import Change, Fresh
from services.normaliser.corrections import decided, replayed, submitted, unchanged, withdrawn
from services.normaliser.fingerprints import source_hash
from services.normaliser.memory import in_area
from services.normaliser.publishing import publish
from services.normaliser.reading import Reading, Refusal, Withdrawal, read_raw
from services.normaliser.reprocessing import CarryingCore, Rerun, not_run, rerun, to_run
from services.stream.envelope import batch_row
from services.stream.failures import where
from services.stream.outputs import InputRecord, Outputs
from services.stream.replay import Replay, replay_of
from services.stream.state import StateStore
from services.stream.topics import NORMALISER_STATE, RAW, RAW_DEAD_LETTERS

log = structlog.get_logger()

_NO_RESULT: Final[Sequence[AddressResult | None]] = (None,)


class Core(CarryingCore, Protocol):
    """What the normaliser asks of the address core."""

    def digitise(self, batch: Sequence[RawAddress]) -> list[AddressResult]:
        """One result per record, in order."""

    def settle(self, decision: Decision) -> AddressResult:
        """The result of a person's decision. Raises LookupError for a commune that the gazetteer does not have."""


class Normaliser:
    """The stage between `address.raw.v1` and `address.matched.v1`."""

    name = "normaliser"
    input_topic = RAW
    state_topic = NORMALISER_STATE
    dead_letter_topic = RAW_DEAD_LETTERS

    def __init__(self, core: Core, max_record_bytes: int) -> None:
        self._core = core
        self._max_record_bytes = max_record_bytes

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        """See services.stream.processor.Stage."""
        return sum(self._process_distinct(wave, state, out) for wave in _distinct_keys(records))

    def set_aside(self, record: InputRecord, detail: str, out: Outputs) -> None:
        """See services.stream.processor.Stage."""
        _refuse(Refusal(DeadLetterCode.UNEXPECTED, detail), record, read_raw(record, self._max_record_bytes), out)

    def _process_distinct(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        """Records of which no two have the same key, so that none depends on the result of another."""
        readings = [read_raw(record, self._max_record_bytes) for record in records]
        known_before = [_remembered(state, record.key) for record in records]
        # Told apart once: `isinstance` takes long where a class of records is not the value's own.
        texts = [reading if isinstance(reading, RawAddress) else None for reading in readings]
        hashes = [
            None if text is None else source_hash(text, None if known is None else known.source_hash)
            for text, known in zip(texts, known_before, strict=True)
        ]
        runs = [
            to_run(reading, known, self._core.version) if text is None and isinstance(reading, Reprocess) else None
            for reading, text, known in zip(readings, texts, known_before, strict=True)
        ]
        results = self._results(texts, known_before, hashes, runs)
        faults = [
            fault for found in results.values() for result in found if result is not None for fault in result.faults
        ]
        out.faults.update(faults)
        failures = 0
        for index, (record, reading) in enumerate(zip(records, readings, strict=True)):
            known = known_before[index]
            try:
                text = texts[index]
                if text is not None:
                    change = self._change(record, text, known, hashes[index], results.get(index, _NO_RESULT)[0])
                elif isinstance(reading, Reprocess):
                    change = self._run_again(record, reading, known, runs[index], results.get(index, []))
                else:
                    change = self._change(record, reading, known, None, None)
            except Exception as error:
                log.error("record failed", partition=record.partition, offset=record.offset, **where(error))
                change = None
            if change is None:
                failures += 1
                change = Refusal(DeadLetterCode.UNEXPECTED, "the service failed on this record: replay it once mended")
            if isinstance(change, Refusal):
                _refuse(change, record, reading, out)
            else:
                publish(change, record, state, out)
        return failures

    def _results(
        self,
        texts: Sequence[RawAddress | None],
        known_before: Sequence[RecordState | None],
        hashes: Sequence[str | None],
        runs: Sequence[Rerun | None],
    ) -> dict[int, list[AddressResult | None]]:
        """What the core says, by record, of the texts that are new and of those to be run again; all in one call."""
        raws: list[RawAddress] = []
        owners: list[int] = []
        for index, (text, known, fresh, run) in enumerate(zip(texts, known_before, hashes, runs, strict=True)):
            if text is not None and (known is None or known.source_hash != fresh):
                raws.append(text)
                owners.append(index)
            elif run is not None:
                again = [run.current] if run.published is None else [run.current, run.published]
                raws += again
                owners += [index] * len(again)
        results: dict[int, list[AddressResult | None]] = {}
        for index, result in zip(owners, self._digitise(raws), strict=True):
            results.setdefault(index, []).append(result)
        return results

    def _run_again(
        self,
        record: InputRecord,
        request: Reprocess,
        known: RecordState | None,
        run: Rerun | None,
        results: Sequence[AddressResult | None],
    ) -> Change | Refusal | None:
        """What running a record again changes; None where the core failed on it."""
        if known is None or run is None:
            return not_run(request, known, self._core.version)
        found = [result for result in results if result is not None]
        if len(found) < len(results):
            return None
        return rerun(self._core, (record.key or b"").decode(), known, record.offset, run, found)

    def _digitise(self, batch: list[RawAddress]) -> list[AddressResult | None]:
        """The core's results; None for a record on which it fails, so that one bad record costs only itself."""
        if not batch:
            return []
        try:
            return list(self._core.digitise(batch))
        except Exception:
            return [self._digitise_one(raw) for raw in batch]

    def _digitise_one(self, raw: RawAddress) -> AddressResult | None:
        try:
            return self._core.digitise([raw])[0]
        except Exception as error:
            log.error("address core failed", **where(error))
            return None

    def _change(
        self,
        record: InputRecord,
        reading: RawAddress | Decision | Withdrawal | Refusal,
        known: RecordState | None,
        fresh_hash: str | None,
        result: AddressResult | None,
    ) -> Change | Refusal | None:
        """What the record changes; None where the core failed on it."""
        key = (record.key or b"").decode(errors="replace")
        if fresh_hash is None:
            if isinstance(reading, Refusal):
                return reading
            if isinstance(reading, Decision):
                return self._decide(key, known, record.offset, reading)
        replay = replay_of(record.headers)
        text = None if fresh_hash is None else cast(RawAddress, reading)
        change = self._submit(key, record, text, known, fresh_hash, result, replay)
        return change if change is None or replay is None else replayed(change, replay.reason.value)

    def _submit(
        self,
        key: str,
        record: InputRecord,
        text: RawAddress | None,
        known: RecordState | None,
        fresh_hash: str | None,
        result: AddressResult | None,
        replay: Replay | None,
    ) -> Change | None:
        """What a submission changes, or without a text a withdrawal; None where the core failed on it."""
        row = _row(text, record)
        said = record.offset if replay is None else replay.first_offset(record.partition, record.offset)
        if known is not None:
            if fresh_hash is not None and known.source_hash == fresh_hash:
                return unchanged(key, known, row, said)
            # A dead letter that is put back never overwrites what the source sent after it.
            if said < known.source_version:
                return Change(row=row, outcome=Outcome.UNCHANGED)
        if text is None:
            return withdrawn(key, known, record.offset, row, said)
        if result is None or fresh_hash is None:
            return None
        fields = remembered(text, result.address_text)
        if known is not None:
            result = self._at_home(known, result)
        fresh = Fresh(fresh_hash, fields, result, self._core.edition, said)
        return submitted(key, known, record.offset, row, fresh)

    def _stays(self, known: RecordState, result: AddressResult) -> bool:
        """Whether an accepted result is in the commune where its record was, as far as lineage leads there."""
        if known.registry_area is None or not known.communes:
            return False
        accepted = result.next_action is NextAction.ACCEPT
        return accepted and self._core.stays(known.communes[-1], known.registry_area, result)

    def _at_home(self, known: RecordState, result: AddressResult) -> AddressResult:
        """The result in the area where its record is registered, if that is the area of its commune by lineage."""
        if known.registry_area is None or not self._stays(known, result):
            return result
        return in_area(result, known.registry_area)

    def _decide(self, key: str, known: RecordState | None, version: int, decision: Decision) -> Change | Refusal:
        if known is None:
            return Refusal(
                DeadLetterCode.DECISION_UNKNOWN_RECORD, "no such record is known: submit the address before deciding it"
            )
        if known.outcome is Outcome.WITHDRAWN:
            return Refusal(
                DeadLetterCode.DECISION_UNKNOWN_RECORD,
                "the source has withdrawn this record: submit the address again before deciding it",
            )
        if decision.based_on_version != known.version:
            return Refusal(
                DeadLetterCode.DECISION_STALE,
                f"based on version {decision.based_on_version}, but version {known.version} is current: decide anew",
            )
        decision = redacted_decision(decision)
        try:
            result = self._core.settle(decision)
        except LookupError:
            return Refusal(
                DeadLetterCode.DECISION_UNKNOWN_COMMUNE,
                "commune_code is not in the gazetteer: choose a current commune",
            )
        stayed = self._stays(known, result)
        return decided(key, known, version, decision, self._at_home(known, result), self._core.edition, stayed=stayed)


def _refuse(refusal: Refusal, record: InputRecord, reading: Reading, out: Outputs) -> None:
    out.dead_letter(record, refusal.code, refusal.detail)
    # A refused decision or request leaves its row as it was: only submitted rows are counted.
    row = None
    if not isinstance(reading, Decision | Reprocess):
        # Last a broken record's own word.
        row = _row(reading if isinstance(reading, RawAddress) else None, record)
        row = row or (reading.row if isinstance(reading, Refusal) else None)
    if row is not None:
        replay = replay_of(record.headers)
        step = Transition(
            line_no=row[1],
            version=record.offset,
            previous=Outcome.DEAD_LETTER if replay else None,
            outcome=Outcome.DEAD_LETTER,
            reason=refusal.code.value,
            previous_reason=replay.reason.value if replay else None,
        )
        out.transition(row[0], step)


def _remembered(state: StateStore, key: bytes | None) -> RecordState | None:
    value = state.get(key) if key else None
    return decode(RecordState, value) if value is not None else None


def _row(text: RawAddress | None, record: InputRecord) -> tuple[str, int] | None:
    """The batch and line to account for: a sound record's own word, else its headers'."""
    if text is not None and text.batch_id is not None and text.line_no is not None:
        return text.batch_id, text.line_no
    return batch_row(record.headers)


def _distinct_keys(records: Sequence[InputRecord]) -> Iterator[list[InputRecord]]:
    """Split a batch, in order, wherever a key comes a second time."""
    wave: list[InputRecord] = []
    seen: set[bytes | None] = set()
    for record in records:
        if record.key in seen:
            yield wave
            wave, seen = [], set()
        wave.append(record)
        seen.add(record.key)
    if wave:
        yield wave
