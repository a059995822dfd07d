"""Why a record could not be processed, and the headers that say so beside its unchanged bytes."""

from __future__ import annotations

from enum import StrEnum


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
    UNEXPECTED = "internal.unexpected"


class DeadLetterHeader(StrEnum):
    """Headers added to the original ones. `detail` names place and rule, never the value that broke it."""

    TOPIC = "dlq-topic"
    PARTITION = "dlq-partition"
    OFFSET = "dlq-offset"
    STAGE = "dlq-stage"
    ERROR_CODE = "dlq-error-code"
    ERROR_DETAIL = "dlq-error-detail"
