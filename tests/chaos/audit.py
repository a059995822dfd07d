"""What a batch left on the topics, read as any consumer would read it, and whether every row is there exactly once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import orjson
from aiokafka import ConsumerRecord

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
from tests.stream.kafka_io import read_committed


@dataclass(frozen=True)
class Audit:
    """`outcomes` and `codes` are by line; provisional serials and units, which depend on the order of arrival, are
    taken out of the codes. `published` counts the records of each topic."""

    outcomes: dict[int, str]
    codes: dict[int, str]
    published: dict[str, int]

    def counts(self) -> dict[str, int]:
        return dict(Counter(self.outcomes.values()))


async def account(servers: str, prefix: str, batch_id: str) -> dict[int, list[tuple[str, str | None]]]:
    """Outcome and code of every announced step of a batch, by line."""
    steps: dict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for record in await read_committed(servers, prefix + BATCH_PROGRESS):
        event = orjson.loads(record.value)
        if event["batch_id"] == batch_id:
            for step in event.get("transitions", ()):
                steps[step["line_no"]].append((step["outcome"], step["code"]))
    return steps


async def audit(servers: str, prefix: str, batch_id: str, rows: int) -> Audit:
    """Read all topics, which must not be compacted; assert that nothing was lost or doubled."""
    found = {
        topic: await read_committed(servers, prefix + topic)
        for topic in (DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, RAW_DEAD_LETTERS, MATCHED, MATCHED_DEAD_LETTERS)
    }
    steps = await account(servers, prefix, batch_id)
    assert sorted(steps) == list(range(1, rows + 1)), "a row is not accounted for"
    assert all(len(taken) == 1 for taken in steps.values()), "a row is accounted for twice"
    for topic in (DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, MATCHED):
        ids = Counter(dict(record.headers)["ce_id"] for record in found[topic])
        assert not ids or max(ids.values()) == 1, f"an event was published twice on {topic}"
    assert found[MATCHED_DEAD_LETTERS] == []
    _assert_codes_are_unique(found[DIGITISED])
    outcomes = {line: taken[0][0] for line, taken in steps.items()}
    counts = Counter(outcomes.values())
    assert len(found[RAW_DEAD_LETTERS]) == counts["dead_letter"]
    assert len(found[REVIEW]) == counts["review"]
    for topic in (DIGITISED, MAP_FEATURE, NATIONAL):
        alive = [record for record in found[topic] if record.value is not None]
        assert len(alive) == counts["digitised"], f"{len(alive)} on {topic}"
    codes = {line: _without_order(code) for line, taken in steps.items() if (code := taken[0][1])}
    return Audit(outcomes, codes, {topic: len(records) for topic, records in found.items()})


def _assert_codes_are_unique(digitised: list[ConsumerRecord]) -> None:
    """One dwelling per code with unit, through the whole history of the topic."""
    dwellings: dict[bytes, set[str]] = defaultdict(set)
    for record in digitised:
        if record.value is not None:
            address = orjson.loads(record.value)
            dwellings[record.key].add(address["result"]["dwelling_id"] or address["record_key"])
    doubled = {key: held for key, held in dwellings.items() if len(held) > 1}
    assert not doubled, f"codes that were issued twice: {doubled}"


def _without_order(code: str) -> str:
    located = code.partition("-")[0]
    return located if located[5] != "0" else located[:6]
