"""How clients reach Kafka: the one place that turns settings into the arguments of every aiokafka client."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from services.stream.hidden import NONE, Secret
from services.stream.secrets import secret
from services.stream.settings import SettingError, Settings, variable

Protocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

# Set without a protocol that uses them, these mean that the protocol was forgotten.
_NEED_A_PROTOCOL = ("kafka_ca_file", "kafka_certificate_file", "kafka_sasl_username")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the cluster is and how clients prove who they are. With one argument: in the clear, as nobody.

    `ca_file` is kept to tell people which file was used.
    """

    bootstrap_servers: str
    protocol: Protocol = "PLAINTEXT"
    context: ssl.SSLContext | None = None
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password: Secret = NONE
    ca_file: str = ""

    @property
    def tls(self) -> bool:
        return self.protocol.endswith("SSL")

    @property
    def sasl(self) -> bool:
        return self.protocol.startswith("SASL")

    def client_arguments(self) -> dict[str, Any]:
        """Keyword arguments for any aiokafka client. They hold the password: never log them."""
        return {"bootstrap_servers": self.bootstrap_servers, **self.security_arguments()}

    def security_arguments(self) -> dict[str, Any]:
        """As `client_arguments`, without the address."""
        arguments: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": self.context}
        if self.sasl:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.reveal(),
            }
        return arguments


def connection_of(settings: Settings) -> Connection:
    """The connection that the settings describe; reads the files they name. Raises SettingError."""
    protocol: Protocol = settings.kafka_security_protocol or "PLAINTEXT"
    if not settings.kafka_security_protocol:
        for field in _NEED_A_PROTOCOL:
            if getattr(settings, field):
                raise SettingError(
                    "kafka_security_protocol", f"not set, but {variable(field)} is: set it to SASL_SSL or SSL"
                )
    plain = Connection(settings.kafka_bootstrap_servers, protocol)
    return Connection(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        protocol=protocol,
        context=_context(settings) if plain.tls else None,
        mechanism=settings.kafka_sasl_mechanism,
        username=_username(settings) if plain.sasl else "",
        password=_password(settings) if plain.sasl else NONE,
        ca_file=settings.kafka_ca_file,
    )


def _username(settings: Settings) -> str:
    if not settings.kafka_sasl_username:
        raise SettingError("kafka_sasl_username", f"not set, and {settings.kafka_security_protocol} needs it")
    return settings.kafka_sasl_username


def _password(settings: Settings) -> Secret:
    password = secret(settings, "kafka_sasl_password")
    if not password:
        raise SettingError(
            "kafka_sasl_password",
            f"not set, and {settings.kafka_security_protocol} needs it; "
            f"or name a file that holds it in {variable('kafka_sasl_password_file')}",
        )
    return password


def _context(settings: Settings) -> ssl.SSLContext:
    """TLS that checks the broker's certificate and host name; there is no setting to leave that out."""
    ca_file = settings.kafka_ca_file
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except ssl.SSLError:
        raise SettingError("kafka_ca_file", f"{ca_file} holds no certificate in PEM form") from None
    except OSError as error:
        raise SettingError("kafka_ca_file", f"{ca_file} cannot be read: {error.strerror}") from None
    # Some systems' Python leaves it to the system's settings; where these ask for more, that stays.
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    context.sslobject_class = OneWayClose
    if settings.kafka_certificate_file:
        _add_certificate(context, settings)
    elif settings.kafka_key_file:
        raise SettingError(
            "kafka_key_file", f"set, but {variable('kafka_certificate_file')} is not: a key is of no use without it"
        )
    return context


class OneWayClose(ssl.SSLObject):
    """TLS that says goodbye and does not wait for the other side to say it too, as its standard allows.

    A broker that holds a fetch hears nothing else meanwhile. A consumer that was stopped in the middle of one waited
    for that, and right after it had asked sometimes 30 s, the event loop's own limit (uvloop, Kafka 4.3).
    """

    def unwrap(self) -> Any:
        """Send the end of the stream; there is no socket to give back."""
        # What is to be sent waits in the buffer by now.
        with contextlib.suppress(ssl.SSLWantReadError):
            return super().unwrap()


def _add_certificate(context: ssl.SSLContext, settings: Settings) -> None:
    certificate, key = settings.kafka_certificate_file, settings.kafka_key_file
    for field, file in (("kafka_certificate_file", certificate), ("kafka_key_file", key)):
        try:
            if file:
                Path(file).read_bytes()
        except OSError as error:
            raise SettingError(field, f"{file} cannot be read: {error.strerror}") from None
    password = secret(settings, "kafka_key_password").reveal()
    try:
        # A function, because without any password OpenSSL would ask for one at the terminal, and wait.
        context.load_cert_chain(certificate, key or None, lambda: password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise SettingError("kafka_key_file", "the key is not that of the certificate") from None
        raise SettingError(
            "kafka_certificate_file",
            f"{certificate}{f' and {key}' if key else ''} hold no usable certificate and key in PEM form; for an "
            f"encrypted key set {variable('kafka_key_password')} or {variable('kafka_key_password_file')}",
        ) from None
