"""How dead letters are shown on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.markup import escape
from rich.table import Table

from services.cli.batch_view import REFUSED
from services.stream.dead_letters import Letter
from services.stream.envelope import rfc3339

_MOST_SHOWN = 20_000


def counts_table(counts: Mapping[tuple[str, str], int]) -> Table:
    """Letters by topic and error code, the most frequent first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("error code", no_wrap=True)
    table.add_column("letters", justify="right")
    table.add_column("topic", no_wrap=True)
    table.add_column("")
    meanings = {code.value: text for code, text in REFUSED.items()}
    for (topic, code), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(escape(code), f"{count:,}", topic, meanings.get(code, ""))
    return table


def letters_table(letters: Sequence[Letter]) -> Table:
    """One line a letter."""
    table = Table(box=None, pad_edge=False)
    for heading in ("letter", "put aside (UTC)", "error code", "batch: line", "put back", "what is wrong"):
        table.add_column(heading, no_wrap=heading != "what is wrong")
    for letter in letters:
        table.add_row(
            str(letter.place),
            rfc3339(letter.timestamp).decode()[:16].replace("T", " "),
            escape(letter.code),
            escape(f"{letter.row[0]}: {letter.row[1]}") if letter.row else "",
            f"{letter.replays} times" if letter.replays else "",
            escape(_printable(letter.detail)),
        )
    return table


def as_object(letter: Letter) -> dict[str, Any]:
    """A letter without what it holds."""
    return {
        "name": str(letter.place),
        "topic": letter.place.topic,
        "put_aside_at": rfc3339(letter.timestamp).decode(),
        "stage": letter.stage,
        "error_code": letter.code,
        "error_detail": letter.detail,
        "batch_id": letter.row[0] if letter.row else None,
        "line_no": letter.row[1] if letter.row else None,
        "replays": letter.replays,
        "bytes": len(letter.value or b""),
    }


def whole(letter: Letter) -> str:
    """All of a letter, made safe for a terminal; a value that is JSON is spread over lines."""
    partition, offset = letter.origin
    lines = [
        f"letter    {letter.place}",
        f"why       {letter.code}: {letter.detail}",
        f"from      {letter.stage}, partition {partition}, offset {offset}",
        f"put aside {rfc3339(letter.timestamp).decode()}",
        f"put back  {letter.replays} times",
        f"key       {_text(letter.key)}",
        *(f"header    {name}: {_text(value)}" for name, value in letter.headers),
        "value     " + ("none: a withdrawal" if letter.value is None else f"{len(letter.value):,} bytes"),
    ]
    shown = [_printable(line) for line in lines]
    if letter.value is not None:
        shown.append(_value(letter.value))
    return "\n".join(shown)


def _value(value: bytes) -> str:
    try:
        text = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        text = value[:_MOST_SHOWN].decode(errors="backslashreplace")
    shown = "\n".join(map(_printable, text[:_MOST_SHOWN].split("\n")))
    return shown if len(text) <= _MOST_SHOWN else f"{shown}\n…"


def _text(data: bytes | None) -> str:
    return "none" if data is None else data.decode(errors="backslashreplace")


def _printable(text: str) -> str:
    """Without what would steer a terminal: whoever wrote the record chose it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
