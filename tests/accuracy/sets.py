"""The labelled development sets, and how a set is measured.

They lie outside the project, in `../shared/eval`: most come from public sources without a licence. Labels:
`expect: match` rows name the acceptable communes before and after July 2025; the text of `expect: abstain` rows
does not determine one, so that any decision but ACCEPT is right.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "eval"
SETS = ("tq_hg", "vnpost", "vnpt", "hcmut450", "vnai_new_commune")
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Measured:
    """Shares are between 0 and 1, None where no row has such a label. `wrong_accepts` are the ids of accepted rows
    whose commune is wrong or that should not have been accepted."""

    name: str
    rows: int
    old_right: float | None
    new_right: float | None
    accept_precision: float | None
    accept_coverage: float
    confirm_share: float
    abstained: float | None
    records_per_second: float
    wrong_accepts: tuple[str, ...]


def load(name: str) -> list[dict[str, Any]]:
    """The rows of a set."""
    return [orjson.loads(line) for line in (FOLDER / f"{name}.jsonl").read_bytes().splitlines() if line.strip()]


def measure(core: AddressCore, name: str) -> Measured:
    """Digitise a set in batches, and compare."""
    rows = load(name)
    batch = [RawAddress("eval", row["id"], row["raw"]) for row in rows]
    started = time.process_time()
    results = [
        result for start in range(0, len(batch), BATCH) for result in core.digitise(batch[start : start + BATCH])
    ]
    seconds = time.process_time() - started
    return compare(name, rows, results, len(rows) / seconds)


def compare(name: str, rows: Sequence[dict[str, Any]], results: Sequence[AddressResult], speed: float) -> Measured:
    """The measures of results that are in the order of the rows."""
    pairs = list(zip(rows, results, strict=True))
    match = [(row, result) for row, result in pairs if row["expect"] == "match"]
    abstain = [(row, result) for row, result in pairs if row["expect"] == "abstain"]
    accepted = [(row, result) for row, result in pairs if result.next_action is NextAction.ACCEPT]
    wrong = [row["id"] for row, result in accepted if not _accept_is_right(row, result)]
    return Measured(
        name=name,
        rows=len(rows),
        old_right=_share([_old_is_right(row, result) for row, result in match if _old_codes(row)]),
        new_right=_share([result.commune_code in row["new_codes"] for row, result in match if row.get("new_codes")]),
        accept_precision=_share([_accept_is_right(row, result) for row, result in accepted]),
        accept_coverage=_share([result.next_action is NextAction.ACCEPT for _, result in match]) or 0.0,
        confirm_share=_share([result.next_action is NextAction.CONFIRM for _, result in pairs]) or 0.0,
        abstained=_share([result.next_action is not NextAction.ACCEPT for _, result in abstain]),
        records_per_second=speed,
        wrong_accepts=tuple(wrong),
    )


def _share(flags: list[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _old_codes(row: dict[str, Any]) -> list[str]:
    old = row.get("old_codes") or ([row["old_code"]] if row.get("old_code") else [])
    return [str(code) for code in old]


def _old_is_right(row: dict[str, Any], result: AddressResult) -> bool:
    return result.legacy is not None and result.legacy.commune_code in _old_codes(row)


def _accept_is_right(row: dict[str, Any], result: AddressResult) -> bool:
    """Every code known for the row is right; an old commune left open is no error if the one of today is right."""
    if row["expect"] != "match":
        return False
    if row.get("new_codes") and result.commune_code not in row["new_codes"]:
        return False
    return not _old_codes(row) or result.legacy is None or _old_is_right(row, result)
