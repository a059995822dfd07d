"""`diachi digitise`: the address core without Kafka, for a dry run or as a filter."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, NamedTuple, NoReturn

import typer

if TYPE_CHECKING:
    from services.address.core import AddressCore
    from services.intake.answers import Answer
    from services.intake.outputs import Writer
    from services.intake.readers import Row, Table
    from services.intake.records import RecordBuilder

_BATCH_ROWS = 1000
_SOURCE = "offline"


def digitise(
    file: Annotated[
        Path, typer.Argument(help="Excel, OpenDocument, CSV or JSON Lines; - reads JSON Lines from standard input.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="By its ending: .csv, .xlsx, .geojson or .jsonl; - writes JSON Lines."),
    ],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column is a field: address=DiaChi. Repeatable."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Which sheet of a workbook.", show_default="the first that is shown")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print neither how the file is understood nor a summary.")
    ] = False,
) -> None:
    """Digitise addresses without Kafka: one output row for each input row, in order.

    Rows are checked as they are online; those that would be refused come out with the error. Codes are proposals:
    nothing is registered. As a filter (- -o -), each line {"id": …, "raw": …} gives one line.
    """
    from gazetteer.gazetteer import GazetteerMissing
    from services.address.core import AddressCore
    from services.cli.files import OutputError, own_columns, show_understanding
    from services.cli.places import load_gazetteer
    from services.intake.mapping import MappingError
    from services.intake.outputs import TABLES, writer
    from services.intake.readers import ReadError
    from services.process.collector import spare_what_stays

    started = time.monotonic()
    try:
        ending = _ending(file, output)
        table, builder = _open(file, mapping or [], sheet)
        if table is not None and not quiet:
            show_understanding(file, table, builder.heading_map)
        columns = own_columns(table) if ending in TABLES and table is not None else ()
        batches = _from_stdin() if table is None else _in_batches(table.rows())
        core = AddressCore(load_gazetteer())
        spare_what_stays()
        with _opened(output) as sink:
            counts = _run(core, builder, batches, writer(sink, ending, columns), sink)
    except (ReadError, MappingError, OutputError, GazetteerMissing) as error:
        _fail(str(error))
    except BrokenPipeError:
        raise typer.Exit(1) from None
    except OSError as error:
        _fail(f"{error.filename or output}: {error.strerror}")
    if not quiet:
        _summarise(counts, time.monotonic() - started)


def _ending(file: Path, output: Path) -> str:
    """The output's format, by its ending. Raises OutputError."""
    from services.cli.files import OutputError, output_ending
    from services.intake.outputs import TABLES

    if str(output) == "-":
        return ".jsonl"
    ending = output_ending(output, file)
    if ending in TABLES and str(file) == "-":
        raise OutputError("lines from standard input have no columns for a table: write .jsonl or .geojson")
    return ending


def _open(file: Path, mapping: Sequence[str], sheet: str | None) -> tuple[Table | None, RecordBuilder]:
    """The input and how its rows become records; None for standard input. Raises ReadError, MappingError, OSError."""
    from services.intake.mapping import read_choices
    from services.intake.readers import open_table
    from services.intake.records import RecordBuilder

    chosen = read_choices(mapping)
    table = None if str(file) == "-" else open_table(file, sheet=sheet, wanted=tuple(chosen.values()))
    return table, RecordBuilder(_SOURCE, table.columns if table else None, chosen)


@contextmanager
def _opened(output: Path) -> Iterator[BinaryIO]:
    """The output; a file appears under its name only when it is whole."""
    if str(output) != "-":
        from services.intake.outputs import opened

        with opened(output) as file:
            yield file
        return
    import sys

    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _run(
    core: AddressCore, builder: RecordBuilder, batches: Iterable[list[Row]], writer: Writer, sink: BinaryIO
) -> Counter[str]:
    """Digitise batch by batch; rows by what became of them."""
    counts: Counter[str] = Counter()
    for batch in batches:
        answers = answer(core, builder, batch)
        writer.write(answers)
        sink.flush()
        counts.update(each.refused.code if each.refused else _action(each) for each in answers)
    writer.finish()
    return counts


def _action(answered: Answer) -> str:
    return answered.result.next_action.value if answered.result else ""


class _Submitted(NamedTuple):
    """A record as the normaliser would read it from the topic."""

    key: bytes | None
    value: bytes | None
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes | None]] = ()


def answer(core: AddressCore, builder: RecordBuilder, rows: Sequence[Row]) -> list[Answer]:
    """What the normaliser would make of these rows, in order."""
    from schemas.raw import RawAddress
    from services.intake.answers import Answer, refused
    from services.normaliser.reading import Refusal, read_raw
    from services.stream.settings import read_settings

    most_bytes = read_settings().max_record_bytes
    records = [builder.build(row) for row in rows]
    readings = [read_raw(_Submitted(record.key, record.value), most_bytes) for record in records]
    results = iter(core.digitise([reading for reading in readings if isinstance(reading, RawAddress)]))
    answers = []
    for record, reading in zip(records, readings, strict=True):
        if isinstance(reading, RawAddress):
            answers.append(Answer(record, next(results), None))
        else:
            assert isinstance(reading, Refusal), "a row of a file is neither a decision nor a withdrawal"
            columns = builder.map_of(record.row.values or {}).columns
            answers.append(Answer(record, None, refused(reading.code.value, reading.detail, columns)))
    return answers


def _in_batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    from itertools import islice

    while batch := list(islice(rows, _BATCH_ROWS)):
        yield batch


def _from_stdin() -> Iterator[list[Row]]:
    """Rows from standard input, as many at once as are waiting there: a pipe gets its answers without delay."""
    import sys

    from services.intake.pipe import waiting_lines
    from services.intake.readers import json_row

    number = 0
    for lines in waiting_lines(sys.stdin.fileno(), _BATCH_ROWS):
        yield [json_row(number + nth, line) for nth, line in enumerate(lines, start=1)]
        number += len(lines)


def _summarise(counts: Counter[str], seconds: float) -> None:
    rows = counts.total()
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.most_common())
    rate = rows / max(seconds, 1e-6)
    typer.echo(f"{rows:,} rows in {seconds:.1f} s ({rate:,.0f}/s)" + (f": {parts}" if parts else ""), err=True)


def _fail(text: str) -> NoReturn:
    typer.echo(f"diachi digitise: {text}", err=True)
    raise typer.Exit(1)
