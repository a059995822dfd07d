"""Runs what a command asks of Kafka, and says in a sentence why it could not be had."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from services.stream.connection import Connection
    from services.stream.settings import Settings

T = TypeVar("T")


def ask_kafka(command: str, work: Callable[[Settings, Connection], Coroutine[Any, Any, T]]) -> T:
    """What `work` returns. Raises typer.Exit(1) after saying why it failed; other errors of `work` pass."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError, KafkaError

    from services.stream.connection import connection_of
    from services.stream.settings import read_settings
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.unreachable import BrokerRefusedError

    settings = read_settings()
    try:
        return asyncio.run(work(settings, connection_of(settings)))
    except (AccessDeniedError, BrokerRefusedError, TopicMissingError) as error:
        raise refused(command, str(error)) from None
    except KafkaConnectionError:
        where = settings.kafka_bootstrap_servers
        raise refused(command, f"no broker answers at {where}: is KAFKA_BOOTSTRAP_SERVERS right?") from None
    except KafkaError as error:
        text = f"Kafka at {settings.kafka_bootstrap_servers} fails: {type(error).__name__}. Run it again"
        raise refused(command, text) from None


def refused(command: str, text: str) -> typer.Exit:
    """Says why a command ends with status 1."""
    typer.secho(f"diachi {command}: {text}", err=True, fg=typer.colors.RED)
    return typer.Exit(1)
