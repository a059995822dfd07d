"""`diachi demo`: the sample batch through everything, on this machine, in a temporary folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.broker import BrokerKind

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.demo_view import Published
    from services.cli.stack import Stack

_SOURCE = "demo"
_POLL_SECONDS = 0.2
_WIDTH = 100


def demo(
    broker: Annotated[BrokerKind, typer.Option(help="Which broker, if KAFKA_BOOTSTRAP_SERVERS is not set.")] = (
        BrokerKind.AUTO
    ),
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the map.")] = Path("build/demo"),
) -> None:
    """Submit the sample batch to a broker and services of its own, and show what comes out.

    Exit status 0 only if every row is accounted for. Everything that it started is stopped, and nothing but the map
    stays.
    """
    from aiokafka.errors import KafkaError
    from rich.console import Console

    from services.process.stop import interrupt_on_sigterm
    from services.process.supervisor import ServiceFailed
    from services.stream.broker import BrokerUnavailable
    from services.stream.topic_admin import TopicsUnfitError

    interrupt_on_sigterm()
    console = Console(soft_wrap=True, highlight=False)
    try:
        with tempfile.TemporaryDirectory(prefix="diachi-demo-") as folder:
            _run(Path(folder), broker, out, console)
    except (BrokerUnavailable, ServiceFailed, TopicsUnfitError, KafkaError) as error:
        typer.echo(f"diachi demo: {error or repr(error)}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        raise typer.Exit(130) from None


def _run(folder: Path, broker: BrokerKind, out: Path, console: Console) -> None:
    from services.cli.demo_data import demo_prefix, read_published, remove_topics, sample_file, write_map
    from services.cli.stack import local_stack
    from services.stream.broker import LocalBroker

    prefix = demo_prefix()
    with local_stack(folder, kind=broker.value, topic_prefix=prefix, say=lambda text: console.print(text)) as stack:
        try:
            status = _submit(stack, sample_file(), console)
            if status != 0:
                raise typer.Exit(status)
            published = read_published(stack.connection, prefix, sample_file())
        finally:
            if not isinstance(stack.broker, LocalBroker):
                stack.supervisor.stop()
                remove_topics(stack.connection, prefix)
    _check(published)
    _show(published, write_map(published, out), console)


def _submit(stack: Stack, file: Path, console: Console) -> int:
    """Run `diachi submit` as a user would, while the services are watched; its exit status."""
    import os

    console.print(f"\n$ diachi submit {file.name} --source {_SOURCE}")
    command = [sys.executable, "-P", "-m", "services.cli", "submit", str(file), "--source", _SOURCE]
    with subprocess.Popen(command, env={**os.environ, **stack.environ}) as submit:
        try:
            while submit.poll() is None:
                stack.check()
                try:
                    submit.wait(_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        except BaseException:
            submit.terminate()
            raise
        return submit.returncode


def _show(published: Published, file: Path, console: Console) -> None:
    from services.cli.demo_view import examples_table, reviews_table

    located = sum(feature.geometry is not None for feature in published.features.values())
    width = min(_WIDTH, console.width) if console.is_terminal else _WIDTH
    console.print("\nRead back from the topics, as their consumers do (read_committed):")
    console.print(f"  address.map-feature.v1   {len(published.features):,} features, {located:,} with a point")
    console.print(f"  address.national.v1      {len(published.national):,} records")
    console.print(f"  address.review.v1        {len(published.reviews):,} rows that a person must decide")
    console.print("Rows of one dwelling share its code, so there are fewer features than digitised rows.\n")
    console.print(examples_table(published, width))
    console.print("\nIn doubt it asks; some of what waits for a person:")
    console.print(reviews_table(published, width))
    console.print(f"\nThe map: {file} (GeoJSON; open it in QGIS or another viewer)")
    console.print("Look further:")
    console.print('  .venv/bin/diachi explain "Số 5 đường Bình Thuận, P. Minh Xuân, TP Tuyên Quang"')
    console.print("      why an answer is as it is")
    console.print("  .venv/bin/diachi run")
    console.print(
        "      everything on this machine; then, in another terminal: .venv/bin/diachi submit FILE --source NAME"
    )


def _check(published: Published) -> None:
    """What one topic has, the others must have too: they are written in the same transactions."""
    if not published.digitised.keys() == published.features.keys() == published.national.keys():
        counts = len(published.digitised), len(published.features), len(published.national)
        typer.echo(f"diachi demo: digitised, map and national topics differ: {counts} codes", err=True)
        raise typer.Exit(1)
