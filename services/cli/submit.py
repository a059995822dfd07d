"""`diachi submit`: sends a file as a batch, and waits for what becomes of its rows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.outcome_file import OutcomeFile
    from services.intake.readers import Scan, Table
    from services.intake.records import Record, RecordBuilder
    from services.intake.submission import Progress
    from services.intake.tracker_client import TrackerClient


def submit(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="Excel, OpenDocument, CSV or JSON Lines.")
    ],
    source: Annotated[str, typer.Option(help="Name of the system that the addresses come from.")],
    name: Annotated[str | None, typer.Option(help="What to call the batch.", show_default="the file's name")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column is a field: address=DiaChi. Repeatable."),
    ] = None,
    tracker: Annotated[
        str | None, typer.Option(help="Address of the tracker.", show_default="DIACHI_TRACKER_URL")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until every row is accounted for.")] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds without any progress before giving up.")] = 120.0,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of a workbook.", show_default="the first that is shown")
    ] = None,
    outcomes: Annotated[
        Path | None,
        typer.Option(help="Write what became of each row, by the ending: .csv, .xlsx, .geojson or .jsonl."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not print how the file is understood.")] = False,
) -> None:
    """Submit a file of addresses, wait, and print what became of its rows.

    Exit status 0 only if every row is accounted for (with --no-wait: was sent). Submitting a file again is safe: rows
    that are known already come out unchanged.
    """
    import asyncio

    from rich.console import Console

    from services.intake.record_ids import SAMPLE_ROWS
    from services.intake.submission import Submission, new_batch_id
    from services.intake.tracker_client import TrackerClient
    from services.process.collector import spare_what_stays
    from services.stream.secrets import http_token
    from services.stream.settings import read_settings

    settings, batch_id, console = read_settings(), new_batch_id(), Console(stderr=True, soft_wrap=True)
    token = http_token(settings)
    table, builder, found = _prepare(file, sheet, source, mapping or [], batch_id)
    outcome_file = _outcome_file(outcomes, file, wait)
    _say(console, None if quiet else file, table, builder, found)

    async def run() -> Progress:
        client = TrackerClient(tracker or settings.tracker_url, token)
        answering = await _answering(client, wait)
        submission = Submission(settings, source, name or file.name, answering, batch_id=batch_id, stall=timeout)
        records = map(builder.build, table.rows())
        first = list(islice(records, SAMPLE_ROWS))
        _warn_of_ids(console, builder, first)
        progress = submission.run(chain(first, records), wait=wait)
        shown = partial(_show, console, progress, found.rows)
        if outcome_file is None:
            return await shown()
        again = _builder(table, source, mapping or [], batch_id)
        return await outcome_file.around(shown, settings, batch_id, table, again)

    console.print(f"batch {batch_id}", highlight=False)
    spare_what_stays()
    started = time.monotonic()
    last = _guarded(lambda: asyncio.run(run()), batch_id, settings.kafka_bootstrap_servers)
    _report(last, time.monotonic() - started, wait)


def _prepare(
    file: Path, sheet: str | None, source: str, mapping: list[str], batch_id: str
) -> tuple[Table, RecordBuilder, Scan]:
    """Read the file once, so that one whose rows cannot be told apart is refused before anything is sent."""
    from services.intake.mapping import MappingError, read_choices
    from services.intake.readers import ReadError, open_table
    from services.intake.records import SourceNameError

    try:
        table = open_table(file, sheet=sheet, wanted=tuple(read_choices(mapping).values()))
        return table, _builder(table, source, mapping, batch_id), table.scan()
    except (ReadError, MappingError, SourceNameError, OSError) as error:
        _fail(f"{error}\nNothing was sent.")


def _builder(table: Table, source: str, mapping: list[str], batch_id: str) -> RecordBuilder:
    """A builder at the start of the table: it counts rows that are alike."""
    from services.intake.mapping import read_choices
    from services.intake.records import RecordBuilder

    return RecordBuilder(source, table.columns, read_choices(mapping), batch_id)


def _outcome_file(outcomes: Path | None, file: Path, wait: bool) -> OutcomeFile | None:
    from services.cli.files import OutputError
    from services.cli.outcome_file import OutcomeFile

    if outcomes is None:
        return None
    if not wait:
        _fail("--outcomes needs the outcome of every row: leave --no-wait out.\nNothing was sent.")
    try:
        return OutcomeFile(outcomes, file)
    except OutputError as error:
        _fail(f"{error}\nNothing was sent.")


def _say(console: Console, file: Path | None, table: Table, builder: RecordBuilder, found: Scan) -> None:
    """How the file is understood, unless `file` is None, and what is wrong with it."""
    from services.cli.files import show_understanding

    if file is not None:
        show_understanding(file, table, builder.heading_map)
    if found.ragged_rows:
        rows = ", ".join(map(str, found.ragged)) + (" …" if found.ragged_rows > len(found.ragged) else "")
        console.print(
            f"{found.ragged_rows:,} rows have more cells than the heading and will be refused (rows {rows}): "
            "put quotation marks around cells that hold the delimiter.",
            highlight=False,
        )


def _warn_of_ids(console: Console, builder: RecordBuilder, first: list[Record]) -> None:
    """Say it where the ids of the first records look as if they named people."""
    from services.intake.record_ids import resemblance

    column = builder.heading_map.columns.get("id") if builder.heading_map else None
    if what := resemblance(column, (record.id for record in first)):
        console.print(
            f"The record ids look like {what}. Ids are sent as they are, and stand in the keys of all topics, where "
            "nothing may say who lives somewhere. If these do, stop (Ctrl-C), and give another column (--map "
            "id=COLUMN) or none (--map id=).",
            highlight=False,
            markup=False,
            style="yellow",
        )


async def _answering(client: TrackerClient, wait: bool) -> TrackerClient | None:
    """The tracker, None if it does not answer: that is an error only for those who want to wait."""
    from services.intake.tracker_client import TrackerNotReadyError, TrackerTokenError, TrackerUnavailableError

    try:
        await client.recent(1)
    except TrackerNotReadyError:
        return client
    except TrackerTokenError as error:
        if wait:
            _fail(f"{error}, or use --no-wait.\nNothing was sent.")
        return None
    except TrackerUnavailableError as error:
        if wait:
            _fail(f"{error}. Start it with `diachi run` or `diachi tracker`, or use --no-wait.\nNothing was sent.")
        return None
    return client


async def _show(console: Console, progress: AsyncIterator[Progress], rows: int) -> Progress:
    """Draw the bars until the progress ends; the last one."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    last: Progress | None = None
    # Where nobody looks on, only the last state is printed.
    with Bars(*columns, console=console, auto_refresh=console.is_terminal, refresh_per_second=4) as bars:
        sent, accounted = bars.add_task("sent", total=rows), bars.add_task("accounted for", total=rows)
        async for last in progress:
            bars.update(sent, completed=last.sent)
            bars.update(accounted, completed=last.accounted)
    assert last is not None
    return last


