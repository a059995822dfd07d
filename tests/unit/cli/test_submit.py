"""`diachi submit` before anything is sent: what it says of ids that look as if they named people."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from services.process.ports import free_port

PHONES = ("0912 345 678", "0352 345 679", "0972345678", "0852345677")
WARNING = "The record ids look like phone numbers."


@pytest.mark.parametrize(
    ("heading", "ids", "options", "warned"),
    [
        ("Mã", PHONES, (), 1),
        ("Mã", PHONES, ("--quiet",), 1),
        ("Mã", PHONES, ("--map", "id="), 0),
        ("Điện thoại", ("1", "2"), ("--map", "id=Điện thoại"), 1),
        ("Điện thoại", PHONES, (), 0),
        ("Mã", ("TQ-1", "TQ-2", "TQ-3"), (), 0),
    ],
)
def test_ids_that_look_like_phones_are_warned_of_once_and_sent(
    heading: str,
    ids: tuple[str, ...],
    options: tuple[str, ...],
    warned: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"{heading},Địa chỉ\n" + "".join(f"{each},thôn 5\n" for each in ids), encoding="utf-8")
    nowhere = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", nowhere)
    monkeypatch.setenv("DIACHI_TRACKER_URL", f"http://{nowhere}")
    run = CliRunner().invoke(app, ["submit", str(file), "--source", "tq", "--no-wait", *options])
    assert run.output.count(WARNING) == warned
    assert "no broker answers" in run.output, "it goes on"
    assert not any(each in run.output for each in PHONES)
