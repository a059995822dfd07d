"""`diachi dlq` without a broker: what it is asked wrongly, and how it shows a letter."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from schemas.dead_letter import DeadLetterCode
from services.cli.dlq_view import as_object, whole
from services.cli.main import app
from services.stream.dead_letters import Letter, read_letter
from services.stream.envelope import BATCH_ID, LINE_NO
from services.stream.topics import RAW_DEAD_LETTERS
from tests.unit.make import Record
from tests.unit.stream.test_dead_letters import refused


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["replay"], "say which letters"),
        (["drop"], "say which letters"),
        (["replay", "raw:1"], "names no dead letter"),
        (["show", "address.raw.v1.dlq:0:1"], "names no dead letter"),
        (["list", "--code", "input.broken"], "no error code; they are input.too_large"),
        (["list", "--since", "yesterday"], "is no time"),
        (["list"], "no broker answers at 127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    result = CliRunner().invoke(app, ["dlq", *arguments])
    assert result.exit_code == 1
    assert says in result.output


def letter(value: bytes | None) -> Letter:
    headers = ((BATCH_ID, b"b1"), (LINE_NO, b"4"), ("x", b"\x1b[2J"))
    found = read_letter(RAW_DEAD_LETTERS, refused(Record(value, headers=headers), DeadLetterCode.SCHEMA))
    assert found is not None
    return found


@pytest.mark.parametrize("value", [b'{"address": "\\u001b[2J"}', b"\x1b[2J\xff", b"", None, b"x" * 900_000])
def test_a_letter_cannot_steer_the_terminal(value: bytes | None) -> None:
    shown = whole(letter(value))
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert "input.schema: /address: too short" in shown
    assert len(shown) < 25_000


def test_what_a_letter_holds_is_not_listed() -> None:
    listed = as_object(letter(b'{"address": "0900 000 000"}'))
    assert "0900" not in str(listed)
    assert (listed["name"], listed["batch_id"], listed["line_no"], listed["bytes"]) == ("raw:3:17", "b1", 4, 27)
