"""Why Kafka cannot be reached, by name: aiokafka only says that it could not.

A broker tells clients little, so that some reasons are read from where a connection breaks. A setting is blamed only
where a connection was taken. Asked only after a failure: the question is put anew, once per broker of the list, with
the same settings.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from services.stream.connection import Connection
from services.stream.settings import variable

_TIMEOUT_MS = 10_000
_WRONG_HOST = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL
_PROTOCOL = variable("kafka_security_protocol")
_CA, _CERTIFICATE = variable("kafka_ca_file"), variable("kafka_certificate_file")
_USER, _PASSWORD = variable("kafka_sasl_username"), variable("kafka_sasl_password")


class BrokerRefusedError(KafkaConnectionError):  # type: ignore[misc]
    """A broker is there, and this client and it do not come together; says which setting to look at."""

    def __str__(self) -> str:
        return str(self.args[0])


class BrokerAbsentError(KafkaConnectionError):  # type: ignore[misc]
    """No connection comes about to any broker of the list; says what became of each attempt."""

    def __str__(self) -> str:
        return str(self.args[0])


async def reached(connection: Connection, starting: Awaitable[None]) -> None:
    """Await the start of a client. Raises BrokerRefusedError or BrokerAbsentError where the reason is known, else
    KafkaError as it was."""
    try:
        await starting
    except KafkaConnectionError as error:
        reason = await _reason(connection)
        if reason is None:
            raise
        raise reason from error


async def _reason(connection: Connection) -> BrokerRefusedError | BrokerAbsentError | None:
    absent = []
    for host, port, _ in collect_hosts(connection.bootstrap_servers, randomize=False):
        try:
            reason = await _ask(connection, host, port)
        except (OSError, TimeoutError) as error:
            absent.append(f"{host}:{port} {_unconnected(error)}")
        else:
            return BrokerRefusedError(f"Kafka at {host}:{port} {reason}") if reason is not None else None
    return BrokerAbsentError(f"{'; '.join(absent)}: is the broker running, and is KAFKA_BOOTSTRAP_SERVERS right?")


async def _ask(connection: Connection, host: str, port: int) -> str | None:
    """Why a broker that took the connection does not go on with it, if that is known. Raises OSError or TimeoutError
    where none comes about."""
    try:
        asked = await create_conn(
            host, port, request_timeout_ms=_TIMEOUT_MS, max_idle_ms=_TIMEOUT_MS, **connection.security_arguments()
        )
    except ssl.SSLCertVerificationError as error:
        return _certificate(connection, host, error)
    except (ssl.SSLError, ConnectionResetError) as error:
        return _no_tls(connection, error) if connection.tls else _closed(connection, shaken=False)
    except KafkaError as error:
        return _refusal(connection, error)
    try:
        await asked.send(MetadataRequest([]))
    except KafkaConnectionError:
        return _closed(connection, shaken=True)
    finally:
        asked.close()
    return None


def _unconnected(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, socket.gaierror):
        return f"has a name that is not known ({error.strerror})"
    # Of a name with several addresses, the error of each is in the text.
    if isinstance(error, ConnectionRefusedError) or "refused" in str(error):
        return "refuses connections"
    return f"cannot be connected to ({error.strerror or type(error).__name__})"


def _no_tls(connection: Connection, error: OSError) -> str:
    """Whoever accepts a connection and breaks TLS off hears something else in it, or stops."""
    what = getattr(error, "reason", None) or type(error).__name__
    return (
        f"does not answer in TLS ({what}): is it just starting or stopping, or is this not its port for TLS? Then see "
        f"{_PROTOCOL} ({connection.protocol})"
    )


def _certificate(connection: Connection, host: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _WRONG_HOST:
        return (
            f"has a certificate that is not for {host}: put a name or address that is in it into "
            "KAFKA_BOOTSTRAP_SERVERS, or have one made with this name"
        )
    authorities = connection.ca_file or "those of this system"
    return (
        f"has a certificate that is not trusted ({error.verify_message}): see {_CA} (the authorities used are "
        f"{authorities})"
    )


def _refusal(connection: Connection, error: KafkaError) -> str | None:
    if isinstance(error, SaslAuthenticationFailed):
        return (
            f"does not let {connection.username} in ({connection.mechanism}): no such user, or another password; see "
            f"{_USER}, and {_PASSWORD} or {_PASSWORD}_FILE"
        )
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"does not know {connection.mechanism} on this port: see {variable('kafka_sasl_mechanism')}"
    if isinstance(error, IllegalSaslStateError):
        return f"asks for no user on this port: see {_PROTOCOL} ({connection.protocol})"
    return _closed(connection, shaken=False) if isinstance(error, KafkaConnectionError) else None


def _closed(connection: Connection, *, shaken: bool) -> str:
    """The broker took the connection and then closed it without a word."""
    if not connection.tls and not shaken:
        return (
            "takes connections and closes them at once: is it just starting or stopping, or does it want TLS? Then see "
            f"{_PROTOCOL} ({connection.protocol}), SASL_SSL or SSL"
        )
    if not connection.sasl and shaken:
        return f"wants a user and a password: see {_PROTOCOL} ({connection.protocol}), {_USER} and {_PASSWORD}"
    return f"closes the connection: does it want a certificate of the client? See {_CERTIFICATE}"
