"""Excel and OpenDocument sheets (.xlsx, .xlsm, .xlsb, .xls, .ods), unpacked by a process with bounded memory."""

from __future__ import annotations

import mmap
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import orjson

from services.intake.heading import lay_out
from services.intake.table import MOST_COLUMNS, ReadError, Row, Scan
from services.intake.workbook_child import CANNOT_READ, MOST_MEMORY_BYTES, MOST_SECONDS, TOO_LARGE, Head

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

# A sheet of a million rows unpacks to about 1 GiB.
_MOST_UNPACKED_BYTES = 2 * 1024**3
_MOST_PARTS = 10_000
_WAIT_SECONDS = MOST_SECONDS + 60

# A workbook and the name of a sheet, "" for the first, to the lines that the child writes.
Unpack = Callable[[Path, str], mmap.mmap]


class Workbook:
    """One sheet as a table. Its rows lie in a temporary file without a name until the table is dropped."""

    columns: tuple[str, ...] | None
    notes: tuple[str, ...]

    def __init__(
        self, path: Path, sheet: str | None = None, wanted: Collection[str] = (), *, unpack: Unpack | None = None
    ) -> None:
        """`sheet` is its name, the first one if None; `unpack` does what the child process does. Raises ReadError,
        OSError."""
        self._path = path
        require_modest(path)
        self._spool = (unpack or unpacked)(path, sheet or "")
        self._head = Head(*orjson.loads(next(self._lines(0))))
        if self._head.width > MOST_COLUMNS:
            raise ReadError(
                f'{path.name}, sheet "{self._head.sheet}" has {self._head.width:,} columns, and {MOST_COLUMNS:,} are '
                "the most that are read; delete those that do not belong to the addresses"
            )
        if self._head.width == 0:
            others = ", ".join(f'"{name}"' for name in self._head.others)
            raise ReadError(
                f'{path.name}, sheet "{self._head.sheet}" is empty'
                + (f"; --sheet names another: {others}" if others else "")
            )
        self._layout = lay_out(f'{path.name}, sheet "{self._head.sheet}"', self._texts(), wanted)
        self.columns = self._layout.names
        self.notes = (*self._sheet_notes(), *self._layout.notes)

    def rows(self) -> Iterator[Row]:
        """The rows below the heading."""
        names = self._layout.names
        repeated = (line[2] for line in islice(self._parsed(), self._layout.first, None))
        for row, indexes in zip(self._layout.rows(self._texts()), repeated, strict=True):
            yield row if not indexes else _with_repeated(row, frozenset(names[nth] for nth in indexes))

    def scan(self) -> Scan:
        """Read the sheet to its end."""
        return self._layout.scan(self._texts())

    def _sheet_notes(self) -> Iterator[str]:
        head = self._head
        if head.others:
            others = ", ".join(f'"{name}"' for name in head.others)
            yield f'sheet "{head.sheet}" is read; --sheet names another: {others}'
        if head.merged:
            yield f"{head.merged:,} merged cells are read as if each of their rows held the same"

    def _texts(self) -> Iterator[list[str]]:
        """All lines that hold anything, each as wide as the sheet."""
        width = self._head.width
        for _, cells, _ in self._parsed():
            yield cells + [""] * (width - len(cells))

    def _parsed(self) -> Iterator[tuple[int, list[str], list[int]]]:
        for line in islice(self._lines(0), 1, None):
            number, cells, repeated = orjson.loads(line)
            yield number, cells, repeated

    def _lines(self, start: int) -> Iterator[bytes]:
        while (end := self._spool.find(b"\n", start)) >= 0:
            yield self._spool[start:end]
            start = end + 1


def _with_repeated(row: Row, repeated: frozenset[str]) -> Row:
    return Row(row.number, row.values, row.surplus, row.line, repeated)


def require_modest(path: Path) -> None:
    """Refuse an archive that says itself that it unpacks to too much. Raises ReadError."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, RuntimeError, ValueError, EOFError):
        return  # .xls is none; a damaged one is named by what reads it
    unpacked = sum(part.file_size for part in parts)
    if unpacked > _MOST_UNPACKED_BYTES or len(parts) > _MOST_PARTS:
        raise ReadError(
            f"{path.name} unpacks to {unpacked / 1024**3:,.1f} GiB in {len(parts):,} parts, far more than a sheet of "
            "addresses needs: save it as CSV (UTF-8), or in smaller files"
        )


def unpacked(path: Path, sheet: str) -> mmap.mmap:
    """The lines that the child wrote. Raises ReadError."""
    # -P: a folder named like a package of this project must not come before it.
    command = [sys.executable, "-P", "-m", "services.intake.workbook_child", str(path), sheet]
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as said:
        try:
            status = subprocess.run(command, stdout=spool, stderr=said, timeout=_WAIT_SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            status = None
        return lines_of(path, status, spool, said)


def lines_of(path: Path, status: int | None, spool: IO[bytes], said: IO[bytes]) -> mmap.mmap:
    """What a child that ended with `status`, None if it took too long, left behind. Raises ReadError."""
    if status == CANNOT_READ:
        said.seek(0)
        raise ReadError(f"{path.name}: {said.read().decode(errors='replace')}")
    if status is None or status < 0 or status == TOO_LARGE:
        raise ReadError(
            f"{path.name} needs more than {MOST_MEMORY_BYTES // 1024**3} GiB of memory or {MOST_SECONDS} s to "
            "unpack: its cells reach too far, or it is no honest workbook. Delete what lies outside the table, or "
            "save it as CSV (UTF-8)"
        )
    if status != 0:
        raise ReadError(f"{path.name} cannot be unpacked: open it and save it as .xlsx")
    spool.seek(0)
    return mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)
