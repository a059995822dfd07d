"""`diachi dlq`: the dead letters: list them, look at one, put them back into their topics, drop them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from services.stream.dead_letters import Selection
    from services.stream.letter_box import Handled, LetterBox

app = typer.Typer(help="List the dead letters, show one, put them back, drop them.", no_args_is_help=True)

T = TypeVar("T")

_AGO = re.compile(r"([0-9]{1,5})([mhd])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


class LetterTopic(StrEnum):
    """As services.stream.dead_letters.LETTER_TOPICS, for the command line."""

    RAW = "raw"
    MATCHED = "matched"


Names = Annotated[list[str] | None, typer.Argument(help="Names of letters, such as raw:3:17.", show_default=False)]
Topic = Annotated[
    LetterTopic | None, typer.Option(help="Letters of the normaliser (raw) or of the registrar.", show_default="both")
]
Batch = Annotated[str | None, typer.Option(help="Letters of the rows of this batch.")]
Code = Annotated[str | None, typer.Option(help="Letters with this error code, such as input.schema.")]
Since = Annotated[str | None, typer.Option(help="Put aside then or later: 2025-11-24T08:00, or 90m, 6h, 2d ago.")]
Until = Annotated[str | None, typer.Option(help="Put aside before then; written likewise.")]
Everything = Annotated[bool, typer.Option("--all", help="All letters, where none are named and nothing else is asked.")]


@app.command("list")
def list_letters(
    topic: Topic = None,
    batch: Batch = None,
    code: Code = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=0, max=10_000, help="How many letters to list; all are counted.")] = 20,
    handled: Annotated[bool, typer.Option("--handled", help="Also those that were put back or dropped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a letter, without its value.")] = False,
) -> None:
    """Count the dead letters by cause, and list the first ones. None of what they hold is printed."""
    from services.cli.dlq_view import as_object, counts_table, letters_table
    from services.stream.dead_letters import Letter

    selection = _selection(None, topic, batch, code, since, until)

    async def run(box: LetterBox) -> tuple[dict[tuple[str, str], int], list[Letter]]:
        counts: dict[tuple[str, str], int] = {}
        first: list[Letter] = []
        async for letter in box.letters(selection, handled=handled):
            cause = (letter.place.topic, letter.code)
            counts[cause] = counts.get(cause, 0) + 1
            if len(first) < limit:
                first.append(letter)
        return counts, first

    counts, first = _with_box(run)
    if as_json:
        from schemas.codec import encode

        for letter in first:
            typer.echo(encode(as_object(letter)).decode())
        return
    if not counts:
        typer.echo("No dead letters.")
        return
    from rich.console import Console

    console = Console(soft_wrap=True, width=160)
    console.print(counts_table(counts))
    if first:
        console.print()
        console.print(letters_table(first))
    if (more := sum(counts.values()) - len(first)) > 0:
        console.print(f"and {more:,} more", highlight=False)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of a letter, such as raw:3:17.")]) -> None:
    """Show a dead letter whole: why it is one, its headers and its bytes. These may hold names and phones."""
    from services.cli.dlq_view import whole
    from services.stream.dead_letters import Letter

    selection = _selection([name], None, None, None, None, None)

    async def run(box: LetterBox) -> Letter | None:
        async for letter in box.letters(selection, handled=True):
            return letter
        return None

    found = _with_box(run)
    if found is None:
        _fail(f"there is no dead letter {name}: it may be too old by now")
    typer.echo(whole(found))


@app.command()
def replay(
    names: Names = None,
    topic: Topic = None,
    batch: Batch = None,
    code: Code = None,
    since: Since = None,
    until: Until = None,
    everything: Everything = False,
    limit: Annotated[int, typer.Option(min=1, help="Put back so many at the most.")] = 1000,
    max_replays: Annotated[int, typer.Option(min=1, max=9999, help="Put no record back more often than so.")] = 3,
) -> None:
    """Put dead letters back into the topic that they came from, as new input with their own bytes, key and headers.

    Mend the cause first. Each is put back once, also if this is interrupted or run twice; if it is refused again, it is
    a new letter. Its row goes from dead letter to what becomes of it now.
    """
    selection = _chosen(names, topic, batch, code, since, until, everything)
    _report(_with_box(lambda box: box.replay(selection, limit, max_replays)), "put back")


@app.command()
def drop(
    names: Names = None,
    topic: Topic = None,
    batch: Batch = None,
    code: Code = None,
    since: Since = None,
    until: Until = None,
    everything: Everything = False,
    limit: Annotated[int, typer.Option(min=1, help="Drop so many at the most.")] = 1000,
) -> None:
    """Mark dead letters as handled: they are listed no more. Their rows stay counted as dead letters."""
    selection = _chosen(names, topic, batch, code, since, until, everything)
    _report(_with_box(lambda box: box.drop(selection, limit)), "dropped")


def _report(handled: Handled, what: str) -> None:
    typer.echo(f"{handled.done:,} dead letters {what}")
    for reason, count in sorted(handled.left.items()):
        typer.echo(f"{count:,} left as they are: {reason}")


def _chosen(
    names: list[str] | None,
    topic: LetterTopic | None,
    batch: str | None,
    code: str | None,
    since: str | None,
    until: str | None,
    everything: bool,
) -> Selection:
    """The selection of a command that changes something: nothing is meant by saying nothing."""
    if not (names or topic or batch or code or since or until or everything):
        _fail("say which letters: by name, --topic, --batch, --code, --since, --until, or --all")
    return _selection(names, topic, batch, code, since, until)


def _selection(
    names: list[str] | None,
    topic: LetterTopic | None,
    batch: str | None,
    code: str | None,
    since: str | None,
    until: str | None,
) -> Selection:
    from schemas.dead_letter import DeadLetterCode
    from services.stream.dead_letters import LETTER_TOPICS, Selection, read_place

    if code is not None and code not in list(DeadLetterCode):
        _fail(f"{code!r} is no error code; they are {', '.join(DeadLetterCode)}")
    try:
        places = frozenset(read_place(name) for name in names or ())
        start, end = (None if text is None else _milliseconds(text) for text in (since, until))
    except ValueError as error:
        _fail(str(error))
    topics = tuple(LETTER_TOPICS.values()) if topic is None else (LETTER_TOPICS[topic.value],)
    if places:
        topics = tuple(each for each in topics if any(place.topic == each for place in places))
    return Selection(topics, places, batch, code, start, end)


def _milliseconds(text: str) -> int:
    """A moment as a Kafka timestamp; without an offset from UTC it is this machine's time."""
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return int((time.time() - int(ago.group(1)) * _SECONDS[ago.group(2)]) * 1000)
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write 2025-11-24T08:00, or 90m, 6h, 2d for so long ago") from None


