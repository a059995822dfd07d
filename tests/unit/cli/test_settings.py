"""A setting that cannot be read is said in one line, by the name of its variable."""

from __future__ import annotations

import pytest

from services.cli.main import run


@pytest.mark.parametrize(("variable", "value"), [("DIACHI_HTTP_PORT", "abc"), ("DIACHI_PARTITIONS", "0")])
def test_a_bad_setting_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("sys.argv", ["diachi", "status"])
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"diachi: {variable} in the environment: ")
