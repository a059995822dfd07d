"""`diachi reprocess`: has the remembered records run again after a change of the gazetteer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from services.stream.reprocess import Reprocessing, RunProgress

_SAID = {
    "changed": "changed: published anew under their codes",
    "unchanged": "unchanged",
    "to_review": "to review; the last good version stays published",
    "still_in_review": "in review, as before",
    "settled": "out of review: digitised now",
    "withdrawn": "withdrawn meanwhile",
}


def reprocess(
    artifact: Annotated[
        Path | None, typer.Option(help="The gazetteer of the normalisers; by default as DIACHI_GAZETTEER says.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also records that were run with this gazetteer already.")
    ] = False,
    count: Annotated[bool, typer.Option("--count", help="Only say how many are to be run.")] = False,
    stall: Annotated[float, typer.Option(min=1, help="Give up when nothing moved for so many seconds.")] = 120.0,
) -> None:
    """Run all records again with a new gazetteer: codes stay, attributes change, what is doubtful goes to review.

    First start all normalisers with the new gazetteer. It can be interrupted and started again: it goes on where it
    was, and nothing is done twice. Exit status 0 only if all were run, and the registrar has taken up what came of it.
    """
    import asyncio

    from rich.console import Console

    from gazetteer.gazetteer import GazetteerMissing
    from services.cli.places import load_gazetteer
    from services.stream.reprocess import Reprocessing
    from services.stream.settings import read_settings

    settings, console = read_settings(), Console(stderr=True, soft_wrap=True)
    try:
        gazetteer = load_gazetteer(artifact)
    except GazetteerMissing as error:
        _fail(str(error))
    run = Reprocessing(settings, gazetteer.version, again=again, stall=stall)
    started = time.monotonic()
    waiting = _guarded(lambda: asyncio.run(_show(console, run, ask=not count)), settings.kafka_bootstrap_servers)
    _report(run.progress, gazetteer.version, gazetteer.edition, None if count else time.monotonic() - started)
    if waiting is not None:
        _fail(waiting)
    if not count and not run.progress.complete:
        raise typer.Exit(1)


async def _show(console: Console, run: Reprocessing, *, ask: bool) -> None:
    """Draw the bars until the run ends."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not ask) as bars:
        asked, done, taken = (bars.add_task(name, total=None) for name in ("asked for", "run again", "registered"))
        most = 0
        async for progress in run.run(ask=ask):
            bars.update(asked, total=progress.wanted, completed=progress.asked)
            bars.update(done, total=progress.wanted, completed=progress.done)
            if progress.unregistered is not None:
                most = max(most, progress.unregistered)
                bars.update(taken, total=most, completed=most - progress.unregistered)


def _report(progress: RunProgress, version: str, edition: str, seconds: float | None) -> None:
    lines = [
        f"gazetteer {version}, edition {edition}: {progress.remembered:,} records, {progress.before:,} of them "
        f"run with it before, {progress.wanted:,} to be run"
    ]
    lines += [f"{progress.outcomes[kind]:>12,}  {said}" for kind, said in _SAID.items() if progress.outcomes[kind]]
    if progress.forgotten:
        lines.append(f"{progress.forgotten:>12,}  kept by an earlier release without their text: submit them again")
    if progress.unregistered == 0:
        lines.append("the registrar has taken up all of it")
    if seconds is not None and progress.done:
        lines.append(f"{seconds:.1f} s, {progress.done / max(seconds, 1e-6):,.0f} records/s")
    typer.echo("\n".join(lines))


def _guarded(run: Callable[[], None], servers: str) -> str | None:
    """Whatever ends the run early is said, with what to do, and ends the command with status 1. Returns what to say
    where only the registrar is behind."""
    from aiokafka.errors import KafkaConnectionError, KafkaError

    from services.stream.reprocess import ReprocessStalledError
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.unreachable import BrokerRefusedError
    from services.stream.uptake import NotTakenUpError

    again = "Run it again: it goes on where it was."
    try:
        run()
    except ReprocessStalledError as error:
        _fail(
            f"{error}. Are the normalisers running, with this gazetteer? `diachi dlq list --topic raw` counts what "
            f"they refused. {again}"
        )
    except NotTakenUpError as error:
        return f"the records were run again, and wait for the registrar: {error} taken up. Is it running? {again}"
    except (AccessDeniedError, BrokerRefusedError, TopicMissingError) as error:
        _fail(str(error))
    except KafkaConnectionError:
        _fail(f"no broker answers at {servers}: is KAFKA_BOOTSTRAP_SERVERS right?")
    except KafkaError as error:
        _fail(f"Kafka at {servers} fails: {type(error).__name__}. {again}")
    except KeyboardInterrupt:
        _fail(f"Stopped. What was asked for goes on. {again}")
    return None


def _fail(text: str) -> NoReturn:
    typer.echo(f"diachi reprocess: {text}", err=True)
    raise typer.Exit(1)