def _report(last: Progress, seconds: float, wait: bool) -> None:
    """Print the outcome; exit status 1 if a row is missing from it."""
    from rich.console import Console

    from services.cli.batch_view import outcome_table, reason_table

    if not wait or last.status is None:
        typer.echo(f"{last.sent:,} rows sent. See `diachi status {last.batch_id}` for what becomes of them.")
        return
    console = Console(soft_wrap=True)
    console.print(outcome_table(last.status))
    if (reasons := reason_table(last.status)) is not None:
        console.print(reasons)
    console.print(f"{seconds:.1f} s, {last.sent / max(seconds, 1e-6):,.0f} records/s", highlight=False)


def _guarded(run: Callable[[], Progress], batch_id: str, servers: str) -> Progress:
    """What `run` returns; whatever ends it early is said, with what to do, and ends the command with status 1."""
    from aiokafka.errors import KafkaConnectionError, KafkaError

    from services.cli.files import OutputError
    from services.intake.readers import ReadError
    from services.intake.submission import StalledError
    from services.intake.tracker_client import TrackerUnavailableError
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.unreachable import BrokerRefusedError

    again = "Submitting the file again is safe."
    try:
        return run()
    except StalledError as error:
        _fail(
            f"{error}. Are the normaliser and the registrar running? What was sent is not lost: "
            f"see `diachi status {batch_id}`. {again}"
        )
    except TrackerUnavailableError as error:
        _fail(f"{error}. What was sent is not lost; ask again later: `diachi status {batch_id}`. {again}")
    except (AccessDeniedError, BrokerRefusedError, TopicMissingError) as error:
        _fail(f"{error}\nNothing was sent.")
    except KafkaConnectionError:
        _fail(
            f"no broker answers at {servers}. Start one with `diachi run`, or set KAFKA_BOOTSTRAP_SERVERS. "
            f"The batch may be incomplete. {again}"
        )
    except KafkaError as error:
        _fail(f"Kafka at {servers} fails: {error!r}. The batch may be incomplete. {again}")
    except OutputError as error:
        _fail(f"{error}. {again}")
    except (ReadError, OSError) as error:
        _fail(f"{error}. The batch is incomplete. {again}")
    except KeyboardInterrupt:
        _fail(f"Stopped; see `diachi status {batch_id}` for what was sent. {again}")


def _fail(text: str) -> NoReturn:
    typer.echo(f"diachi submit: {text}", err=True)
    raise typer.Exit(1)
