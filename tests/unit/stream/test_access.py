"""What principals need follows from the AsyncAPI document and from what the services call themselves."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from schemas.asyncapi import topics
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream.access import (
    GROUPS,
    TRANSACTIONAL_IDS,
    Grant,
    Operation,
    Pattern,
    Resource,
    UnknownPrincipalError,
    grants,
    principals,
)
from services.stream.kafka_script import kafka_script
from services.stream.topic_admin import WantedTopic, wanted_topic

_SCRIPT = Path(__file__).parents[3] / "deploy/kafka/topics-and-acls.sh"


@pytest.mark.parametrize("stage", [Normaliser, Registrar])
def test_the_services_call_themselves_so(stage: type[Normaliser] | type[Registrar]) -> None:
    assert GROUPS[stage.name] == stage.name
    assert TRANSACTIONAL_IDS[stage.name] == f"{stage.name}-{stage.input_topic}-"


def test_topics_are_granted_as_the_document_says_and_no_wider() -> None:
    made = {(grant.principal, grant.name, grant.operation) for grant in grants() if grant.resource is Resource.TOPIC}
    said = {(f"User:{who}", spec.name, Operation.READ) for spec in topics() for who in spec.readers}
    said |= {(f"User:{who}", spec.name, Operation.WRITE) for spec in topics() for who in spec.writers}
    assert {(who, operation) for who, _, operation in made - said} == {
        ("User:tracker", operation) for operation in (Operation.CREATE, Operation.READ, Operation.WRITE)
    }, "beyond the document there is the tracker's own changelog only"
    assert said <= made
    assert all(grant.pattern is Pattern.LITERAL for grant in grants() if grant.resource is Resource.TOPIC)


def test_no_name_lets_one_principal_into_the_groups_or_transactions_of_another() -> None:
    # To see how far a group is lets nobody into it.
    entering = [grant for grant in grants("p.") if grant.operation is not Operation.DESCRIBE]
    assert [(one.principal, one.name) for one in grants("p.") if one not in entering] == [
        ("User:reprocess-tool", "p.registrar")
    ]
    for one in entering:
        for other in entering:
            if one.principal != other.principal and one.resource == other.resource is not Resource.TOPIC:
                assert one.name != other.name
                if one.pattern is Pattern.PREFIXED:
                    assert not other.name.startswith(one.name), (one, other)


def test_users_may_be_called_otherwise() -> None:
    renamed = grants(users={"tracker": "User:CN=t1"})
    assert {grant.principal for grant in renamed} == {f"User:{who}" for who in principals()} - {"User:tracker"} | {
        "User:CN=t1"
    }
    shared = grants(users={"normaliser": "User:stages", "registrar": "User:stages"})
    assert len(shared) == len(set(shared)) == len(grants()) - 1, "both write batch.progress.v1"
    with pytest.raises(UnknownPrincipalError, match=r"no principal 'traker'; there are .*tracker"):
        grants(users={"traker": "x"})


def test_the_script_is_up_to_date() -> None:
    assert _SCRIPT.read_text(encoding="utf-8") == kafka_script(), "run `diachi topics script`"
    assert os.access(_SCRIPT, os.X_OK)


@pytest.fixture(params=["1", "3"])
def calls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[int, list[list[str]]]:
    """What the script asks Kafka's tools to do, as lists of words, with so many copies."""
    recorder, log = tmp_path / "tool", tmp_path / "log"
    recorder.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" end >> {log}\n')
    recorder.chmod(0o755)
    environ = {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP_SERVERS": "kafka-1:9092",
        "COMMAND_CONFIG": "admin.properties",
        "DIACHI_TOPIC_PREFIX": "p.",
        "DIACHI_REPLICATION_FACTOR": request.param,
        "KAFKA_TOPICS": str(recorder),
        "KAFKA_ACLS": str(recorder),
    }
    subprocess.run([_SCRIPT], env=environ, check=True, timeout=60)
    said = [call.split("\n") for call in log.read_text().split("\nend\n") if call]
    connect = ["--bootstrap-server", "kafka-1:9092", "--command-config", "admin.properties"]
    assert all(words[:4] == connect for words in said)
    return int(request.param), [words[4:] for words in said]


def test_the_script_asks_for_the_topics_and_grants_of_the_document(calls: tuple[int, list[list[str]]]) -> None:
    copies, said = calls
    made = [_topic(words[2:]) for words in said if words[:2] == ["--create", "--if-not-exists"]]
    assert made == [wanted_topic(spec, "p.", replication_factor=copies) for spec in topics()]
    allowed = [grant for words in said if words[0] == "--add" for grant in _grants(words[1:])]
    assert sorted(allowed) == list(grants("p."))
    assert len(said) == len(made) + sum(words[0] == "--add" for words in said)


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))


def _topic(words: list[str]) -> WantedTopic:
    given = dict(_pairs(words))
    config = dict(value.split("=", 1) for option, value in _pairs(words) if option == "--config")
    return WantedTopic(given["--topic"], int(given["--partitions"]), int(given["--replication-factor"]), config)


def _grants(words: list[str]) -> list[Grant]:
    given = dict(_pairs(words))
    return [
        Grant(
            given["--allow-principal"],
            Resource[re.sub("-", "_", option[2:]).upper()],
            Pattern[given["--resource-pattern-type"].upper()],
            name,
            Operation[given["--operation"].upper()],
        )
        for option, name in _pairs(words)
        if option in ("--topic", "--group", "--transactional-id")
    ]


def test_without_an_address_the_script_stops(tmp_path: Path) -> None:
    run = subprocess.run([_SCRIPT], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "set KAFKA_BOOTSTRAP_SERVERS" in run.stderr
