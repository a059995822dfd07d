"""The compiled address core gives what its sources give."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_COMPILED = list((_ROOT / "services" / "address").glob(f"core*{EXTENSION_SUFFIXES[0]}"))

# Prints from which file the matcher was loaded, and the results on the sample batch, one a line.
_DIGITISE = """
import csv, sys
from importlib import machinery

if sys.argv[1] == "sources":
    loaders = (machinery.SourceFileLoader, [".py"]), (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES)
    sys.path_hooks[:] = [machinery.FileFinder.path_hook(*loaders)]
    sys.path_importer_cache.clear()

from gazetteer.gazetteer import Gazetteer
from schemas.codec import encode
from schemas.raw import Householder, RawAddress
from services.address import matcher
from services.address.core import AddressCore

print(matcher.__file__)
with open("gazetteer/samples/tuyen_quang.csv", encoding="utf-8-sig", newline="") as file:
    rows = [
        RawAddress(
            "test", row["id"], row["address"], row["village"], row["commune"], row["district"], row["province"],
            householder=Householder(row["householder_name"], row["householder_phone"]),
        )
        for row in csv.DictReader(file)
    ]
for result in AddressCore(Gazetteer.load()).digitise(rows):
    print(encode(result).decode())
"""


def _run(mode: str) -> tuple[str, list[str]]:
    command = [sys.executable, "-c", _DIGITISE, mode]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT, timeout=120)
    first, *results = run.stdout.splitlines()
    return first, results


@pytest.mark.skipif(not _COMPILED, reason="the address core is not compiled here: no C compiler, or make pure")
def test_the_compiled_core_gives_what_its_sources_give() -> None:
    compiled_from, compiled = _run("compiled")
    sources_from, sources = _run("sources")
    assert compiled_from.endswith(EXTENSION_SUFFIXES[0])
    assert sources_from.endswith(".py")
    assert len(sources) == 3_000
    assert compiled == sources
