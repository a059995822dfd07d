"""On a broker that demands it, each principal does its own work and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from typer.testing import CliRunner

from schemas.asyncapi import topics
from services.cli.main import app
from services.stream.access import GROUPS, TRANSACTIONAL_IDS, Grant, Operation, Pattern, Resource, grants
from services.stream.acl_admin import AclsRefusedError, compare_acls
from services.stream.connection import Connection
from services.stream.topic_ids import topic_id
from services.stream.topics import MAP_FEATURE, MATCHED, RAW
from tests.stream.kafka_io import arguments, produce, read_committed
from tests.stream.pipeline import DIACHI, Pipeline, wait_for
from tests.stream.secured import ADMIN, PRINCIPALS, SecuredBroker, password
from tests.stream.services import create_service_topics

T = TypeVar("T")
Refusal = type[Exception]
ROWS = 40
SCRIPT = Path(__file__).parents[2] / "deploy/kafka/topics-and-acls.sh"


def prepare(secured: SecuredBroker, wanted: Callable[[str], Sequence[Grant]] = grants) -> str:
    """Topics and grants of an installation of its own; its prefix."""
    name = f"t{uuid.uuid4().hex[:10]}."
    asyncio.run(create_service_topics(secured.connection(ADMIN), name, 2))
    report = asyncio.run(compare_acls(secured.connection(ADMIN), wanted(name), apply=True))
    assert len(report.missing) == len(wanted(name))
    return name


@pytest.fixture(scope="module")
def prefix(secured: SecuredBroker) -> str:
    """Of topics and grants that the tests of this file share: they hold more than one test wrote."""
    return prepare(secured)


async def allowed(use: Awaitable[object], refusal: Refusal) -> bool:
    try:
        await use
    except refusal:
        return False
    return True


async def write(client: Connection, topic: str) -> None:
    await topic_id(client, topic)  # aiokafka would look for a hidden topic until its time is over
    producer = AIOKafkaProducer(**arguments(client), enable_idempotence=False)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"{}", partition=0)
    finally:
        await producer.stop()


async def read(client: Connection, topic: str) -> None:
    await topic_id(client, topic)
    consumer = AIOKafkaConsumer(**arguments(client), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        while consumer.highwater(TopicPartition(topic, 0)) is None:  # as a fetch that was answered sets it
            await consumer.getmany(timeout_ms=100)
    finally:
        await consumer.stop()


@pytest.mark.parametrize("who", PRINCIPALS)
def test_each_principal_reads_and_writes_what_the_document_says(secured: SecuredBroker, prefix: str, who: str) -> None:
    client = secured.connection(who)

    async def attempt() -> tuple[list[bool], list[bool]]:
        names = [prefix + spec.name for spec in topics()]
        reads = [allowed(read(client, name), TopicAuthorizationFailedError) for name in names]
        writes = [allowed(write(client, name), TopicAuthorizationFailedError) for name in names]
        return await asyncio.gather(*reads), await asyncio.gather(*writes)

    reads, writes = asyncio.run(attempt())
    for spec, can_read, can_write in zip(topics(), reads, writes, strict=True):
        assert can_read == (who in spec.readers), f"{who} reads {spec.name}"
        assert can_write == (who in spec.writers), f"{who} writes {spec.name}"


def test_the_map_service_reads_the_map_and_not_the_raw_records(secured: SecuredBroker, prefix: str) -> None:
    client = secured.connection("map-service")
    asyncio.run(produce(secured.connection(ADMIN), prefix + MAP_FEATURE, [(b"k", b"feature", [])]))
    assert b"feature" in [record.value for record in asyncio.run(read_committed(client, prefix + MAP_FEATURE))]
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(read(client, prefix + RAW))


async def join(client: Connection, group: str, topic: str) -> None:
    consumer = AIOKafkaConsumer(topic, **arguments(client), group_id=group)
    try:
        await consumer.start()
    finally:
        await consumer.stop()


@pytest.mark.parametrize("group", GROUPS.values())
def test_nobody_joins_the_group_of_a_service(secured: SecuredBroker, prefix: str, group: str) -> None:
    """Whoever could would take partitions from it, and the service would stand still."""
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(join(secured.connection("map-service"), prefix + group, prefix + MAP_FEATURE))
    asyncio.run(join(secured.connection("map-service"), prefix + "map-service-1", prefix + MAP_FEATURE))


@pytest.mark.parametrize("begin", TRANSACTIONAL_IDS.values())
def test_nobody_fences_the_producers_of_a_service(secured: SecuredBroker, prefix: str, begin: str) -> None:
    async def fence() -> None:
        producer = AIOKafkaProducer(**arguments(secured.connection("intake")), transactional_id=f"{prefix}{begin}0")
        try:
            await producer.start()
        finally:
            await producer.stop()

    with pytest.raises(TransactionalIdAuthorizationFailed):
        asyncio.run(fence())


def test_the_whole_pipeline_with_each_service_as_itself(secured: SecuredBroker, tmp_path: Path) -> None:
    prefix = prepare(secured)
    table = tmp_path / "rows.csv"
    rows = (f'{n},"thôn {n}, Phường Minh Xuân, Tuyên Quang"\n' for n in range(ROWS))
    table.write_text("id,address\n" + "".join(rows) + "bad,\n", encoding="utf-8")
    (tmp_path / "logs").mkdir()
    with Pipeline(secured.servers, prefix, tmp_path / "logs", log_level="DEBUG") as pipeline:
        workers = [pipeline.start(stage, **secured.environ(stage)) for stage in ("tracker", "normaliser", "registrar")]
        for worker in workers:
            worker.wait_ready()
        environ = {
            **os.environ,
            **secured.environ("intake"),
            "DIACHI_TOPIC_PREFIX": prefix,
            "DIACHI_TRACKER_URL": f"http://127.0.0.1:{workers[0].port}",
        }
        command = [DIACHI, "submit", str(table), "--source", "post"]
        sent = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
        assert sent.returncode == 0, sent.stderr + pipeline.logs()
        seen = "".join(worker.metrics() for worker in workers) + sent.stdout + sent.stderr
        assert [worker.terminate() for worker in workers] == [0, 0, 0]
    assert f"{ROWS + 1}  of {ROWS + 1}" in sent.stdout
    features = asyncio.run(read_committed(secured.connection("map-service"), prefix + MAP_FEATURE))
    assert Counter(json.loads(record.value)["type"] for record in features) == {"Feature": ROWS}
    seen += pipeline.logs()
    assert "Traceback" not in seen
    assert not any(password(who) in seen for who in PRINCIPALS)


def without(resource: Resource, prefix: str) -> list[Grant]:
    return [grant for grant in grants(prefix) if grant.resource is not resource]


@pytest.mark.parametrize(
    ("who", "missing", "says"),
    [
        ("map-service", None, f"user 'map-service' may not use topic '.*{MATCHED}'.*diachi topics acls"),
        ("registrar", Resource.GROUP, "GroupAuthorizationFailedError"),
    ],
)
def test_a_service_without_its_topic_or_group_says_so_and_ends(
    secured: SecuredBroker, prefix: str, tmp_path: Path, who: str, missing: Resource | None, says: str
) -> None:
    if missing is not None:
        prefix = prepare(secured, lambda name: without(missing, name))
    with Pipeline(secured.servers, prefix, tmp_path) as pipeline:
        assert pipeline.start("registrar", **secured.environ(who)).wait(60) == 1
    assert re.search(says, pipeline.logs())
    assert "Traceback" not in pipeline.logs()


def test_a_service_without_its_transactional_id_waits_until_it_is_granted(
    secured: SecuredBroker, tmp_path: Path
) -> None:
    prefix = prepare(secured, lambda name: without(Resource.TRANSACTIONAL_ID, name))
    with Pipeline(secured.servers, prefix, tmp_path) as pipeline:
        worker = pipeline.start("registrar", **secured.environ("registrar"))
        wait_for(lambda: "TransactionalIdAuthorizationFailed" in pipeline.logs(), "the refusal")
        assert not worker.ready()
        asyncio.run(compare_acls(secured.connection(ADMIN), grants(prefix), apply=True))
        worker.wait_ready()
        assert worker.terminate() == 0


def foreign(secured: SecuredBroker, prefix: str) -> set[tuple[str, int, str]]:
    report = asyncio.run(compare_acls(secured.connection(ADMIN), grants(prefix), apply=True))
    assert report.missing == () and report.present == len(grants(prefix))
    return {(entry.principal, entry.operation, entry.name) for entry in report.foreign}


def test_applied_again_nothing_changes_and_what_others_may_is_named(secured: SecuredBroker) -> None:
    prefix = prepare(secured)
    assert foreign(secured, prefix) == set()
    more = [
        Grant("User:operator", Resource.TOPIC, Pattern.LITERAL, prefix + RAW, Operation.READ),
        Grant("User:map-service", Resource.TOPIC, Pattern.PREFIXED, prefix + "address.", Operation.DESCRIBE),
        Grant("User:map-service", Resource.GROUP, Pattern.LITERAL, prefix + "normaliser", Operation.READ),
        Grant("User:intake", Resource.TRANSACTIONAL_ID, Pattern.PREFIXED, prefix, Operation.WRITE),
    ]
    harmless = [
        Grant("User:intake", Resource.TOPIC, Pattern.LITERAL, "of-somebody-else", Operation.ALL),
        Grant("User:map-service", Resource.TOPIC, Pattern.LITERAL, prefix + MAP_FEATURE, Operation.DESCRIBE),
        Grant("User:map-service", Resource.GROUP, Pattern.LITERAL, prefix + "map-service-1", Operation.READ),
    ]
    asyncio.run(compare_acls(secured.connection(ADMIN), [*more, *harmless], apply=True))
    assert foreign(secured, prefix) == {(grant.principal, grant.operation, grant.name) for grant in more}


def test_only_a_super_user_may_grant(secured: SecuredBroker, prefix: str) -> None:
    with pytest.raises(AclsRefusedError, match=r"user 'normaliser' may not .*super\.users"):
        asyncio.run(compare_acls(secured.connection("normaliser"), grants(prefix), apply=True))


def test_a_broker_without_an_authorizer_says_so(kafka: str) -> None:
    with pytest.raises(AclsRefusedError, match=r"authorizer\.class\.name"):
        asyncio.run(compare_acls(Connection(kafka), grants(), apply=True))


def diachi(environ: dict[str, str], *words: str) -> str:
    run = CliRunner().invoke(app, ["topics", *words], env=environ)
    assert run.exit_code == 0, run.output
    return run.output


def test_the_command_prints_and_grants_the_same(secured: SecuredBroker) -> None:
    environ = {**secured.environ(ADMIN), "DIACHI_TOPIC_PREFIX": f"t{uuid.uuid4().hex[:10]}."}
    count = len(grants())
    renamed = ["acls", "--user", "tracker=User:tracker-7"]
    printed = diachi(environ, *renamed)
    assert len(printed.splitlines()) == count + 1 and "User:tracker-7" in printed
    assert diachi(environ, *renamed, "--apply").splitlines()[-1] == f"{count} added, 0 were there"
    assert diachi(environ, *renamed, "--apply").splitlines()[-1] == f"0 added, {count} were there"


def tool(folder: Path, run_java: Iterable[str], main: str, wanted: str) -> Path:
    """Kafka's own tool, asked only where `wanted` is among the words: each call starts a Java machine."""
    file = folder / main.rpartition(".")[2]
    java = " ".join(f"'{word}'" for word in run_java)
    file.write_text(f'#!/bin/sh\ncase " $* " in *" {wanted} "*) exec {java} {main} "$@";; esac\n')
    file.chmod(0o755)
    return file


