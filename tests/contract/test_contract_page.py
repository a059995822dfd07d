"""The page about the contract says what the AsyncAPI document says."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
from typer.testing import CliRunner

import schemas
from schemas.asyncapi import one_file, topics
from schemas.validation import validator
from services.cli.main import app
from services.stream.envelope import event_headers

ROOT = Path(schemas.__file__).parent.parent
PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")


def rows(start: str) -> list[list[str]]:
    """The cells of the table that begins with a header line, without header."""
    _, _, rest = PAGE.partition(start)
    lines = rest.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_topics_is_that_of_the_document() -> None:
    day = 24 * 60 * 60 * 1000
    expected = [
        [
            f"`{spec.name}`",
            spec.key,
            "latest" if spec.compacted else f"{int(spec.config['retention.ms']) // day} days",
            spec.tombstone or "",
        ]
        for spec in topics()
    ]
    assert rows("| topic | key |") == expected


def test_the_table_of_headers_is_that_of_the_code() -> None:
    made = event_headers(
        "t", "/x", event="0" * 36, subject=b"k", time=b"t", trace=b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"
    )
    named = [row[0].strip("`") for row in rows("| header | example |")]
    assert sorted(named) == sorted(name for name, _ in made)


def test_the_example_of_a_record_is_valid() -> None:
    (example,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    assert validator("address.raw.v1").check(orjson.loads(example)) is None


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["topics", "list"])
    assert listed.exit_code == 0, listed.output
    for spec in topics():
        assert f"{spec.name}  " in listed.output
    assert "Personal data: address.raw.v1, address.raw.v1.dlq" in listed.output
    out = tmp_path / "asyncapi.json"
    assert CliRunner().invoke(app, ["topics", "document", "-o", str(out)]).exit_code == 0
    assert orjson.loads(out.read_bytes()) == one_file()
