"""`diachi broker`: a local Kafka broker in the foreground."""

from __future__ import annotations

import tempfile
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class BrokerKind(StrEnum):
    """As services.stream.broker.Kind, for the command line."""

    AUTO = "auto"
    APACHE = "apache"
    EMBEDDED = "embedded"


def broker(
    kind: Annotated[
        BrokerKind, typer.Option(help="apache needs Java 17 and Maven; embedded is for a first look only.")
    ] = BrokerKind.AUTO,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1. Default: a free one.")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Keep data here. Default: a temporary folder, removed at the end."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Do not remove the temporary folder.")] = False,
) -> None:
    """Run a Kafka broker on this machine until Ctrl-C.

    Prints one line, KAFKA_BOOTSTRAP_SERVERS=host:port, once it serves. If that variable is set already, its broker is
    the one to use: the line is printed, and nothing is started.
    """
    from services.process.stop import interrupt_on_sigterm
    from services.stream.broker import BrokerUnavailable, LocalBroker, local_broker

    interrupt_on_sigterm()
    if keep and data_dir is None:
        data_dir = Path(tempfile.mkdtemp(prefix="diachi-broker-"))
        _say(f"Data stay in {data_dir}")
    try:
        with local_broker(kind.value, data_dir=data_dir, port=port, say=_say) as running:
            _say(f"Broker: {running.kind} ({running.reason})")
            own = running if isinstance(running, LocalBroker) else None
            if own is not None:
                _say(f"Log: {own.log_path}. Stop with Ctrl-C.")
            # Last, so that whoever waits for the line may stop the broker at once.
            typer.echo(f"KAFKA_BOOTSTRAP_SERVERS={running.bootstrap_servers}")
            if own is not None:
                while own.alive():
                    time.sleep(0.2)
                _say("The broker ended by itself:\n" + own.log_tail())
                raise typer.Exit(1)
    except BrokerUnavailable as error:
        _say(str(error))
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        _say("Stopped.")


def _say(text: str) -> None:
    typer.echo(text, err=True)
