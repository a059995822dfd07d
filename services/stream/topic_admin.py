"""Makes the topics as the AsyncAPI document describes them. An existing topic is compared, and left as it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from schemas.asyncapi import TopicSpec, topics
from services.stream.connection import Connection
from services.stream.topics import (
    BATCH_PROGRESS,
    BATCH_STATUS,
    MATCHED,
    NORMALISER_STATE,
    RAW,
    REGISTRAR_STATE,
)
from services.stream.unreachable import reached

# Each service writes to the second what belongs to the partition of the first that it reads.
COPARTITIONED = ((RAW, NORMALISER_STATE), (MATCHED, REGISTRAR_STATE), (BATCH_PROGRESS, BATCH_STATUS))

_COMPACTION_ONLY = ("delete.retention.ms", "max.compaction.lag.ms")
_MIN_INSYNC = "min.insync.replicas"
_READY_SECONDS = 30.0
_POLL_SECONDS = 0.05


class TopicsUnfitError(Exception):
    """The topics cannot be made, or those that exist cannot be used together; says which, and what to do."""


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What became of one topic; `name` is with prefix. `differences` tell how an existing one is not as wanted."""

    name: str
    created: bool
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedTopic:
    """A topic as it is to be on the broker; `name` is with prefix."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, str]


def wanted_topic(
    spec: TopicSpec,
    prefix: str = "",
    *,
    partitions: int | None = None,
    replication_factor: int | None = None,
    compaction: bool = True,
    overrides: Mapping[str, str] | None = None,
) -> WantedTopic:
    """The topic of the document, adapted to an installation; see `create_topics`.

    A topic that has one partition in the document has one everywhere: its order is what it is for.
    """
    replicas = replication_factor or spec.replicas
    config = dict(spec.config)
    if _MIN_INSYNC in config:
        config[_MIN_INSYNC] = str(min(int(config[_MIN_INSYNC]), replicas))
    if spec.compacted and not compaction:
        config = {name: value for name, value in config.items() if name not in _COMPACTION_ONLY}
        config |= {"cleanup.policy": "delete", "retention.ms": "-1"}
    config |= overrides or {}
    number = spec.partitions if spec.partitions == 1 else partitions or spec.partitions
    return WantedTopic(prefix + spec.name, number, replicas, config)


async def create_topics(
    connection: Connection,
    prefix: str = "",
    *,
    partitions: int | None = None,
    replication_factor: int | None = None,
    compaction: bool = True,
    overrides: Mapping[str, str] | None = None,
) -> tuple[TopicReport, ...]:
    """Make the topics that do not exist yet, and wait until they can be used; one report per topic of the document.

    `partitions` and `replication_factor` take the place of the document's for every topic, but for those of one
    partition; `overrides` are further topic settings for every topic. Without `compaction` the compacted topics keep
    every record.

    Raises TopicsUnfitError, or KafkaError when the broker cannot be reached.
    """
    wanted = [
        wanted_topic(
            spec,
            prefix,
            partitions=partitions,
            replication_factor=replication_factor,
            compaction=compaction,
            overrides=overrides,
        )
        for spec in topics()
    ]
    admin = AIOKafkaAdminClient(**connection.client_arguments())
    try:
        await reached(connection, admin.start())
        before = await _partition_counts(admin)
        _require_fitting({topic.name: before.get(topic.name, topic.partitions) for topic in wanted}, prefix)
        created = await _create(admin, [topic for topic in wanted if topic.name not in before])
        counts = await _wait_ready(admin, wanted)
        _require_fitting(counts, prefix)  # another process may have made some of them meanwhile
        configs = await _configs(admin, [topic.name for topic in wanted if topic.name not in created])
    finally:
        await admin.close()
    return tuple(
        TopicReport(topic.name, True)
        if topic.name in created
        else TopicReport(topic.name, False, differences(topic, counts[topic.name], configs.get(topic.name)))
        for topic in wanted
    )


async def ensure_topics(connection: Connection, wanted: Sequence[WantedTopic]) -> None:
    """Make those of the topics that do not exist yet, and wait until all can be used. Existing ones are not compared.

    Raises TopicsUnfitError, or KafkaError when the broker cannot be reached.
    """
    admin = AIOKafkaAdminClient(**connection.client_arguments())
    try:
        await reached(connection, admin.start())
        before = await _partition_counts(admin)
        await _create(admin, [topic for topic in wanted if topic.name not in before])
        await _wait_ready(admin, wanted)
    finally:
        await admin.close()


def differences(wanted: WantedTopic, partitions: int, config: Mapping[str, str] | None) -> tuple[str, ...]:
    """How an existing topic is not as wanted, one sentence each. `config` None: the broker does not tell."""
    found = []
    if partitions != wanted.partitions:
        found.append(f"has {partitions} partitions, not {wanted.partitions}")
    if config is None:
        found.append("its settings cannot be read from this broker")
    else:
        found += [
            f"{name} is {config.get(name, 'not known to this broker')}, not {value}"
            for name, value in sorted(wanted.config.items())
            if config.get(name) != value
        ]
    return tuple(found)


async def _partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Partitions of all topics of the broker."""
    # Asked for by name, a topic that is missing would be made by a broker that makes topics on demand.
    described: list[Any] = await admin.describe_topics()
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[WantedTopic]) -> set[str]:
    """The names of the topics made now; another process may have been faster with some."""
    if not missing:
        return set()
    new = [NewTopic(t.name, t.partitions, t.replication_factor, topic_configs=dict(t.config)) for t in missing]
    response = await admin.create_topics(new)
    created, refused = set(), []
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        if code == 0:
            created.add(name)
        elif error is not TopicAlreadyExistsError:
            refused.append(f"{name}: {message[0] if message and message[0] else error.__name__}")
    if refused:
        raise TopicsUnfitError("the broker refused to make topics: " + "; ".join(refused))
    return created


async def _wait_ready(admin: AIOKafkaAdminClient, wanted: Sequence[WantedTopic]) -> dict[str, int]:
    """Partition counts of all wanted topics, once each partition of them has a leader."""
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        described: list[Any] = await admin.describe_topics()
        found = {topic["topic"]: topic for topic in described}
        waiting = [topic.name for topic in wanted if not _ready(found.get(topic.name))]
        if not waiting:
            return {topic.name: len(found[topic.name]["partitions"]) for topic in wanted}
        if time.monotonic() > deadline:
            raise TopicsUnfitError(f"no leader after {_READY_SECONDS:.0f} s: {', '.join(waiting)}; is every broker up?")
        await asyncio.sleep(_POLL_SECONDS)


def _ready(topic: dict[str, Any] | None) -> bool:
    if topic is None or topic["error_code"] != 0:
        return False
    return bool(topic["partitions"]) and all(partition["error_code"] == 0 for partition in topic["partitions"])


def _require_fitting(counts: Mapping[str, int], prefix: str) -> None:
    unequal = [
        f"{prefix}{first} has {counts[prefix + first]} partitions, {prefix}{second} {counts[prefix + second]}"
        for first, second in COPARTITIONED
        if counts[prefix + first] != counts[prefix + second]
    ]
    if unequal:
        raise TopicsUnfitError(
            "; ".join(unequal) + ": these must be the same (those of topics yet to be made are given by --partitions). "
            "Ask for the number that the existing topics have, or delete those that are empty."
        )


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings in force of existing topics, by name, without those that the broker does not tell."""
    if not names:
        return {}
    try:
        responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    except KafkaError:
        return {}
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for code, _message, _kind, name, entries in response.resources
        if code == 0
    }
