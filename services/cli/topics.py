"""`diachi topics`: make the topics, list them, print the AsyncAPI document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.asyncapi import TopicSpec
    from services.stream.topic_admin import TopicReport

app = typer.Typer(help="Make and list the topics, as the AsyncAPI document describes them.", no_args_is_help=True)

_DAY_MS = 86_400_000
_WIDTH = 160


@app.command()
def create(
    partitions: Annotated[
        int | None, typer.Option(min=1, help="Partitions of each topic; by default DIACHI_PARTITIONS, else 12.")
    ] = None,
    replication_factor: Annotated[
        int | None, typer.Option(min=1, help="Copies of each partition; by default DIACHI_REPLICATION_FACTOR, else 1.")
    ] = None,
) -> None:
    """Make the topics that do not exist yet on KAFKA_BOOTSTRAP_SERVERS. Existing ones are compared and left alone."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError, KafkaError

    from services.stream.connection import connection_of
    from services.stream.settings import Settings
    from services.stream.topic_admin import TopicsUnfitError, create_topics
    from services.stream.unreachable import BrokerRefusedError

    settings = Settings()
    connection = connection_of(settings)
    try:
        reports = asyncio.run(
            create_topics(
                connection,
                settings.topic_prefix,
                partitions=partitions or settings.partitions,
                replication_factor=replication_factor or settings.replication_factor,
            )
        )
    except BrokerRefusedError as error:
        raise _refused(str(error)) from None
    except KafkaConnectionError:
        where = settings.kafka_bootstrap_servers
        raise _refused(f"no answer from Kafka at {where}: is it running, and KAFKA_BOOTSTRAP_SERVERS right?") from None
    except (KafkaError, OSError) as error:
        raise _refused(f"no answer from Kafka at {settings.kafka_bootstrap_servers}: {error}") from error
    except TopicsUnfitError as error:
        raise _refused(str(error)) from error
    for report in reports:
        _print_report(report)
    created = sum(report.created for report in reports)
    typer.echo(f"{created} topics created, {len(reports) - created} were there")


@app.command("list")
def list_topics() -> None:
    """The topics, their keys, how long they keep records (the latest of each key, or days), and who uses them."""
    from rich.console import Console
    from rich.table import Table

    from schemas.asyncapi import topics

    table = Table(box=None, pad_edge=False)
    for heading in ("topic", "key", "keeps"):
        table.add_column(heading, no_wrap=True)
    table.add_column("written by; read by", overflow="fold")
    for spec in topics():
        access = f"{', '.join(spec.writers)}; {', '.join(spec.readers)}"
        table.add_row(spec.name, spec.key, _keeps(spec), access)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)
    personal = ", ".join(spec.name for spec in topics() if spec.personal_data)
    typer.echo(f"Personal data: {personal}")


@app.command()
def document(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; standard output without it.")] = None,
) -> None:
    """The AsyncAPI document with all schemas in it, as one JSON file for viewers and generators."""
    import orjson

    from schemas.asyncapi import one_file

    text = orjson.dumps(one_file(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if out is None:
        typer.echo(text, nl=False)
    else:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(text)
        except OSError as error:
            raise _refused(f"{out} cannot be written: {error.strerror}") from None


def _print_report(report: TopicReport) -> None:
    if report.created:
        typer.echo(f"{report.name}: created")
    for difference in report.differences:
        typer.secho(f"{report.name}: {difference}; left as it is", err=True, fg=typer.colors.YELLOW)


def _keeps(spec: TopicSpec) -> str:
    if spec.compacted:
        return "latest"
    return f"{int(spec.config['retention.ms']) // _DAY_MS} days"


def _refused(message: str) -> typer.Exit:
    typer.secho(message, err=True, fg=typer.colors.RED)
    return typer.Exit(1)
