"""What batches left on the topics, read as any consumer would read them, and all that is wrong with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

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
    NORMALISER_STATE,
    RAW,
    RAW_DEAD_LETTERS,
    REGISTRAR_STATE,
    REVIEW,
)
from tests.chaos.oracle import Account
from tests.chaos.state import Shown, digest
from tests.stream.kafka_io import arguments, read_committed

EVENTS = (MATCHED, DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, BATCH_PROGRESS, BATCH_STATUS)
LETTERS = (RAW_DEAD_LETTERS, MATCHED_DEAD_LETTERS)
STATES = {"normaliser": (RAW, NORMALISER_STATE), "registrar": (MATCHED, REGISTRAR_STATE)}
_SHOWN = 5


class Rule(StrEnum):
    """What may not be."""

    OPEN = "a transaction stays open, and nobody can read on"
    LOST = "a row is not accounted for"
    TWICE = "a row is accounted for twice"
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


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: a broker, the topics of one prefix, which are not compacted and hold one batch."""

    servers: str
    prefix: str
    batch_id: str


async def account(servers: str, prefix: str, batch_id: str) -> dict[int, list[tuple[str, str | None]]]:
    """Outcome and code of every announced step of a batch, by line."""
    return _steps(await read_committed(servers, prefix + BATCH_PROGRESS), batch_id)


async def audit(scope: Scope, expected: Account) -> list[Finding]:
    """All that is not as in the undisturbed account, but for workers' state and the tracker; read to the end."""
    try:
        found = {
            topic: await read_committed(scope.servers, scope.prefix + topic, seconds=90)
            for topic in (*EVENTS, *LETTERS, RAW)
        }
    except AssertionError as error:
        return [Finding(Rule.OPEN, str(error))]
    steps = _steps(found[BATCH_PROGRESS], scope.batch_id)
    return [
        *_rows(steps, expected),
        *_events(found),
        *_places(found, scope.batch_id, expected),
        *_codes(found[DIGITISED]),
        *_numbers(found, expected),
        *await _offsets(scope, found),
    ]


def _steps(progress: Iterable[ConsumerRecord], batch_id: str) -> dict[int, list[tuple[str, str | None]]]:
    steps: dict[int, list[tuple[str, str | None]]] = defaultdict(list)
    for record in progress:
        event = orjson.loads(record.value)
        if event["batch_id"] == batch_id:
            for step in event.get("transitions", ()):
                steps[step["line_no"]].append((step["outcome"], step["code"]))
    return steps


def _rows(steps: Mapping[int, Sequence[tuple[str, str | None]]], expected: Account) -> Iterator[Finding]:
    yield from _finding(Rule.LOST, sorted(expected.steps.keys() - steps.keys()))
    yield from _finding(Rule.TWICE, [f"{line}: {taken}" for line, taken in steps.items() if len(taken) > 1])
    outcomes, right = ({line: taken[-1][0] for line, taken in each.items()} for each in (steps, expected.steps))
    yield from _finding(Rule.OUTCOME, _differences(outcomes, right, steps))
    yield from _finding(Rule.CODE, _differences(Account(steps, {}).codes(), expected.codes(), steps))


def _differences(seen: Mapping[int, object], right: Mapping[int, object], lines: Iterable[int]) -> list[str]:
    return [f"{line}: {seen.get(line)}, not {right.get(line)}" for line in lines if seen.get(line) != right.get(line)]


def _events(found: Mapping[str, Sequence[ConsumerRecord]]) -> Iterator[Finding]:
    """No id comes twice, on one topic or on two."""
    topics_of: dict[bytes, list[str]] = defaultdict(list)
    for topic in EVENTS:
        for record in found[topic]:
            if event := dict(record.headers).get("ce_id"):
                topics_of[event].append(topic)
    twice = [f"{event.decode()} on {', '.join(where)}" for event, where in topics_of.items() if len(where) > 1]
    yield from _finding(Rule.EVENT_TWICE, twice)


def _places(found: Mapping[str, Sequence[ConsumerRecord]], batch_id: str, expected: Account) -> Iterator[Finding]:
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
    right = {"digitised": (DIGITISED,), "review": (REVIEW,), "dead_letter": LETTERS, "unchanged": ()}
    for line in places.keys() | expected.steps.keys():
        outcome = expected.steps[line][-1][0] if line in expected.steps else "unchanged"
        if len(places[line]) != len(right[outcome][:1]) or not set(places[line]) <= set(right[outcome]):
            yield Finding(Rule.MISPLACED, f"line {line}, {outcome}: {places[line]}")


