"""`diachi run`: everything on one machine, in one process tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.broker import BrokerKind

if TYPE_CHECKING:
    from services.cli.stack import Stack


def run(
    data_dir: Annotated[
        Path, typer.Option(file_okay=False, help="Folder for all data and logs; nothing is written elsewhere.")
    ] = Path(".diachi"),
    workers: Annotated[int, typer.Option(min=1, max=12, help="Normalisers, and registrars, to run.")] = 1,
    broker: Annotated[BrokerKind, typer.Option(help="Which broker, if KAFKA_BOOTSTRAP_SERVERS is not set.")] = (
        BrokerKind.AUTO
    ),
) -> None:
    """Run a broker and all services on this machine until Ctrl-C.

    With KAFKA_BOOTSTRAP_SERVERS set, its broker is used and none is started. When all are ready, prints their addresses
    as NAME=value lines. Where these are not the usual ones, set them for `diachi submit` and `diachi status`.
    """
    from aiokafka.errors import KafkaError

    from services.cli.stack import local_stack
    from services.process.stop import interrupt_on_sigterm
    from services.process.supervisor import ServiceFailed
    from services.stream.broker import BrokerUnavailable
    from services.stream.topic_admin import TopicsUnfitError
    from services.stream.unreachable import BrokerRefusedError

    interrupt_on_sigterm()
    try:
        with local_stack(data_dir, kind=broker.value, workers=workers, say=_say) as stack:
            _print_addresses(stack)
            for name, value in stack.environ.items():
                typer.echo(f"{name}={value}")
            _say("All services are ready. Stop with Ctrl-C.")
            stack.watch()
    except (BrokerRefusedError, BrokerUnavailable, ServiceFailed, TopicsUnfitError) as error:
        _say(f"diachi run: {error}")
        raise typer.Exit(1) from None
    except KafkaError as error:
        _say(f"diachi run: no answer from Kafka ({type(error).__name__}). Is KAFKA_BOOTSTRAP_SERVERS right?")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        _say("Stopped.")


def _print_addresses(stack: Stack) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("service", "address", "pid", "log"):
        table.add_column(heading, no_wrap=True)
    table.add_row(f"broker ({stack.broker.kind})", stack.broker.bootstrap_servers, *_process_of(stack))
    for service in stack.supervisor.services:
        pid, log = stack.supervisor.pid(service.name), stack.supervisor.log_path(service.name)
        table.add_row(service.name, service.address, str(pid), _short(log))
    # Wide enough for whole addresses and paths, which people copy, also into a file.
    Console(stderr=True, soft_wrap=True, width=160).print(table)


def _process_of(stack: Stack) -> tuple[str, str]:
    from services.stream.broker import LocalBroker

    if not isinstance(stack.broker, LocalBroker):
        return "", ""
    return str(stack.broker.pid), _short(stack.broker.log_path)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _say(text: str) -> None:
    typer.echo(text, err=True)