def test_the_script_for_kafkas_own_tools_does_what_the_commands_do(secured: SecuredBroker, tmp_path: Path) -> None:
    name = f"t{uuid.uuid4().hex[:10]}."
    config = tmp_path / "client.properties"
    config.write_text(
        "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nssl.truststore.type=PEM\n"
        f"ssl.truststore.location={secured.ca_file}\nsasl.jaas.config=org.apache.kafka.common.security.scram."
        f'ScramLoginModule required username="{ADMIN}" password="{password(ADMIN)}";\n'
    )
    environ = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": secured.servers,
        "COMMAND_CONFIG": str(config),
        "DIACHI_TOPIC_PREFIX": name,
        "DIACHI_REPLICATION_FACTOR": "1",
        "KAFKA_ACLS": str(tool(tmp_path, secured.run_java, "org.apache.kafka.tools.AclCommand", "User:map-service")),
        "KAFKA_TOPICS": str(tool(tmp_path, secured.run_java, "org.apache.kafka.tools.TopicCommand", name + RAW)),
    }
    subprocess.run([SCRIPT], env=environ, check=True, timeout=120)
    report = asyncio.run(compare_acls(secured.connection(ADMIN), grants(name), apply=False))
    assert {grant for grant in grants(name) if grant.principal == "User:map-service"} == set(grants(name)) - set(
        report.missing
    )
    again = diachi({**secured.environ(ADMIN), "DIACHI_TOPIC_PREFIX": name}, "create")
    assert f"{name}{RAW}:" not in again, "made, and as it should be"
    assert again.splitlines()[-1] == f"{len(topics()) - 1} topics created, 1 were there"