def _row(topic: str, record: ConsumerRecord) -> tuple[str, int] | None:
    if topic == RAW_DEAD_LETTERS:
        headers = dict(record.headers)
        return batch_row([(name, headers[name]) for name in (BATCH_ID, LINE_NO) if name in headers])
    return None if record.value is None else claimed_row(orjson.loads(record.value))


def _codes(digitised: Sequence[ConsumerRecord]) -> Iterator[Finding]:
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


def _numbers(found: Mapping[str, Sequence[ConsumerRecord]], expected: Account) -> Iterator[Finding]:
    for topic in (MATCHED, DIGITISED, MAP_FEATURE, NATIONAL, REVIEW, *LETTERS):
        # What was put there from outside, not by the normaliser, has no id of an event.
        count = sum(topic != MATCHED or "ce_id" in dict(record.headers) for record in found[topic])
        if count != expected.published.get(topic, 0):
            yield Finding(Rule.PUBLISHED, f"{count} on {topic}, not {expected.published.get(topic, 0)}")


async def _offsets(scope: Scope, found: Mapping[str, Sequence[ConsumerRecord]]) -> list[Finding]:
    findings = []
    for stage, (topic, _) in STATES.items():
        last: dict[int, int] = {}
        for record in found[topic]:
            last[record.partition] = max(record.offset, last.get(record.partition, -1))
        consumer = AIOKafkaConsumer(
            **arguments(scope.servers), group_id=f"{scope.prefix}{stage}", enable_auto_commit=False
        )
        await consumer.start()
        try:
            for partition, offset in last.items():
                committed = await consumer.committed(TopicPartition(scope.prefix + topic, partition))
                # After the last record there may be markers of transactions, no record.
                if committed is None or committed <= offset:
                    findings.append(Finding(Rule.OFFSET, f"{stage} {partition}: {committed}, last record {offset}"))
        finally:
            await consumer.stop()
    return findings


async def audit_state(scope: Scope, stage: str, shown: Sequence[Mapping[int, Shown]]) -> list[Finding]:
    """Compare what the workers of a stage held at their end with what the changelog says; each partition was held."""
    live: dict[int, dict[bytes, bytes]] = defaultdict(dict)
    for record in await read_committed(scope.servers, scope.prefix + STATES[stage][1]):
        if record.value is None:
            live[record.partition].pop(record.key, None)
        else:
            live[record.partition][record.key] = record.value
    findings = []
    for partition in sorted(live):
        changelog = digest(live[partition])
        held = [each[partition] for each in shown if partition in each]
        if not held:
            findings.append(Finding(Rule.STATE, f"{stage} {partition}: no worker held it at the end"))
        findings += [
            Finding(Rule.STATE, f"{stage} {partition}: {state.keys} keys, {changelog.keys} in the changelog")
            for state in held
            if state != changelog
        ]
    return findings


async def audit_totals(scope: Scope, expected: Account, told: bytes) -> list[Finding]:
    """Compare what the tracker says over HTTP, and said last on its topic, with the undisturbed account."""
    records = await read_committed(scope.servers, scope.prefix + BATCH_STATUS)
    published = [record.value for record in records if record.key == scope.batch_id.encode()]
    findings = []
    rows, outcomes = len(expected.steps), dict(sorted(expected.outcomes().items()))
    for where, value in (("HTTP", told), (BATCH_STATUS, published[-1] if published else b"")):
        status = decode(BatchStatus, value) if value else None
        right = status is not None and (status.state, status.submitted, status.accounted, status.outcomes) == (
            "complete",
            rows,
            rows,
            outcomes,
        )
        if not right:
            findings.append(Finding(Rule.TOTALS, f"{where} says {status}, not {outcomes}"))
    return findings


def _finding(rule: Rule, cases: Sequence[object]) -> Iterator[Finding]:
    """One finding for all cases of a kind, with the first few of them."""
    if cases:
        yield Finding(rule, f"{len(cases)} cases: {'; '.join(map(str, cases[:_SHOWN]))}")
