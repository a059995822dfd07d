"""All that is wrong with what batches left on the topics: rules over records that were read already."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from aiokafka import ConsumerRecord

from schemas.batch import BatchStatus
from schemas.codec import decode
from services.stream.envelope import BATCH_ID, LINE_NO, batch_row, claimed_row
from services.stream.topics import (
    BATCH_PROGRESS,
    BATCH_STATUS,
    DIGITISED,
    MAP_FEATURE,
    MATCHED,
    MATCHED_DEAD_LETTERS,
    NATIONAL,
    RAW_DEAD_LETTERS,
    REVIEW,
)
from tests.chaos.oracle import Account
from tests.chaos.rows import is_misdeployed
from tests.chaos.state import Shown, digest

EVENTS = (MATCHED, DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, BATCH_PROGRESS, BATCH_STATUS)
LETTERS = (RAW_DEAD_LETTERS, MATCHED_DEAD_LETTERS)
# Where a row with that outcome is to be found, once in one of them.
_PLACES = {"digitised": (DIGITISED,), "review": (REVIEW,), "dead_letter": LETTERS, "unchanged": (), "withdrawn": ()}
_SHOWN = 5

Records = Sequence[ConsumerRecord]
Steps = Mapping[int, Sequence[tuple[str, str | None]]]


class Rule(StrEnum):
    """What may not be."""

    OPEN = "a transaction stays open, and nobody can read on"
    LOST = "a row is not accounted for"
    TWICE = "a row is accounted for twice"
    EVENT = "an event has no id"
    EVENT_TWICE = "an event was published twice"
    MISPLACED = "a row is not exactly once where its outcome says"
    OUTCOME = "a row has another outcome than undisturbed"
    CODE = "a row has another code than undisturbed, up to the renaming of serials and units"
    CODE_TWICE = "a code was issued to two dwellings"
    GAP = "a serial or a unit was left out"
    PUBLISHED = "a topic has another number of records than undisturbed"
    STATE = "a worker's state is not its changelog"
    OFFSET = "the group's offset is not behind the last record"
    TOTALS = "the tracker's totals are wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    detail: str

    def __str__(self) -> str:
        return f"{self.rule.value}: {self.detail}"


def judge(found: Mapping[str, Records], batch_id: str, expected: Account) -> list[Finding]:
    """What is not as in the undisturbed account. Topics, named without prefix, are not compacted and hold one batch."""
    steps = steps_of(found[BATCH_PROGRESS], batch_id)
    return [
        *_rows(steps, expected),
        *_events(found),
        *_places(found, batch_id, expected),
        *_codes(found[DIGITISED]),
        *_numbers(found, expected),
    ]


def steps_of(progress: Iterable[ConsumerRecord], batch_id: str) -> dict[int, list[tuple[str, str | None]]]:
    """Outcome and code of every announced step of a batch, by line."""
    steps: dict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for record in progress:
        event = orjson.loads(record.value)
        if event["batch_id"] == batch_id:
            for step in event.get("transitions", ()):
                steps[step["line_no"]].append((step["outcome"], step["code"]))
    return steps


def _rows(steps: Steps, expected: Account) -> Iterator[Finding]:
    yield from _finding(Rule.LOST, sorted(expected.steps.keys() - steps.keys()))
    yield from _finding(Rule.TWICE, [f"{line}: {taken}" for line, taken in steps.items() if len(taken) > 1])
    outcomes, right = ({line: taken[-1][0] for line, taken in each.items()} for each in (steps, expected.steps))
    yield from _finding(Rule.OUTCOME, _differences(outcomes, right, steps))
    yield from _finding(Rule.CODE, _differences(Account(steps, {}).codes(), expected.codes(), steps))


def _differences(seen: Mapping[int, object], right: Mapping[int, object], lines: Iterable[int]) -> list[str]:
    return [f"{line}: {seen.get(line)}, not {right.get(line)}" for line in lines if seen.get(line) != right.get(line)]


def _events(found: Mapping[str, Records]) -> Iterator[Finding]:
    """Each has an id, but for what the test deployed out of step, and none comes twice, on one topic or on two."""
    topics_of: dict[bytes, list[str]] = defaultdict(list)
    nameless: list[str] = []
    for topic in EVENTS:
        for record in found[topic]:
            if event := dict(record.headers).get("ce_id"):
                topics_of[event].append(topic)
            elif not is_misdeployed(topic, record.value):
                nameless.append(f"{topic} {record.partition} at {record.offset}")
    yield from _finding(Rule.EVENT, nameless)
    twice = [f"{event.decode()} on {', '.join(where)}" for event, where in topics_of.items() if len(where) > 1]
    yield from _finding(Rule.EVENT_TWICE, twice)


def _places(found: Mapping[str, Records], batch_id: str, expected: Account) -> Iterator[Finding]:
    """Each line in exactly one of the places where a row can end, and in the right one."""
    places: dict[int, list[str]] = defaultdict(list)
    for topic in (DIGITISED, REVIEW, *LETTERS):
        for record in found[topic]:
            row = _row(topic, record)
            if row is not None and row[0] == batch_id:
                places[row[1]].append(topic)
    for topic in (MAP_FEATURE, NATIONAL):
        keys, wanted = (Counter((each.key, each.value is None) for each in found[name]) for name in (topic, DIGITISED))
        yield from _finding(Rule.MISPLACED, [f"{key} on {topic}" for key in (keys - wanted) + (wanted - keys)])
    wrong = []
    for line in places.keys() | expected.steps.keys():
        outcome = expected.steps[line][-1][0] if line in expected.steps else "unchanged"
        right = _PLACES[outcome]
        if len(places[line]) != len(right[:1]) or not set(places[line]) <= set(right):
            wrong.append(f"line {line}, {outcome}: {places[line]}")
    yield from _finding(Rule.MISPLACED, wrong)


def _row(topic: str, record: ConsumerRecord) -> tuple[str, int] | None:
    if topic == RAW_DEAD_LETTERS:
        headers = dict(record.headers)
        return batch_row([(name, headers[name]) for name in (BATCH_ID, LINE_NO) if name in headers])
    return None if record.value is None else claimed_row(orjson.loads(record.value))


def _codes(digitised: Records) -> Iterator[Finding]:
    """One dwelling per code with unit, through the whole history of the topic; serials and units without gaps."""
    dwellings: dict[bytes, set[str]] = defaultdict(set)
    for record in digitised:
        if record.value is not None:
            address = orjson.loads(record.value)
            dwellings[record.key].add(address["result"]["dwelling_id"] or address["record_key"])
    yield from _finding(
        Rule.CODE_TWICE, [f"{key.decode()}: {held}" for key, held in dwellings.items() if len(held) > 1]
    )
    numbers: dict[str, list[int]] = defaultdict(list)
    for key in dwellings:
        located, _, unit = key.decode().partition("-")
        if located[5] == "0":
            numbers[located[:6]].append(int(located[6:]))
        else:
            numbers[located].append(int(unit or 1))
    gaps = [f"{where}: {sorted(used)[-3:]} of {len(used)}" for where, used in numbers.items() if max(used) > len(used)]
    yield from _finding(Rule.GAP, gaps)


def _numbers(found: Mapping[str, Records], expected: Account) -> Iterator[Finding]:
    for topic in (MATCHED, DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, *LETTERS):
        count = sum(not is_misdeployed(topic, record.value) for record in found[topic])
        if count != expected.published.get(topic, 0):
            yield Finding(Rule.PUBLISHED, f"{count} on {topic}, not {expected.published.get(topic, 0)}")


def judge_offsets(stage: str, records: Records, committed: Mapping[int, int | None]) -> list[Finding]:
    """Hold the offsets that a stage's group has committed, by partition, against the records of its input."""
    last: dict[int, int] = {}
    for record in records:
        last[record.partition] = max(record.offset, last.get(record.partition, -1))
    findings = []
    for partition, offset in last.items():
        # After the last record there may be markers of transactions, no record.
        if (to := committed.get(partition)) is None or to <= offset:
            findings.append(Finding(Rule.OFFSET, f"{stage} {partition}: {to}, last record {offset}"))
    return findings


