"""What becomes of a hostile file: rows that the stages answer, or an error that has a name and says what to do."""

from __future__ import annotations

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
from services.intake.workbook import require_modest
from tests.hostile.records import Sent
from tests.hostile.stages import InProcess
from tests.hostile.tables import File

_MOST_ROWS = 200
_PANIC, _OURS = 1, 97


def answer(file: File, folder: Path, stages: InProcess) -> str:
    """Read a file as `diachi submit` does, and give its first rows to the stages; "rows", or the error's name.

    Whatever else is raised is a fault of ours, and goes on.
    """
    data, ending = file
    path = folder / f"file{ending}"
    path.write_bytes(data)
    try:
        table = open_table(path)
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


def unpack(file: File, folder: Path) -> str:
    """Unpack a workbook as the child process of intake does, in a fork: many times as fast as a process from nothing.

    Returns "unpacked", or why not; "damaged" is a panic of the reader, which intake takes for a file that cannot be
    unpacked. An exception of our own is a fault.
    """
    path = folder / f"file{file[1]}"
    path.write_bytes(file[0])
    try:
        require_modest(path)
    except ReadError:
        path.unlink()
        return "refused unread"
    child = os.fork()
    if child == 0:
        _unpack_and_exit(path)
    _, status = os.waitpid(child, 0)
    path.unlink()
    if os.WIFSIGNALED(status):
        return "over its bounds"
    names = {0: "unpacked", workbook_child.CANNOT_READ: "refused", workbook_child.TOO_LARGE: "over its bounds"}
    if os.WEXITSTATUS(status) == _OURS:
        raise AssertionError(f"the child failed: {path.with_suffix('.out').read_text()[-1000:]}")
    return names.get(os.WEXITSTATUS(status), "damaged")


def _unpack_and_exit(path: Path) -> None:
    status = _PANIC
    try:
        sink = os.open(path.with_suffix(".out"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        os.dup2(sink, sys.stdout.fileno())
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        status = workbook_child.main([str(path), ""])
    except Exception:
        path.with_suffix(".out").write_text(traceback.format_exc())
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
