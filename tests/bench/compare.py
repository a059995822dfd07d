"""Whether two versions publish the same: `python -m tests.bench.compare REVISION [ROWS]`.

Both stages of the working tree and of REVISION run over the same rows in the same order, in one process each. Keys,
values and headers on every topic must be equal, byte by byte. Exit status 1 if they differ.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from tests.bench.records import raw_records

TREE = Path(__file__).parents[2]
STAGES = Path(__file__).with_name("stages.py")
ARTIFACT = Path("gazetteer", "artifact")
ROWS = 100_000


def digest(tree: Path, rows: Path) -> str:
    """What the stages of a tree make of the rows."""
    run = subprocess.run(
        [sys.executable, "-P", str(STAGES), str(rows)],
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout


def checked_out(revision: str, folder: Path) -> Path:
    """The tree of a revision, with the gazetteer of the working tree: that is not what is compared."""
    archive = folder / "tree.tar"
    subprocess.run(["git", "archive", "-o", str(archive), revision], cwd=TREE, check=True)
    tree = folder / "tree"
    shutil.unpack_archive(archive, tree)
    shutil.copytree(TREE / ARTIFACT, tree / ARTIFACT, dirs_exist_ok=True)
    return tree


def main() -> int:
    revision = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        with rows.open("wb") as out:
            for record in raw_records(count):
                out.write(orjson.dumps([record.key.decode(), record.value.decode()]) + b"\n")
        before, after = digest(checked_out(revision, Path(folder)), rows), digest(TREE, rows)
    print(after, end="")
    if before == after:
        print(f"{count:,} rows: the same bytes as {revision}")
        return 0
    print(f"{count:,} rows: not the same as {revision}, which gives")
    print(before, end="")
    return 1


if __name__ == "__main__":
    sys.exit(main())
