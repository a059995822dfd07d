"""What becomes of a hostile file: rows that the stages answer, or an error that has a name and says what to do."""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from services.intake import workbook_child
from services.intake.mapping import MappingError
from services.intake.readers import ReadError, open_table
from services.intake.records import RecordBuilder
from services.intake.workbook import SIGNATURES, Unpack, Workbook, lines_of, unpacked
from tests.hostile.records import Sent
from tests.hostile.stages import InProcess
from tests.hostile.tables import File

_MOST_ROWS = 200
_PANIC, _OURS = 1, 97


def answer(file: File, folder: Path, stages: InProcess, unpack: Unpack = unpacked) -> str:
    """Read a file as `diachi submit` does, and give its first rows to the stages; "rows", or the error's name.

    Whatever else is raised is a fault of ours, and goes on.
    """
    data, ending = file
    path = folder / f"file{ending}"
    path.write_bytes(data)
    try:
        table = Workbook(path, unpack=unpack) if data.startswith(SIGNATURES) else open_table(path)
        builder = RecordBuilder("post", table.columns, {}, None)
        found = table.scan()
    except (ReadError, MappingError) as error:
        return type(error).__name__
    finally:
        path.unlink()
    path.write_bytes(data)
    records = [builder.build(row) for row in islice(table.rows(), _MOST_ROWS)]
    path.unlink()
    assert len(records) == min(found.rows, _MOST_ROWS), "a row was lost between two readings"
    stages.feed(Sent(record.key, record.value) for record in records)
    return "rows" if records else "no rows"


def forked(path: Path, sheet: str) -> mmap.mmap:
    """Unpack a workbook as the child process of intake does, in a fork: many times as fast as a process from nothing.

    A panic of the reader is what intake takes for a file that cannot be unpacked. An exception of our own is a fault.
    """
    with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _unpack_and_exit(path, sheet, spool.fileno(), said.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == _OURS:
            said.seek(0)
            raise AssertionError(f"the child failed: {said.read().decode()[-1000:]}")
        return lines_of(path, status, spool, said)


def _unpack_and_exit(path: Path, sheet: str, spool: int, said: int) -> None:
    status = _PANIC
    try:
        # Panics go to the descriptor itself.
        os.dup2(said, 2)
        sys.stdout, sys.stderr = os.fdopen(spool, "w"), os.fdopen(said, "w")
        status = workbook_child.main([str(path), sheet])
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        os.write(said, traceback.format_exc().encode())
        status = _OURS
    finally:
        os._exit(status)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="diachi-hostile-") as name:
        yield Path(name)


def counted(answers: Counter[str]) -> str:
    """Counts in one line, the most frequent first."""
    return ", ".join(f"{name} {count:,}" for name, count in answers.most_common())
