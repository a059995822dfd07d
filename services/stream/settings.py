"""Settings of the services, read from the environment when asked for, never at import."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.inspect import FloatType, IntType, LiteralType, Type, type_info
from msgspec.structs import fields

from services.stream.hidden import NONE, Secret

_Positive = Annotated[int, Meta(ge=1)]


class Settings(Struct, frozen=True, kw_only=True):
    """What can be set: each is `DIACHI_<NAME>` in the environment; the broker's address is KAFKA_BOOTSTRAP_SERVERS, as
    usual. Made by `read_settings`. docs/operations.md says more of each."""

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    # Empty where none is named: PLAINTEXT, and a mistake where another setting speaks of certificates or users.
    kafka_security_protocol: Literal["", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = ""
    # PEM files: the authorities that sign the brokers' certificates, and, for mutual TLS, the client's own certificate
    # with its key, if that is not in the certificate's file.
    kafka_ca_file: str = ""
    kafka_certificate_file: str = ""
    kafka_key_file: str = ""
    kafka_key_password: Secret = NONE
    kafka_key_password_file: str = ""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str = ""
    kafka_sasl_password: Secret = NONE
    # Files that hold a secret, as secret stores mount it.
    kafka_sasl_password_file: str = ""
    # Put before every topic, group and transactional id.
    topic_prefix: str = ""
    # Of the topics that `topics create` makes.
    partitions: _Positive = 12
    replication_factor: _Positive = 1

    # Artifact of the gazetteer; by default the built one.
    gazetteer: str = ""
    # Records in one transaction.
    max_batch_records: Annotated[int, Meta(ge=1, le=2000)] = 1000
    # A larger raw record goes to the dead letters.
    max_record_bytes: int = 64 * 1024
    # How long a fetch waits for more records, and for how long those that come in numbers are gathered.
    fetch_wait_ms: int = 100
    gather_ms: Annotated[int, Meta(ge=0)] = 1000
    transaction_timeout_ms: int = 60_000
    session_timeout_ms: int = 10_000
    heartbeat_interval_ms: int = 3_000
    # Share of unexpected failures that stops a service, and the records over which it is taken.
    breaker_share: Annotated[float, Meta(gt=0, le=1)] = 0.05
    breaker_window: Annotated[int, Meta(ge=20)] = 1000

    # Folder of imported villages, boundaries and postal codes.
    imports_dir: str = ".diachi/imports"

    # Bind address of health and metrics. Port 0 picks a free one, which is logged.
    http_host: str = "127.0.0.1"
    http_port: int = 0
    # What the tracker's pages ask for, and clients show.
    http_token: Secret = NONE
    http_token_file: str = ""
    # Where `submit` and `status` find the tracker.
    tracker_url: str = "http://127.0.0.1:6066"
    log_level: str = "INFO"


class SettingError(ValueError):
    """A setting that cannot be used; says which variable and how to mend it, never a secret."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{variable(field)}: {text}")


class UnreadableSettingsError(ValueError):
    """Variables of the environment that are not what their settings want; a line for each, without its value: it may be
    a password that was pasted into the wrong line."""


def variable(field: str) -> str:
    """The environment variable of a field of the settings."""
    return "KAFKA_BOOTSTRAP_SERVERS" if field == "kafka_bootstrap_servers" else f"DIACHI_{field.upper()}"


def named_settings() -> frozenset[str]:
    """The fields that the environment names."""
    return frozenset(field for field in Settings.__struct_fields__ if variable(field) in os.environ)


def read_settings(**given: Any) -> Settings:
    """The settings of the environment; what is `given`, by field, as text or as it is, goes before them.

    Raises UnreadableSettingsError, and TypeError for what is given and is no field.
    """
    if strange := given.keys() - set(Settings.__struct_fields__):
        raise TypeError(f"no settings: {', '.join(sorted(strange))}")
    values = {field: os.environ[variable(field)] for field in named_settings()} | given
    read, wrong = {}, []
    for field in fields(Settings):
        if field.name not in values:
            continue
        try:
            read[field.name] = convert(values[field.name], field.type, strict=False, dec_hook=_secret)
        except ValidationError:
            wrong.append(f"{variable(field.name)} in the environment: must be {_wanted(type_info(field.type))}")
    if wrong:
        raise UnreadableSettingsError("\n".join(wrong))
    return Settings(**read)


def _secret(_: type, value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)


def _wanted(kind: Type) -> str:
    match kind:
        case IntType(ge=None):
            return "a whole number"
        case IntType(ge=least, le=None):
            return f"a whole number from {least} on"
        case IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case FloatType(gt=above, le=most):
            return f"a number above {above}, and {most} at the most"
        case LiteralType(values=values):
            return "one of " + ", ".join(filter(None, map(str, values)))
    raise TypeError(f"any text is a {kind}")
