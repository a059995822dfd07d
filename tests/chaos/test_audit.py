"""Each rule of the audit fires: a good account, made in memory, is corrupted by one thing.

What breaks a rule as soon as a worker is broken is in test_broken.py as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from msgspec import structs

from gazetteer.gazetteer import Gazetteer
from schemas.batch import BatchStatus
from schemas.codec import encode
from services.address.core import AddressCore
from services.stream.outputs import Output
from services.stream.topics import (
    BATCH_PROGRESS,
    BATCH_STATUS,
    DIGITISED,
    MATCHED,
    NATIONAL,
    NORMALISER_STATE,
    RAW_DEAD_LETTERS,
    REVIEW,
)
from tests.chaos.audit import Scope, audit
from tests.chaos.judgement import (
    EVENTS,
    LETTERS,
    Finding,
    Rule,
    judge,
    judge_offsets,
    judge_state,
    judge_totals,
)
from tests.chaos.oracle import Account, Oracle
from tests.chaos.rows import compose, misdeployed
from tests.chaos.state import digest
from tests.stream.kafka_io import arguments
from tests.stream.services import create_service_topics

BATCH = "b"
ROWS = 400

Topics = dict[str, list[ConsumerRecord]]


@pytest.fixture(scope="module")
def good() -> tuple[Topics, Account]:
    """What a run leaves of which nothing is wrong, and what is expected of it."""
    oracle = Oracle(AddressCore(Gazetteer.load()), made=[])
    strays = misdeployed(BATCH, ROWS + 1, 2)
    oracle.raw(compose(Gazetteer.load(), ROWS, BATCH))
    oracle.matched(strays)
    found: Topics = {topic: [] for topic in (*EVENTS, *LETTERS)}
    for made in oracle.made or []:
        found[made.topic].append(_record(found, made))
    for key, value, headers in strays:
        found[MATCHED].append(_record(found, Output(MATCHED, key, value, headers, 0)))
    return found, oracle.account()


def _record(found: Topics, made: Output) -> ConsumerRecord:
    offset = len(found[made.topic])
    return ConsumerRecord(
        made.topic, 0, offset, made.timestamp_ms, 0, made.key, made.value, None, 0, 0, tuple(made.headers)
    )


def rules(findings: list[Finding]) -> set[Rule]:
    return {finding.rule for finding in findings}


def changed(record: ConsumerRecord, change: Callable[[Any], None]) -> ConsumerRecord:
    """The record with its value changed in place by `change`."""
    value = orjson.loads(record.value)
    change(value)
    return replace(record, value=orjson.dumps(value))


def test_of_a_good_account_nothing_is_found(good: tuple[Topics, Account]) -> None:
    found, expected = good
    assert judge(found, BATCH, expected) == []
    assert {"digitised", "review", "dead_letter"} <= expected.outcomes().keys()


def without_one(topic: str) -> Callable[[Topics], None]:
    return lambda found: found[topic].pop() and None


def once_more(topic: str) -> Callable[[Topics], None]:
    return lambda found: found[topic].append(found[topic][0])


def without_its_id(topic: str) -> Callable[[Topics], None]:
    def corrupt(found: Topics) -> None:
        record = found[topic][0]
        found[topic][0] = replace(record, headers=tuple(each for each in record.headers if each[0] != "ce_id"))

    return corrupt


def announcing(name: str, value: Callable[[str], str]) -> Callable[[Topics], None]:
    """One step of a digitised row is announced with another outcome, or another code."""

    def corrupt(found: Topics) -> None:
        def change(event: Any) -> None:
            step = next(step for step in event["transitions"] if step["outcome"] == "digitised")
            step[name] = value(step[name])

        index = next(n for n, each in enumerate(found[BATCH_PROGRESS]) if b'"digitised"' in each.value)
        found[BATCH_PROGRESS][index] = changed(found[BATCH_PROGRESS][index], change)

    return corrupt


def a_step_left_out(found: Topics) -> None:
    found[BATCH_PROGRESS][0] = changed(found[BATCH_PROGRESS][0], lambda event: event["transitions"].pop())


def a_step_told_twice(found: Topics) -> None:
    def change(event: Any) -> None:
        event["transitions"].append(event["transitions"][0])

    found[BATCH_PROGRESS][0] = changed(found[BATCH_PROGRESS][0], change)


def another_dwelling_under_a_code(found: Topics) -> None:
    def change(address: Any) -> None:
        address["result"]["dwelling_id"] = "another"
        del address["line_no"]

    found[DIGITISED].append(changed(found[DIGITISED][0], change))


def the_first_code_left_out(found: Topics) -> None:
    """The first serial of an area that has more than one."""
    keys = sorted(each.key for each in found[DIGITISED] if each.key[5:6] == b"0")
    first = next(key for key, after in pairwise(keys) if key[:6] == after[:6])
    found[DIGITISED][:] = [each for each in found[DIGITISED] if each.key != first]


@pytest.mark.parametrize(
    ("corrupt", "rule"),
    [
        (a_step_left_out, Rule.LOST),
        (a_step_told_twice, Rule.TWICE),
        (without_its_id(MATCHED), Rule.EVENT),
        (without_its_id(DIGITISED), Rule.EVENT),
        (without_its_id(REVIEW), Rule.EVENT),
        (without_its_id(BATCH_PROGRESS), Rule.EVENT),
        (once_more(NATIONAL), Rule.EVENT_TWICE),
        (without_one(DIGITISED), Rule.MISPLACED),
        (without_one(NATIONAL), Rule.MISPLACED),
        (without_one(RAW_DEAD_LETTERS), Rule.MISPLACED),
        (announcing("outcome", lambda _: "review"), Rule.OUTCOME),
        (announcing("code", lambda code: "99999" + code[5:]), Rule.CODE),
        (another_dwelling_under_a_code, Rule.CODE_TWICE),
        (the_first_code_left_out, Rule.GAP),
        (without_one(REVIEW), Rule.PUBLISHED),
        (without_one(RAW_DEAD_LETTERS), Rule.PUBLISHED),
    ],
)
def test_what_is_wrong_with_the_topics_is_found(
    good: tuple[Topics, Account], corrupt: Callable[[Topics], None], rule: Rule
) -> None:
    found = {topic: list(records) for topic, records in good[0].items()}
    corrupt(found)
    assert rule in rules(judge(found, BATCH, good[1]))


def test_two_rows_that_share_a_code_and_should_not_are_found(good: tuple[Topics, Account]) -> None:
    """Each code is of the right area: only which rows share one is wrong."""
    found, expected = good
    serials = {line: taken[-1][1] for line, taken in expected.steps.items() if (taken[-1][1] or "")[5:6] == "0"}
    one, other = next(
        (one, other) for one in serials for other in serials if one < other and serials[one][:6] == serials[other][:6]
    )
    wrong = Account({**expected.steps, other: expected.steps[one]}, expected.published)
    assert rules(judge(found, BATCH, wrong)) == {Rule.CODE}


@pytest.mark.parametrize("committed", [{}, {0: None}, {0: ROWS - 1}])
def test_an_offset_that_is_not_behind_the_last_record_is_found(committed: Mapping[int, int | None]) -> None:
    inputs = [ConsumerRecord("raw", 0, offset, 0, 0, b"", b"", None, 0, 0, ()) for offset in range(ROWS)]
    assert rules(judge_offsets("normaliser", inputs, committed)) == {Rule.OFFSET}
    assert judge_offsets("normaliser", inputs, {0: ROWS}) == []


def _changelog(*changes: tuple[int, bytes, bytes | None]) -> list[ConsumerRecord]:
    return [
        ConsumerRecord(NORMALISER_STATE, partition, offset, 0, 0, key, value, None, 0, 0, ())
        for offset, (partition, key, value) in enumerate(changes)
    ]


def test_a_state_that_is_not_its_changelog_is_found() -> None:
    changelog = _changelog((0, b"a", b"1"), (0, b"a", b"2"), (1, b"b", b"1"), (1, b"c", b"1"), (1, b"c", None))
    right = [{0: digest({b"a": b"2"})}, {1: digest({b"b": b"1"})}]
    assert judge_state("normaliser", changelog, right) == []
    for wrong in (
        [{0: digest({b"a": b"1"})}, right[1]],
        [right[0], {1: digest({b"b": b"1", b"c": b"1"})}],
        [right[0]],
        [*right, {2: digest({b"d": b"1"})}],
        # Of two that say they held it, both must be right.
        [*right, {0: digest({})}],
    ):
        assert rules(judge_state("normaliser", changelog, wrong)) == {Rule.STATE}


def test_totals_that_are_wrong_are_found(good: tuple[Topics, Account]) -> None:
    _, expected = good
    rows = len(expected.steps)
    right = BatchStatus(
        batch_id=BATCH,
        source="chaos",
        name=None,
        state="complete",
        submitted=rows,
        accounted=rows,
        outcomes=dict(expected.outcomes()),
        reasons={},
        opened_at=None,
        closed_at=None,
        updated_at=None,
    )

    def found(told: bytes, last: bytes) -> set[Rule]:
        topic = [ConsumerRecord(BATCH_STATUS, 0, 0, 0, 0, BATCH.encode(), last, None, 0, 0, ())]
        return rules(judge_totals(BATCH, expected, told, topic))

    assert found(encode(right), encode(right)) == set()
    fewer = {**right.outcomes, "digitised": right.outcomes["digitised"] - 1}
    for wrong in (
        b"",
        b'{"error": "tracker.not_ready", "detail": "try again in a moment"}',
        encode(structs.replace(right, state="closed")),
        encode(structs.replace(right, accounted=rows - 1)),
        encode(structs.replace(right, submitted=rows + 1)),
        encode(structs.replace(right, outcomes=fewer)),
    ):
        assert found(wrong, encode(right)) == found(encode(right), wrong) == {Rule.TOTALS}


def test_a_transaction_that_stays_open_is_found(kafka: str, topic_prefix: str) -> None:
    async def left_open() -> list[Finding]:
        await create_service_topics(kafka, topic_prefix, 1)
        producer = AIOKafkaProducer(**arguments(kafka), transactional_id=f"{topic_prefix}open")
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(topic_prefix + DIGITISED, b"{}", key=b"1")
            return await audit(Scope(kafka, topic_prefix, BATCH), Account({}, {}), open_seconds=1.0)
        finally:
            await producer.stop()

    assert rules(asyncio.run(left_open())) == {Rule.OPEN}
