"""The file that tells an operator what became of each row of a batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from services.cli.files import OutputError, output_ending, own_columns

if TYPE_CHECKING:
    from services.intake.outcomes import Outcomes
    from services.intake.readers import Table
    from services.intake.records import RecordBuilder
    from services.stream.settings import Settings

T = TypeVar("T")

_CHUNK = 1000


class OutcomeFile:
    """Asked for before a batch is sent, written once it is complete."""

    def __init__(self, path: Path, file: Path) -> None:
        """Raises OutputError for a path that cannot be meant; `file` is the one that is submitted."""
        self._path = path
        self._ending = output_ending(path, file)

    async def around(
        self,
        submit: Callable[[], Awaitable[T]],
        settings: Settings,
        batch_id: str,
        table: Table,
        builder: RecordBuilder,
    ) -> T:
        """Call `submit`, which opens the batch and waits until it is complete; its result.

        Then write a row for each row of the table, in its order; `builder` is at its start. Raises OutputError,
        KafkaError, TopicMissingError.
        """
        from services.intake.outcomes import collect, mark

        marks = await mark(settings)
        done = await submit()
        became = await collect(settings, marks, batch_id)
        try:
            self._write(became, table, builder)
        except OSError as error:
            raise OutputError(f"the batch is complete, but {self._path} cannot be written: {error.strerror}") from None
        return done

    def _write(self, became: Outcomes, table: Table, builder: RecordBuilder) -> None:
        from services.intake.outputs import TABLES, opened, writer

        columns = own_columns(table) if self._ending in TABLES else ()
        rows = table.rows()
        with opened(self._path) as sink:
            out = writer(sink, self._ending, columns, online=True)
            while chunk := list(islice(rows, _CHUNK)):
                out.write(
                    [became.answer(builder.build(row), builder.map_of(row.values or {}).columns) for row in chunk]
                )
            out.finish()
