"""The examples beside the schemas, for tests of every kind."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import orjson

ROOT = Path(str(files("schemas"))) / "examples"

_EXPECTED = "expected.json"


class Example(NamedTuple):
    """One example file: the record it is of, its name without suffix, and its bytes."""

    record: str
    name: str
    data: bytes

    @property
    def value(self) -> Any:
        return orjson.loads(self.data)

    def __str__(self) -> str:
        return f"{self.record}-{self.name}"


def valid_examples(record: str = "*") -> list[Example]:
    """The valid examples of a record, or of all."""
    return _read(record, "valid")


def invalid_examples(record: str = "*") -> list[Example]:
    """The invalid examples of a record, or of all; each breaks one rule."""
    return _read(record, "invalid")


def expected_faults(record: str) -> dict[str, dict[str, str]]:
    """File name to JSON pointer and keyword of the rule that an invalid example breaks."""
    faults: dict[str, dict[str, str]] = orjson.loads((ROOT / record / "invalid" / _EXPECTED).read_bytes())
    return faults


def _read(record: str, kind: str) -> list[Example]:
    paths = sorted(ROOT.glob(f"{record}/{kind}/*.json"))
    return [Example(p.parent.parent.name, p.stem, p.read_bytes()) for p in paths if p.name != _EXPECTED]