def _with_box(work: Callable[[LetterBox], Coroutine[Any, Any, T]]) -> T:
    """What `work` returns; a broker that does not answer is said, with what to do."""
    import asyncio

    from aiokafka.errors import KafkaConnectionError, KafkaError, ProducerFenced

    from services.stream.letter_box import LetterBox
    from services.stream.settings import read_settings
    from services.stream.topic_ids import AccessDeniedError, TopicMissingError
    from services.stream.unreachable import BrokerRefusedError

    # Of a fenced producer, the client leaves futures that complain once more when they are collected.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    settings = read_settings()
    try:
        return asyncio.run(work(LetterBox(settings)))
    except (AccessDeniedError, BrokerRefusedError, TopicMissingError) as error:
        _fail(str(error))
    except KafkaConnectionError:
        _fail(f"no broker answers at {settings.kafka_bootstrap_servers}: is KAFKA_BOOTSTRAP_SERVERS right?")
    except ProducerFenced:
        _fail("another `diachi dlq` took over: what this one did not do is left to that one, or to a further run")
    except KafkaError as error:
        _fail(
            f"Kafka at {settings.kafka_bootstrap_servers} fails: {type(error).__name__}. Letters that were not marked "
            "as handled are where they were: run it again"
        )


def _fail(text: str) -> NoReturn:
    typer.echo(f"diachi dlq: {text}", err=True)
    raise typer.Exit(1)
