"""What batches left on the topics, read as any consumer would read them, to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stream.topics import (
    BATCH_PROGRESS,
    BATCH_STATUS,
    MATCHED,
    NORMALISER_STATE,
    RAW,
    REGISTRAR_STATE,
)
from tests.chaos.judgement import (
    EVENTS,
    LETTERS,
    Finding,
    Rule,
    judge,
    judge_offsets,
    judge_state,
    judge_totals,
    steps_of,
)
from tests.chaos.oracle import Account
from tests.chaos.state import Shown
from tests.stream.kafka_io import arguments, read_committed

_INPUTS = {"normaliser": RAW, "registrar": MATCHED}
_CHANGELOGS = {"normaliser": NORMALISER_STATE, "registrar": REGISTRAR_STATE}
_OPEN_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: a broker, the topics of one prefix, which are not compacted and hold one batch."""

    servers: str
    prefix: str
    batch_id: str


async def account(servers: str, prefix: str, batch_id: str) -> dict[int, list[tuple[str, str | None]]]:
    """Outcome and code of every announced step of a batch, by line."""
    return steps_of(await read_committed(servers, prefix + BATCH_PROGRESS), batch_id)


async def audit(scope: Scope, expected: Account, open_seconds: float = _OPEN_SECONDS) -> list[Finding]:
    """All that is not as in the undisturbed account, but for workers' state and the tracker; read to the end."""
    try:
        found = {
            topic: await read_committed(scope.servers, scope.prefix + topic, seconds=open_seconds)
            for topic in (*EVENTS, *LETTERS, RAW)
        }
    except AssertionError as error:
        return [Finding(Rule.OPEN, str(error))]
    findings = judge(found, scope.batch_id, expected)
    for stage, topic in _INPUTS.items():
        partitions = {record.partition for record in found[topic]}
        findings += judge_offsets(stage, found[topic], await _committed(scope, stage, topic, partitions))
    return findings


async def _committed(scope: Scope, stage: str, topic: str, partitions: Iterable[int]) -> dict[int, int | None]:
    consumer = AIOKafkaConsumer(**arguments(scope.servers), group_id=f"{scope.prefix}{stage}", enable_auto_commit=False)
    await consumer.start()
    try:
        return {number: await consumer.committed(TopicPartition(scope.prefix + topic, number)) for number in partitions}
    finally:
        await consumer.stop()


async def audit_state(scope: Scope, shown: Mapping[str, Sequence[Mapping[int, Shown]]]) -> list[Finding]:
    """Compare what the workers of each stage held at their end with what its changelog says."""
    findings: list[Finding] = []
    for stage, held in shown.items():
        changelog = await read_committed(scope.servers, scope.prefix + _CHANGELOGS[stage])
        findings += judge_state(stage, changelog, held)
    return findings


async def audit_totals(scope: Scope, expected: Account, told: bytes) -> list[Finding]:
    """Compare what the tracker says over HTTP, and said last on its topic, with the undisturbed account."""
    statuses = await read_committed(scope.servers, scope.prefix + BATCH_STATUS)
    return judge_totals(scope.batch_id, expected, told, statuses)
