"""The tracker's folder goes with its process, and that of a killed one with the next start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HOLD = """
import sys
from services.tracker.folder import own_folder
with own_folder() as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def hold(where: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has a folder, until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(where)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_folders_of_the_dead_are_removed_and_those_of_the_living_stay(tmp_path: Path) -> None:
    other = tmp_path / "diachi-tracker-notes"
    other.write_text("a file, not a folder")
    dead, left = hold(tmp_path)
    dead.kill()
    dead.communicate(timeout=20)
    assert (left / "file").exists()
    first, one = hold(tmp_path)
    second, two = hold(tmp_path)
    assert not left.exists()
    assert (one / "file").exists() and (two / "file").exists()
    end(first)
    end(second)
    assert list(tmp_path.iterdir()) == [other]
