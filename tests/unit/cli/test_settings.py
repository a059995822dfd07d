"""Settings come from the environment; one that cannot be read is said in one line, by the name of its variable."""

from __future__ import annotations

import pytest
from msgspec.structs import fields, replace

from services.cli.main import run
from services.stream.hidden import Secret
from services.stream.settings import Settings, read_settings, variable


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("DIACHI_HTTP_PORT", "abc", "a whole number"),
        ("DIACHI_PARTITIONS", "0", "a whole number from 1 on"),
        ("DIACHI_PARTITIONS", "", "a whole number from 1 on"),
        ("DIACHI_MAX_BATCH_RECORDS", "2001", "a whole number from 1 to 2000"),
        ("DIACHI_BREAKER_SHARE", "nan", "a number above 0, and 1 at the most"),
        ("DIACHI_KAFKA_SASL_MECHANISM", "GSSAPI", "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
    ],
)
def test_a_bad_setting_is_named(
    name: str, value: str, wanted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert _said(monkeypatch, capsys) == [f"diachi: {name} in the environment: must be {wanted}"]


def test_each_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("DIACHI_GATHER_MS", "DIACHI_BREAKER_WINDOW"):
        monkeypatch.setenv(name, "-1")
    assert [line.split()[1] for line in _said(monkeypatch, capsys)] == ["DIACHI_GATHER_MS", "DIACHI_BREAKER_WINDOW"]


def test_every_setting_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {field.name: _OTHER[type(field.default)] for field in fields(Settings)}
    given |= {"kafka_security_protocol": "SSL", "kafka_sasl_mechanism": "PLAIN"}
    for name, value in given.items():
        monkeypatch.setenv(variable(name), value.reveal() if isinstance(value, Secret) else str(value))
    assert read_settings() == Settings(**given)
    assert read_settings(partitions=3) == replace(Settings(**given), partitions=3)


_OTHER = {str: "other", int: 77, float: 0.5, Secret: Secret("other")}


def _said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setattr("sys.argv", ["diachi", "status"])
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 2
    return capsys.readouterr().err.splitlines()
