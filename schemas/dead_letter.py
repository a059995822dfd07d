"""Why a record could not be processed, the headers that say so beside its unchanged bytes, and what became of it.

`dead-letter.handled.v1` says which letters were put back or dropped.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from schemas.record import Record


class DeadLetterCode(StrEnum):
    """The error code of a dead letter."""

    TOO_LARGE = "input.too_large"
    NOT_UTF8 = "input.not_utf8"
    NOT_JSON = "input.not_json"
    TOO_DEEP = "input.too_deep"
    SCHEMA = "input.schema"
    UNREADABLE_HEADER = "input.unreadable_header"
    KEY_MISMATCH = "input.key_mismatch"
    DECISION_STALE = "decision.stale"
    DECISION_UNKNOWN_RECORD = "decision.unknown_record"
    DECISION_UNKNOWN_COMMUNE = "decision.unknown_commune"
    REPROCESS_GAZETTEER = "reprocess.other_gazetteer"
    REPROCESS_FORGOTTEN = "reprocess.nothing_remembered"
    NOT_REGISTERED = "registration.missing"
    CODES_EXHAUSTED = "registration.codes_exhausted"
    UNEXPECTED = "internal.unexpected"


class DeadLetterHeader(StrEnum):
    """Headers added to the original ones. `detail` names place and rule, never the value that broke it."""

    TOPIC = "dlq-topic"
    PARTITION = "dlq-partition"
    OFFSET = "dlq-offset"
    STAGE = "dlq-stage"
    ERROR_CODE = "dlq-error-code"
    ERROR_DETAIL = "dlq-error-detail"


class ReplayHeader(StrEnum):
    """Headers added, last and in this order, to a record that is put back from the dead letters. `COUNT` is how often
    it was; `ORIGIN` the partition and offset where it first stood, as `3-1207`; `REASON` the error code by which its
    row counts as a dead letter."""

    COUNT = "diachi-replay-count"
    ORIGIN = "diachi-replay-origin"
    REASON = "diachi-replay-reason"


class HandledLetter(Record, frozen=True):
    """A dead letter that is listed no more. `topic` (without prefix), `topic_id`, `partition` and `offset` are its own
    place; `error_code` is why it was there."""

    topic: Literal["address.raw.v1.dlq", "address.matched.v1.dlq"]
    topic_id: str
    partition: int
    offset: int
    action: Literal["replayed", "dropped"]
    handled_at: str
    error_code: str
