"""The core and each peer on the same rows: the labelled sets, and hard noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gazetteer.gazetteer import Gazetteer
from schemas.address import AddressResult
from tests.accuracy import noise, peers, sets
from tests.accuracy.generated import SEED, new_codes
from tests.accuracy.peers import PEERS, Answered, Judge, PeerError

NOISE = "hard noise"
NOISE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A text with its acceptable communes, before July 2025 and of today; none of both where it determines none."""

    text: str
    old: frozenset[str]
    new: frozenset[str]


@dataclass(frozen=True, slots=True)
class Side:
    """What one side made of the rows. `answered`: of the rows that determine no commune, how many got one of today all
    the same (ours: got accepted). Shares between 0 and 1, None where no row has such a label; records/s of CPU time."""

    old_right: float | None
    new_right: float | None
    answered: float | None
    per_second: float


@dataclass(frozen=True, slots=True)
class Versus:
    """A peer and the core on the same rows of a set."""

    name: str
    package: str
    rows: int
    all_rows: int
    peer: Side
    ours: Side


def compare(gazetteer: Gazetteer) -> tuple[list[Versus], dict[str, str]]:
    """All peers on all sets; and those that could not be installed or run, with the reason."""
    try:
        python = peers.install()
    except PeerError as error:
        return [], dict.fromkeys(PEERS, f"not installed: {error}")
    found: list[Versus] = []
    failed: dict[str, str] = {}
    for name, rows in _all_rows(gazetteer):
        for package, limit in PEERS.items():
            if package in failed:
                continue
            try:
                found.append(_versus(gazetteer, python, name, package, peers.sample(rows, limit), len(rows)))
            except PeerError as error:
                failed[package] = f"failed on {name}: {error}"
    return found, failed


def _all_rows(gazetteer: Gazetteer) -> Iterator[tuple[str, list[Asked]]]:
    """The labelled sets without their excluded rows, then noise."""
    for name in sets.SETS if sets.FOLDER.is_dir() else ():
        excluded = sets.exclusions().get(name, {})
        yield name, [_asked(row) for row in sets.load(name) if row["id"] not in excluded]
    noised = noise.noised(gazetteer, NOISE_ROWS, SEED)
    yield NOISE, [Asked(row.text, row.old_codes, new_codes(gazetteer, row)) for row in noised]


def _asked(row: dict[str, Any]) -> Asked:
    if row["expect"] != "match":
        return Asked(row["raw"], frozenset(), frozenset())
    return Asked(row["raw"], frozenset(sets.old_codes(row)), frozenset(row.get("new_codes") or ()))


def _versus(
    gazetteer: Gazetteer, python: Path, name: str, package: str, rows: Sequence[Asked], all_rows: int
) -> Versus:
    texts = [row.text for row in rows]
    peer = _of_peer(Judge(gazetteer), rows, peers.ask(python, package, texts))
    results, speed = sets.digitise_twice(gazetteer, texts)
    return Versus(name, package, len(rows), all_rows, peer, _of_ours(rows, results, speed.cold))


def _of_peer(judge: Judge, rows: Sequence[Asked], answered: Answered) -> Side:
    pairs = list(zip(rows, answered.answers, strict=True))
    return Side(
        old_right=sets.share(judge.old_is_right(answer, row.old) for row, answer in pairs if row.old),
        new_right=sets.share(judge.new_is_right(answer, row.new) for row, answer in pairs if row.new),
        answered=sets.share(said["new"] is not None for row, said in pairs if not (row.old or row.new)),
        per_second=answered.per_second,
    )


def _of_ours(rows: Sequence[Asked], results: Sequence[AddressResult], per_second: float) -> Side:
    pairs = list(zip(rows, results, strict=True))
    return Side(
        old_right=sets.share(
            one.legacy is not None and one.legacy.commune_code in row.old for row, one in pairs if row.old
        ),
        new_right=sets.share(one.commune_code in row.new for row, one in pairs if row.new),
        answered=sets.share(one.next_action == "ACCEPT" for row, one in pairs if not (row.old or row.new)),
        per_second=per_second,
    )
