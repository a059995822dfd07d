"""From the bytes of a raw record to what its producer meant, or to a refusal that says what is wrong and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from schemas.codec import from_mapping
from schemas.dead_letter import DeadLetterCode
from schemas.raw import Decision, RawAddress, Reprocess
from schemas.validation import MAX_DEPTH_RULE, validator
from services.address.identity import record_key
from services.normaliser.usual import usual_submission
from services.stream.envelope import claimed_row
from services.stream.outputs import InputRecord

SUBMISSION_SCHEMA: Final = "address.raw.v1"
DECISION_SCHEMA: Final = "address.decision.v1"
REPROCESS_SCHEMA: Final = "address.reprocess.v1"

Record = RawAddress | Decision | Reprocess


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A null value: the source has no such record any more."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record cannot be processed.

    `detail` names place, rule and remedy, never a value from the record. `row` is the batch and line that the record
    itself names, as far as it can be read.
    """

    code: DeadLetterCode
    detail: str
    row: tuple[str, int] | None = None


Reading = Record | Withdrawal | Refusal


def read_raw(record: InputRecord, max_bytes: int) -> Reading:
    """Read one record of `address.raw.v1`. Never raises for any bytes."""
    if record.value is None:
        return Withdrawal() if record.key else Refusal(DeadLetterCode.KEY_MISMATCH, "a withdrawal needs a key")
    if len(record.value) > max_bytes:
        return Refusal(
            DeadLetterCode.TOO_LARGE, f"{len(record.value)} bytes, {max_bytes} are allowed: send a shorter record"
        )
    usual = usual_submission(record.value)
    if usual is not None and record.key == _key_of(usual):
        return usual
    try:
        value = orjson.loads(record.value)
    except orjson.JSONDecodeError as error:
        return _not_json(record.value, error)
    schema, record_type = _form(value)
    fault = validator(schema).check(value)
    if fault is not None:
        code = DeadLetterCode.TOO_DEEP if fault.rule == MAX_DEPTH_RULE else DeadLetterCode.SCHEMA
        return Refusal(code, fault.message, claimed_row(value))
    return _keyed(record.key, value, record_type)


def _form(value: Any) -> tuple[str, type[Record]]:
    """Which of the three forms a value is meant to have."""
    if isinstance(value, dict):
        if "decided_by" in value:
            return DECISION_SCHEMA, Decision
        if "requested_at" in value:
            return REPROCESS_SCHEMA, Reprocess
    return SUBMISSION_SCHEMA, RawAddress


def _not_json(data: bytes, error: orjson.JSONDecodeError) -> Refusal:
    try:
        data.decode()
    except UnicodeDecodeError as broken:
        return Refusal(DeadLetterCode.NOT_UTF8, f"byte {broken.start} is not UTF-8: send the text as UTF-8")
    if "depth limit" in error.msg:
        return Refusal(DeadLetterCode.TOO_DEEP, "nested too deeply: an address record has three levels at the most")
    return Refusal(
        DeadLetterCode.NOT_JSON, f"not JSON at line {error.lineno}, column {error.colno}: send one JSON object"
    )


def _key_of(read: Record) -> bytes:
    return record_key(read.source, read.source_record_id).encode()


def _keyed(key: bytes | None, value: Any, record_type: type[Record]) -> Reading:
    read: Record = from_mapping(record_type, value)
    # Another key would put the record in another partition, where its order and its state are not.
    if key != _key_of(read):
        return Refusal(
            DeadLetterCode.KEY_MISMATCH,
            "the record's key is not `source:source_record_id`: send it with that key",
            claimed_row(value),
        )
    return read
