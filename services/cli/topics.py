"""`diachi topics`: make the topics, list them, print the AsyncAPI document."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.asyncapi import TopicSpec
    from services.stream.access import Grant
    from services.stream.acl_admin import AclReport, Entry
    from services.stream.settings import Settings
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
    from services.stream.settings import read_settings
    from services.stream.topic_admin import TopicsUnfitError, create_topics
    from services.stream.unreachable import BrokerRefusedError

    settings = read_settings()
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


@app.command()
def acls(
    user: Annotated[
        list[str] | None,
        typer.Option("--user", metavar="NAME=PRINCIPAL", help="How the broker calls one: normaliser=User:CN=norm-1."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Add what is missing, and name what is there beyond it.")
    ] = False,
) -> None:
    """What each service and reader must be allowed on the broker: topics, groups, transactional ids; nothing else.

    Without --apply no broker is asked. With it, this must run as one of the brokers' super.users.
    """
    from services.stream.access import UnknownPrincipalError, grants
    from services.stream.settings import read_settings

    settings = read_settings()
    try:
        wanted = grants(settings.topic_prefix, dict(_pair(each) for each in user or ()))
    except UnknownPrincipalError as error:
        raise _refused(str(error)) from None
    if not apply:
        _print_grants(wanted)
        return
    report = _apply(settings, wanted)
    for grant in report.missing:
        typer.echo(f"added: {_sentence(grant)}")
    for entry in report.foreign:
        typer.secho(f"not of ours, left as it is: {_sentence(entry)}", err=True, fg=typer.colors.YELLOW)
    typer.echo(f"{len(report.missing)} added, {report.present} were there")


@app.command()
def script() -> None:
    """The same topics and grants as a shell script for Kafka's own tools; deploy/kafka/topics-and-acls.sh is it."""
    from services.stream.kafka_script import kafka_script

    typer.echo(kafka_script(), nl=False)


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


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"{text!r} is not NAME=PRINCIPAL", param_hint="--user")
    return name, value


def _print_grants(wanted: Sequence[Grant]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("principal", "may", "resource", "pattern", "name"):
        table.add_column(heading, no_wrap=True)
    for grant in wanted:
        resource, pattern = grant.resource.name.lower(), grant.pattern.name.lower()
        table.add_row(grant.principal, grant.operation.name.lower(), resource, pattern, grant.name)
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)


def _apply(settings: Settings, wanted: Sequence[Grant]) -> AclReport:
    import asyncio

    from aiokafka.errors import KafkaError

    from services.stream.acl_admin import AclsRefusedError, compare_acls
    from services.stream.connection import connection_of
    from services.stream.unreachable import BrokerRefusedError

    connection = connection_of(settings)
    try:
        return asyncio.run(compare_acls(connection, wanted, apply=True))
    except (AclsRefusedError, BrokerRefusedError) as error:
        raise _refused(str(error)) from None
    except (KafkaError, OSError) as error:
        raise _refused(f"no answer from Kafka at {settings.kafka_bootstrap_servers}: {error}") from None


def _sentence(grant: Grant | Entry) -> str:
    from services.stream.access import Operation, Pattern, Resource

    operation, resource = Operation(grant.operation).name.lower(), Resource(grant.resource).name.lower()
    begins = " that begins with" if grant.pattern == Pattern.PREFIXED else ""
    return f"{grant.principal} may {operation} {resource}{begins} {grant.name}"


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
