"""What became of one row, as flat fields: the same for a dry run and for a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from schemas.address import AddressResult
from schemas.outcome import Outcome
from services.intake.records import Record


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a row is no valid record: error code, and a sentence that says where and how to mend it. `column` is the
    operator's own name of the place, None where the sentence names none."""

    code: str
    detail: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What a row of a batch counts as in the end. `code` is with unit, None where no code is known; `reason` the error
    code of a dead letter, or the heaviest fault of a row in review."""

    outcome: Outcome
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one row. `result` is its digitised form, None for a refused row.

    `counted` is None in a dry run, and for a row of a batch of which nothing was heard.
    """

    record: Record
    result: AddressResult | None
    refused: Refused | None
    counted: Counted | None = None


RESULT_FIELDS = (
    *("commune_code", "commune", "province_code", "province"),
    *("legacy_commune_code", "legacy_commune", "legacy_district", "legacy_province", "legacy_assumed"),
    *("house_number", "alley", "street", "village", "building", "unit"),
    *("postal_code", "proposed_code", "lat", "lon", "accuracy_m"),
    *("match_level", "coordinate_level", "score", "margin", "faults", "next_action"),
    *("error_code", "error_column", "error_detail"),
)
OUTCOME_FIELDS = ("outcome", "code", "reason")


def refused(code: str, detail: str, columns: Mapping[str, str]) -> Refused:
    """A refusal in the operator's terms. `detail` begins with a JSON pointer where the fault has a place, and `columns`
    has the column of each field that has one."""
    pointer = detail.partition(":")[0]
    field = pointer.removeprefix("/position/").removeprefix("/").replace("/", "_")
    column = columns.get("id" if field == "source_record_id" else field) if pointer.startswith("/") else None
    return Refused(code, detail, column)


def result_fields(answer: Answer) -> dict[str, Any]:
    """The result as one flat object, RESULT_FIELDS in order; all but the error is null for a refused row."""
    if answer.result is None:
        fields: dict[str, Any] = {**dict.fromkeys(RESULT_FIELDS), "faults": []}
        if answer.refused is not None:
            refused = answer.refused
            fields |= {"error_code": refused.code, "error_column": refused.column, "error_detail": refused.detail}
        return fields
    result = answer.result
    legacy, position = result.legacy, result.position
    return {
        "commune_code": result.commune_code,
        "commune": result.commune,
        "province_code": result.province_code,
        "province": result.province,
        "legacy_commune_code": legacy.commune_code if legacy else None,
        "legacy_commune": legacy.commune if legacy else None,
        "legacy_district": legacy.district if legacy else None,
        "legacy_province": legacy.province if legacy else None,
        "legacy_assumed": legacy.assumed if legacy else None,
        **structs.asdict(result.components),
        "postal_code": result.postal_code,
        "proposed_code": result.proposed_code,
        "lat": position.lat if position else None,
        "lon": position.lon if position else None,
        "accuracy_m": position.accuracy_m if position else None,
        "match_level": result.match_level.value,
        "coordinate_level": result.coordinate_level.value,
        "score": result.score,
        "margin": result.margin,
        "faults": list(result.faults),
        "next_action": result.next_action.value,
        "error_code": None,
        "error_column": None,
        "error_detail": None,
    }


def outcome_fields(answer: Answer) -> dict[str, Any]:
    """What a row of a batch counts as, OUTCOME_FIELDS in order, and its result; all is null where nothing is known."""
    counted = answer.counted
    return {
        "outcome": counted.outcome.value if counted else None,
        "code": counted.code if counted else None,
        "reason": counted.reason if counted else None,
        **result_fields(answer),
    }
