"""`diachi tracker`: runs the batch tracker."""

from __future__ import annotations

import typer


def tracker() -> None:
    """Run the tracker: counts what becomes of each batch, and answers `diachi status`. Run one only."""
    from aiokafka.errors import KafkaError

    from services.stream.settings import read_settings
    from services.stream.topic_admin import TopicsUnfitError
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.unreachable import BrokerRefusedError
    from services.tracker.worker import run_tracker

    settings = read_settings()
    try:
        run_tracker(settings)
    except (AccessDeniedError, BrokerRefusedError, TopicMissingError, TopicsUnfitError) as error:
        typer.echo(f"diachi tracker: {error}", err=True)
        raise typer.Exit(2) from None
    except KafkaError as error:
        typer.echo(
            f"diachi tracker: no broker answers at {settings.kafka_bootstrap_servers} ({type(error).__name__}). "
            "Start one with `diachi broker`, or set KAFKA_BOOTSTRAP_SERVERS.",
            err=True,
        )
        raise typer.Exit(2) from None
