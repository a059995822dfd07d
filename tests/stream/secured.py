"""A real Apache Kafka that lets nobody in without TLS and a user, and does what its authorizer allows only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from schemas.asyncapi import document
from services.process import Child
from services.process.ports import free_port
from services.stream.broker.apache import format_storage, java_command, server_properties
from services.stream.broker.fence import write_properties
from services.stream.broker.ready import wait_until_ready
from services.stream.connection import Connection, connection_of
from services.stream.settings import read_settings

ADMIN = "admin"
# One user takes part with the other two mechanisms, to show that they work.
OTHER = "other"
PRINCIPALS = tuple(document()["info"]["x-principals"])
START_SECONDS = 90


def password(user: str) -> str:
    """Odd enough to show what quoting breaks, and to be found in logs."""
    return f"s3cret of {user};"


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    """`servers` wants SASL over TLS; `mutual` wants TLS with a certificate of the client, and is for the broker too."""

    servers: str
    mutual: str
    folder: Path
    ca_file: Path
    run_java: list[str]

    def environ(self, user: str, **changed: str) -> dict[str, str]:
        """What a service of that user finds in its environment; `changed` are names of settings in small letters."""
        secret = self.folder / f"{user}.password"
        secret.write_text(password(user) + "\n", encoding="utf-8")
        found = {
            "KAFKA_BOOTSTRAP_SERVERS": self.servers,
            "DIACHI_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "DIACHI_KAFKA_CA_FILE": str(self.ca_file),
            "DIACHI_KAFKA_SASL_USERNAME": user,
            "DIACHI_KAFKA_SASL_PASSWORD_FILE": str(secret),
        }
        return found | {f"DIACHI_{name.upper()}": value for name, value in changed.items()}

    def connection(self, user: str) -> Connection:
        """As that user, by SCRAM-SHA-512."""
        return connection_of(
            read_settings(
                kafka_bootstrap_servers=self.servers,
                kafka_security_protocol="SASL_SSL",
                kafka_ca_file=str(self.ca_file),
                kafka_sasl_username=user,
                kafka_sasl_password=password(user),
            )
        )


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Run it, with its users and certificates made anew, for as long as the block runs."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    write_certificate(authority, folder / "broker.pem", "broker")
    write_certificate(authority, folder / "client.pem", "client")
    port, mutual_port, controller_port = free_port(), free_port(), free_port()
    properties = _properties(folder, port, mutual_port, controller_port)
    file = write_properties(folder / "server.properties", properties)
    run_java = java_command(os.environ, lambda _: None)
    users = [f"SCRAM-SHA-512=[name={user},password={password(user)}]" for user in (ADMIN, *PRINCIPALS)]
    users.append(f"SCRAM-SHA-256=[name={OTHER},password={password(OTHER)}]")
    format_storage(run_java, file, [word for user in users for word in ("--add-scram", user)])
    broker = SecuredBroker(f"127.0.0.1:{port}", f"127.0.0.1:{mutual_port}", folder, folder / "ca.pem", run_java)
    child = Child([*run_java, "kafka.Kafka", str(file)], folder / "broker.log")
    try:
        wait_until_ready(broker.connection(ADMIN), START_SECONDS, lambda: child.poll() is None)
        yield broker
    except (TimeoutError, ConnectionError) as error:
        raise AssertionError(f"{error}:\n{child.log_tail()}") from error
    finally:
        child.kill()


def write_certificate(authority: trustme.CA, file: Path, name: str, host: str = "127.0.0.1") -> None:
    """A key and its certificate in one PEM file; Kafka reads keys in PKCS 8 form only."""
    made = authority.issue_cert(host, common_name=name)
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    pem = [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())]
    pem += [blob.bytes() for blob in made.cert_chain_pems]
    file.write_bytes(b"".join(pem))


def _properties(folder: Path, port: int, mutual_port: int, controller_port: int) -> dict[str, str]:
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    plain = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    return server_properties(folder, port, controller_port) | {
        "listeners": f"CLIENT://127.0.0.1:{port},MUTUAL://127.0.0.1:{mutual_port},"
        f"CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"CLIENT://127.0.0.1:{port},MUTUAL://127.0.0.1:{mutual_port}",
        "listener.security.protocol.map": "CLIENT:SASL_SSL,MUTUAL:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "MUTUAL",
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.controller.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "ssl.principal.mapping.rules": "RULE:^.*CN=([a-z]+).*$/$1/",
        "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
        "listener.name.client.scram-sha-256.sasl.jaas.config": scram,
        "listener.name.client.scram-sha-512.sasl.jaas.config": scram,
        "listener.name.client.plain.sasl.jaas.config": f'{plain} user_{OTHER}="{password(OTHER)}";',
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:broker",
    }
