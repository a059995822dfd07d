"""Which row of a sheet is its heading, and what its columns are called."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gazetteer.names import fold
from services.intake.legacy import Legacy, could_be_legacy, decode, reads_better, recognise
from services.intake.mapping import field_of
from services.intake.table import MOST_COLUMNS, ReadError, Row, Scan

# Titles, dates and the name of an office stand above a heading, not more than these lines.
_MOST_LINES_ABOVE = 30
_SAMPLE_ROWS = 2000
_NUMBER = re.compile(r"\(?([0-9]{1,3})\)?")
_LEAST_NUMBERS = 3

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the lines of a sheet are a table: `first` is the index of the first row among the lines that hold anything.

    `legacy` is the encoding that the text is in, if not Unicode, and `mended` the columns that it fills.
    """

    names: tuple[str, ...]
    first: int
    legacy: Legacy | None
    mended: frozenset[int]
    notes: tuple[str, ...]

    def rows(self, lines: Iterable[Cells]) -> Iterator[Row]:
        """The rows below the heading. `lines` are all that hold anything, from the first."""
        names, width, legacy = self.names, len(self.names), self.legacy
        for number, cells in enumerate(islice(lines, self.first, None), start=1):
            texts = cells if legacy is None else self._mend(cells)
            values = {name: cell for name, cell in zip(names, texts, strict=False) if cell}
            surplus = tuple(texts[width:]) if len(texts) > width else ()
            yield Row(number, values, surplus if any(surplus) else ())

    def scan(self, lines: Iterable[Cells]) -> Scan:
        """What `rows` would yield, counted."""
        width, found, rows = len(self.names), Scan(), 0
        for cells in islice(lines, self.first, None):
            rows += 1
            if len(cells) > width and any(cells[width:]):
                found.note_ragged(rows)
        found.rows = rows
        return found

    def _mend(self, cells: Cells) -> Cells:
        return [mended(cell, self.legacy, nth in self.mended) for nth, cell in enumerate(cells)]


def lay_out(name: str, lines: Iterable[Cells], wanted: Collection[str], known: Legacy | None = None) -> Layout:
    """Find heading and rows in the lines of a file that hold anything.

    `name` is the file's; `wanted` are columns that the operator names. `known` is the encoding of a file whose bytes
    told it; else text within Unicode is looked at. Raises ReadError for a file without heading or with absurdly many
    columns.
    """
    sample = list(islice(lines, _SAMPLE_ROWS))
    if not sample:
        raise ReadError(f"{name} has no heading: the first line names the columns")
    legacy = known or recognise(cell for cells in sample for cell in cells)
    every = frozenset(range(max(map(len, sample)))) if known else _columns_in(sample, legacy)
    readable = sample
    if legacy is not None:
        readable = [[mended(cell, legacy, nth in every) for nth, cell in enumerate(cells)] for cells in sample]
    index = _heading(readable[:_MOST_LINES_ABOVE], {fold(each) for each in wanted})
    names = _distinct(readable[index])
    if len(names) > MOST_COLUMNS:
        raise ReadError(
            f"{name}: the heading has {len(names):,} columns, and {MOST_COLUMNS:,} are the most that are read; "
            "delete those that do not belong to the addresses"
        )
    first = index + 1
    if first < len(readable) and _numbers_columns(readable[first]):
        first += 1
    notes = []
    if legacy is not None:
        notes.append(f"its text is in {legacy.value} and is converted to Unicode")
    if index:
        notes.append(f"{index} line{'s' * (index > 1)} above the heading {'are' if index > 1 else 'is'} left out")
    return Layout(tuple(names), first, legacy, every, tuple(notes))


def mended(cell: str, legacy: Legacy | None, whole: bool) -> str:
    """A cell in Unicode; in a column that is not wholly in the encoding, only what reads better so is decoded."""
    if legacy is None or not could_be_legacy(cell) or not (whole or reads_better(cell, legacy)):
        return cell
    return decode(cell, legacy)


def _columns_in(sample: Sequence[Cells], legacy: Legacy | None) -> frozenset[int]:
    """The columns in which every text beyond ASCII could be legacy, and most of it reads better so."""
    if legacy is None:
        return frozenset()
    better: dict[int, int] = {}
    for cells in sample:
        for nth, cell in enumerate(cells):
            if not cell.isascii():
                vote = 1 if reads_better(cell, legacy) else -1
                better[nth] = better.get(nth, 0) + (vote if could_be_legacy(cell) else -len(sample))
    return frozenset(nth for nth, votes in better.items() if votes > 0)


def _heading(lines: Sequence[Cells], wanted: set[str]) -> int:
    """The index of the line that names most fields; where none does, of the first that is not a title."""
    scores = [_score(cells, wanted) for cells in lines]
    if (best := max(scores)) > 0:
        return scores.index(best)
    filled = [sum(map(bool, cells)) for cells in lines]
    return next(nth for nth, count in enumerate(filled) if count >= min(2, max(filled)))


def _score(cells: Cells, wanted: set[str]) -> int:
    names = {field_of(cell) or (folded if (folded := fold(cell)) in wanted else None) for cell in cells if cell}
    return len(names - {None})


def _numbers_columns(cells: Cells) -> bool:
    """Whether a line only numbers the columns below their names, as official forms do: (1) (2) (3)."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    numbers = [match.group(1) for cell in filled if (match := _NUMBER.fullmatch(cell))]
    return len(filled) >= _LEAST_NUMBERS and numbers == [str(nth) for nth in range(1, len(filled) + 1)]


def _distinct(heading: Cells) -> list[str]:
    """Column names, trimmed, on one line; an empty or repeated one is told apart by its place."""
    names: list[str] = []
    for place, cell in enumerate(heading, start=1):
        name = " ".join(cell.split()) or f"column {place}"
        names.append(f"{name} ({place})" if name in names else name)
    return names
