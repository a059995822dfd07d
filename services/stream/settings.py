"""Settings of the services, read from the environment when asked for, never at import."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each field is `DIACHI_<NAME>` in the environment; the broker's address is KAFKA_BOOTSTRAP_SERVERS, as usual."""

    # A mistake must not show what else is in the environment: there are passwords.
    model_config = SettingsConfigDict(
        env_prefix="DIACHI_", populate_by_name=True, extra="ignore", hide_input_in_errors=True
    )

    kafka_bootstrap_servers: str = Field(
        "127.0.0.1:9092",
        validation_alias=AliasChoices("KAFKA_BOOTSTRAP_SERVERS", "DIACHI_KAFKA_BOOTSTRAP_SERVERS"),
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: str = Field("", description="PEM file of the authorities that sign the brokers' certificates.")
    kafka_certificate_file: str = Field("", description="PEM file of the client's own certificate, for mutual TLS.")
    kafka_key_file: str = Field("", description="PEM file of its key, if that is not in the certificate's file.")
    kafka_key_password: SecretStr = SecretStr("")
    kafka_key_password_file: str = ""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_sasl_username: str = ""
    kafka_sasl_password: SecretStr = SecretStr("")
    kafka_sasl_password_file: str = Field("", description="File that holds the password, as secret stores mount it.")
    topic_prefix: str = Field("", description="Put before every topic, group and transactional id.")
    partitions: int = Field(12, ge=1, description="Partitions of the topics that `topics create` makes.")
    replication_factor: int = Field(1, ge=1)

    gazetteer: str = Field("", description="Artifact of the gazetteer; by default the built one.")
    max_batch_records: int = Field(1000, ge=1, le=2000, description="Records in one transaction.")
    max_record_bytes: int = Field(64 * 1024, description="A larger raw record goes to the dead letters.")
    fetch_wait_ms: int = Field(100, description="How long a fetch waits for more records.")
    gather_ms: int = Field(1000, ge=0, description="How long records that come in numbers are gathered before they go.")
    transaction_timeout_ms: int = Field(60_000)
    session_timeout_ms: int = Field(10_000)
    heartbeat_interval_ms: int = Field(3_000)
    breaker_share: float = Field(0.05, gt=0, le=1, description="Share of unexpected failures that stops a service.")
    breaker_window: int = Field(1000, ge=20, description="Records over which that share is taken.")

    imports_dir: str = Field(".diachi/imports", description="Folder of imported villages, boundaries and postal codes.")

    http_host: str = Field("127.0.0.1", description="Bind address of health and metrics.")
    http_port: int = Field(0, description="0 picks a free port, which is logged.")
    http_token: SecretStr = Field(SecretStr(""), description="What the tracker's pages ask for, and clients show.")
    http_token_file: str = Field("", description="File that holds it, as secret stores mount it.")
    tracker_url: str = Field("http://127.0.0.1:6066", description="Where `submit` and `status` find the tracker.")
    log_level: str = "INFO"
