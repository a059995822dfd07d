"""The labelled development sets, and how a set is measured.

They lie outside the project, in `../shared/eval`: most come from public sources without a licence. Labels:
`expect: match` rows name the acceptable communes before and after July 2025; the text of `expect: abstain` rows
does not determine one, so that any decision but ACCEPT is right. Rows whose label is wrong are named in
`exclusions.yaml`; each share is given with and without them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.process.collector import spare_what_stays

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "eval"
SETS = ("tq_hg", "vnpost", "vnpt", "hcmut450", "vnai_new_commune")
BATCH = 1_000
_EXCLUSIONS = Path(__file__).with_name("exclusions.yaml")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shares:
    """Between 0 and 1, None where no row has such a label. `accept_coverage` is of the rows that have an answer,
    `confirm` of all, `abstained` of those that have none. `wrong_accepts` are the ids of accepted rows whose commune is
    wrong or that should not have been accepted."""

    rows: int
    old_right: float | None
    new_right: float | None
    accept_precision: float | None
    accept_coverage: float
    confirm: float
    abstained: float | None
    wrong_accepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """Records per second of CPU time, with empty caches and again with those full, and the seconds of both."""

    cold: float
    warm: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A set, `without` the excluded rows and `with_all` rows."""

    name: str
    without: Shares
    with_all: Shares
    excluded: tuple[str, ...]
    speed: Speed


def load(name: str) -> list[dict[str, Any]]:
    """The rows of a set."""
    return [orjson.loads(line) for line in (FOLDER / f"{name}.jsonl").read_bytes().splitlines() if line.strip()]


@cache
def exclusions() -> dict[str, dict[str, str]]:
    """For each set, the ids of excluded rows with the reason."""
    found: dict[str, dict[str, str]] = yaml.safe_load(_EXCLUSIONS.read_text("utf-8"))
    return found


def measure(gazetteer: Gazetteer, name: str) -> Measured:
    """Digitise a set in batches, twice, and compare."""
    rows = load(name)
    results, speed = digitise_twice(gazetteer, [row["raw"] for row in rows])
    excluded = exclusions().get(name, {})
    pairs = list(zip(rows, results, strict=True))
    return Measured(
        name=name,
        without=compare([pair for pair in pairs if pair[0]["id"] not in excluded]),
        with_all=compare(pairs),
        excluded=tuple(excluded),
        speed=speed,
    )


def digitise_twice(gazetteer: Gazetteer, texts: Sequence[str]) -> tuple[list[AddressResult], Speed]:
    """The results of a new core, whose caches are empty the first time."""
    core = AddressCore(gazetteer)
    spare_what_stays()
    results, cold = digitise(core, texts)
    _, warm = digitise(core, texts)
    return results, Speed(len(texts) / cold, len(texts) / warm, cold + warm)


def digitise(core: AddressCore, texts: Sequence[str]) -> tuple[list[AddressResult], float]:
    """The results in batches of a thousand, and the seconds of CPU time they took."""
    batch = [RawAddress("eval", str(number), text) for number, text in enumerate(texts)]
    started = time.process_time()
    results = [
        result for start in range(0, len(batch), BATCH) for result in core.digitise(batch[start : start + BATCH])
    ]
    return results, time.process_time() - started


def compare(pairs: Sequence[tuple[Row, AddressResult]]) -> Shares:
    """The measures of rows with their results."""
    match = [(row, result) for row, result in pairs if row["expect"] == "match"]
    abstain = [(row, result) for row, result in pairs if row["expect"] == "abstain"]
    accepted = [(row, result) for row, result in pairs if result.next_action is NextAction.ACCEPT]
    wrong = [row["id"] for row, result in accepted if not _accept_is_right(row, result)]
    return Shares(
        rows=len(pairs),
        old_right=share(_old_is_right(row, result) for row, result in match if old_codes(row)),
        new_right=share(result.commune_code in row["new_codes"] for row, result in match if row.get("new_codes")),
        accept_precision=share(_accept_is_right(row, result) for row, result in accepted),
        accept_coverage=share(result.next_action is NextAction.ACCEPT for _, result in match) or 0.0,
        confirm=share(result.next_action is NextAction.CONFIRM for _, result in pairs) or 0.0,
        abstained=share(result.next_action is not NextAction.ACCEPT for _, result in abstain),
        wrong_accepts=tuple(wrong),
    )


def share(flags: Iterable[bool]) -> float | None:
    """Of the flags, how many are set, between 0 and 1; None without flags."""
    all_flags = list(flags)
    return sum(all_flags) / len(all_flags) if all_flags else None


def old_codes(row: Row) -> list[str]:
    """The acceptable communes before July 2025."""
    old = row.get("old_codes") or ([row["old_code"]] if row.get("old_code") else [])
    return [str(code) for code in old]


def _old_is_right(row: Row, result: AddressResult) -> bool:
    return result.legacy is not None and result.legacy.commune_code in old_codes(row)


def _accept_is_right(row: Row, result: AddressResult) -> bool:
    """Every code known for the row is right; an old commune left open is no error if the one of today is right."""
    if row["expect"] != "match":
        return False
    if row.get("new_codes") and result.commune_code not in row["new_codes"]:
        return False
    return not old_codes(row) or result.legacy is None or _old_is_right(row, result)