def judge_state(stage: str, changelog: Records, shown: Sequence[Mapping[int, Shown]]) -> list[Finding]:
    """Hold what the workers of a stage held at their end against the changelog; each partition was held."""
    live: dict[int, dict[bytes, bytes]] = defaultdict(dict)
    for record in changelog:
        if record.value is None:
            live[record.partition].pop(record.key, None)
        else:
            live[record.partition][record.key] = record.value
    findings = []
    for partition in sorted(live.keys() | {number for each in shown for number in each}):
        right = digest(live[partition])
        held = [each[partition] for each in shown if partition in each]
        if not held:
            findings.append(Finding(Rule.STATE, f"{stage} {partition}: no worker held it at the end"))
        findings += [
            Finding(Rule.STATE, f"{stage} {partition}: {state.keys} keys, {right.keys} in the changelog")
            for state in held
            if state != right
        ]
    return findings


def judge_totals(batch_id: str, expected: Account, told: bytes, statuses: Records) -> list[Finding]:
    """Hold what the tracker says over HTTP, and said last on its topic, against the undisturbed account."""
    published = [record.value for record in statuses if record.key == batch_id.encode()]
    findings = []
    rows, outcomes = len(expected.steps), dict(sorted(expected.outcomes().items()))
    for where, value in (("HTTP", told), (BATCH_STATUS, published[-1] if published else b"")):
        status = _status(value)
        right = status is not None and (status.state, status.submitted, status.accounted, status.outcomes) == (
            "complete",
            rows,
            rows,
            outcomes,
        )
        if not right:
            findings.append(Finding(Rule.TOTALS, f"{where} says {status or value!r}, not {outcomes}"))
    return findings


def _status(value: bytes) -> BatchStatus | None:
    """None for what is no status, as the tracker's answer while it reads its table back."""
    try:
        return decode(BatchStatus, value)
    except ValueError:
        return None


def _finding(rule: Rule, cases: Sequence[object]) -> Iterator[Finding]:
    """One finding for all cases of a kind, with the first few of them."""
    if cases:
        yield Finding(rule, f"{len(cases)} cases: {'; '.join(map(str, cases[:_SHOWN]))}")
