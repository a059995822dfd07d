"""Clients and brokers that do not come together: each reason has its name, and none shows a secret."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
import uvloop
from aiokafka.errors import KafkaConnectionError

from services.process.ports import free_port
from services.stream.connection import Connection, connection_of
from services.stream.settings import read_settings
from services.stream.topic_ids import AccessDeniedError, TopicMissingError, topic_id
from services.stream.unreachable import BrokerRefusedError
from tests.stream.pipeline import DIACHI
from tests.stream.secured import ADMIN, OTHER, SecuredBroker, password

WRONG = "guessed-wrong"


def connection(broker: SecuredBroker, **changed: str) -> Connection:
    """The administrator's, but for what is changed."""
    given = {
        "kafka_bootstrap_servers": broker.servers,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_ca_file": str(broker.ca_file),
        "kafka_sasl_username": ADMIN,
        "kafka_sasl_password": password(ADMIN),
    }
    return connection_of(read_settings(**{**given, **changed}))


Ask = Callable[[Connection], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask the broker for something, on either loop: commands and services differ in theirs, and loops in errors."""

    def asked(client: Connection) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(topic_id(client, "no-such-topic"))

    return asked


def authority(folder: Path) -> str:
    trustme.CA().cert_pem.write_to_path(folder / "other-ca.pem")
    return str(folder / "other-ca.pem")


@pytest.mark.parametrize(("mechanism", "user"), [("SCRAM-SHA-512", ADMIN), ("SCRAM-SHA-256", OTHER), ("PLAIN", OTHER)])
def test_each_mechanism_lets_its_user_in(secured: SecuredBroker, ask: Ask, mechanism: str, user: str) -> None:
    client = connection(
        secured, kafka_sasl_mechanism=mechanism, kafka_sasl_username=user, kafka_sasl_password=password(user)
    )
    # Whoever is let in hears of the topic: the administrator may see what there is, the other nothing.
    with pytest.raises(TopicMissingError if user == ADMIN else AccessDeniedError):
        ask(client)


def test_a_certificate_of_the_client_lets_it_in(secured: SecuredBroker, ask: Ask) -> None:
    client = connection(
        secured,
        kafka_bootstrap_servers=secured.mutual,
        kafka_security_protocol="SSL",
        kafka_certificate_file=str(secured.folder / "client.pem"),
    )
    with pytest.raises(AccessDeniedError, match="diachi topics acls"):
        ask(client)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"kafka_sasl_password": WRONG}, "does not let admin in .SCRAM-SHA-512.*DIACHI_KAFKA_SASL_PASSWORD"),
        ({"kafka_sasl_username": "nobody"}, "does not let nobody in"),
        ({"kafka_sasl_mechanism": "PLAIN", "kafka_sasl_password": WRONG}, r"does not let admin in \(PLAIN\)"),
        ({"kafka_ca_file": ""}, "has a certificate that is not trusted.*DIACHI_KAFKA_CA_FILE.*those of this system"),
        (
            {"kafka_security_protocol": "PLAINTEXT"},
            "takes connections and closes them at once.*want TLS.*DIACHI_KAFKA_SECURITY_PROTOCOL",
        ),
        ({"kafka_security_protocol": "SASL_PLAINTEXT"}, "takes connections and closes them at once"),
        ({"kafka_security_protocol": "SSL"}, "wants a user and a password.*DIACHI_KAFKA_SASL_USERNAME"),
    ],
)
def test_each_refusal_names_the_setting(secured: SecuredBroker, ask: Ask, changed: dict[str, str], says: str) -> None:
    with pytest.raises(BrokerRefusedError, match=f"Kafka at {secured.servers} {says}") as refused:
        ask(connection(secured, **changed))
    assert WRONG not in str(refused.value) and password(ADMIN) not in str(refused.value)


def test_an_unknown_authority_is_named(secured: SecuredBroker, ask: Ask, tmp_path: Path) -> None:
    file = authority(tmp_path)
    with pytest.raises(BrokerRefusedError, match=f"not trusted .*{file}"):
        ask(connection(secured, kafka_ca_file=file))


def test_a_certificate_for_another_host_is_refused(secured: SecuredBroker, ask: Ask) -> None:
    port = secured.servers.rpartition(":")[2]
    with pytest.raises(BrokerRefusedError, match=r"not for localhost.*KAFKA_BOOTSTRAP_SERVERS"):
        ask(connection(secured, kafka_bootstrap_servers=f"localhost:{port}"))


def test_without_the_certificate_that_a_port_wants(secured: SecuredBroker, ask: Ask) -> None:
    changed = {"kafka_bootstrap_servers": secured.mutual, "kafka_security_protocol": "SSL"}
    with pytest.raises(BrokerRefusedError, match=r"certificate of the client.*DIACHI_KAFKA_CERTIFICATE_FILE"):
        ask(connection(secured, **changed))


@pytest.mark.parametrize(
    ("protocol", "says"),
    [
        ("SSL", "does not answer in TLS .*DIACHI_KAFKA_SECURITY_PROTOCOL"),
        ("SASL_SSL", "does not answer in TLS "),
        ("SASL_PLAINTEXT", "asks for no user on this port"),
    ],
)
def test_a_broker_in_the_clear(kafka: str, secured: SecuredBroker, ask: Ask, protocol: str, says: str) -> None:
    with pytest.raises(BrokerRefusedError, match=f"Kafka at {kafka} {says}"):
        ask(connection(secured, kafka_bootstrap_servers=kafka, kafka_security_protocol=protocol))


def test_where_nobody_listens_no_setting_is_blamed(secured: SecuredBroker, ask: Ask) -> None:
    with pytest.raises(KafkaConnectionError) as failed:
        ask(connection(secured, kafka_bootstrap_servers=f"127.0.0.1:{free_port()}"))
    assert not isinstance(failed.value, BrokerRefusedError)


@pytest.mark.parametrize("command", ["registrar", "tracker", "topics create", "submit"])
def test_every_command_says_why_and_shows_no_secret(secured: SecuredBroker, command: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,address\n1,x\n")
    words = command.split()
    if command == "submit":
        words += [str(tmp_path / "rows.csv"), "--source", "post", "--no-wait"]
    wrong = tmp_path / "password"
    wrong.write_text(WRONG)
    environ = secured.environ(ADMIN, kafka_sasl_password_file=str(wrong), log_level="DEBUG")
    run = subprocess.run([DIACHI, *words], env=environ, capture_output=True, text=True, timeout=60, check=False)
    said = run.stdout + run.stderr
    assert run.returncode in (1, 2)
    assert f"Kafka at {secured.servers} does not let admin in" in said
    assert "Traceback" not in said
    assert WRONG not in said
