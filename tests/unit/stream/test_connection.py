"""Settings become the arguments of a client; what is wrong with them is said by the name of the variable."""

from __future__ import annotations

import ast
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from services.cli.main import run
from services.stream.connection import Connection, OneWayClose, connection_of
from services.stream.secrets import SettingError
from services.stream.settings import read_settings

SECRET = "hunter2-is-no-secret"
_ROOT = Path(__file__).parents[3]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """ca.pem, client.pem (key and certificate), other.key, password, empty, junk.pem."""
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    other.issue_cert("client.example").private_key_pem.write_to_path(tmp_path / "other.key")
    (tmp_path / "password").write_text(f"{SECRET}\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "junk.pem").write_bytes(SECRET.encode() + b"\xff\xfe")
    return tmp_path


def made(folder: Path, **given: str) -> Connection:
    """Values that begin with @ are files of the folder."""
    settings: dict[str, Any] = {
        f"kafka_{name}": str(folder / value[1:]) if value.startswith("@") else value for name, value in given.items()
    }
    return connection_of(read_settings(**settings))


def test_nothing_set_is_in_the_clear() -> None:
    assert connection_of(read_settings(kafka_bootstrap_servers="a:1,b:2")).client_arguments() == {
        "bootstrap_servers": "a:1,b:2",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


@pytest.mark.parametrize("given", [{"sasl_password": SECRET}, {"sasl_password_file": "@password"}])
def test_a_password_comes_from_the_environment_or_a_file(files: Path, given: dict[str, str]) -> None:
    connection = made(files, security_protocol="SASL_SSL", sasl_username="u", ca_file="@ca.pem", **given)
    arguments = connection.client_arguments()
    assert arguments["sasl_plain_password"] == SECRET
    assert (arguments["sasl_mechanism"], arguments["sasl_plain_username"]) == ("SCRAM-SHA-512", "u")
    assert SECRET not in repr(connection)


def test_tls_always_checks_certificate_and_host(files: Path) -> None:
    context = made(files, security_protocol="SSL", ca_file="@ca.pem", certificate_file="@client.pem").context
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1, "with a file of authorities, those of the system count for nothing"


SASL = {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "u"}
TLS = {"security_protocol": "SSL"}


@pytest.mark.parametrize(
    ("given", "variable", "says"),
    [
        ({"sasl_username": "u"}, "SECURITY_PROTOCOL", "DIACHI_KAFKA_SASL_USERNAME is"),
        ({"ca_file": "@ca.pem"}, "SECURITY_PROTOCOL", "DIACHI_KAFKA_CA_FILE is"),
        ({"security_protocol": "SASL_PLAINTEXT", "sasl_password": SECRET}, "SASL_USERNAME", "needs it"),
        (SASL, "SASL_PASSWORD", "DIACHI_KAFKA_SASL_PASSWORD_FILE"),
        ({**SASL, "sasl_password": SECRET, "sasl_password_file": "@password"}, "SASL_PASSWORD", "one of them only"),
        ({**SASL, "sasl_password_file": "@nowhere"}, "SASL_PASSWORD_FILE", "nowhere cannot be read: No such file"),
        ({**SASL, "sasl_password_file": "@"}, "SASL_PASSWORD_FILE", "cannot be read: Is a directory"),
        ({**SASL, "sasl_password_file": "@empty"}, "SASL_PASSWORD_FILE", "is empty"),
        ({**SASL, "sasl_password_file": "@junk.pem"}, "SASL_PASSWORD_FILE", "is not UTF-8"),
        ({**TLS, "ca_file": "@nowhere"}, "CA_FILE", "nowhere cannot be read: No such file"),
        ({**TLS, "ca_file": "@password"}, "CA_FILE", "password holds no certificate"),
        ({**TLS, "ca_file": "@empty"}, "CA_FILE", "empty holds no certificate"),
        ({**TLS, "certificate_file": "@nowhere"}, "CERTIFICATE_FILE", "nowhere cannot be read"),
        ({**TLS, "certificate_file": "@client.pem", "key_file": "@nowhere"}, "KEY_FILE", "nowhere cannot be read"),
        ({**TLS, "certificate_file": "@client.pem", "key_file": "@other.key"}, "KEY_FILE", "not that of the certif"),
        ({**TLS, "certificate_file": "@ca.pem"}, "CERTIFICATE_FILE", "no usable certificate and key"),
        ({**TLS, "certificate_file": "@junk.pem"}, "CERTIFICATE_FILE", "no usable certificate and key"),
        ({**TLS, "key_file": "@other.key"}, "KEY_FILE", "DIACHI_KAFKA_CERTIFICATE_FILE is not"),
    ],
)
def test_each_mistake_names_its_variable(files: Path, given: dict[str, str], variable: str, says: str) -> None:
    with pytest.raises(SettingError) as mistaken:
        made(files, **given)
    text = str(mistaken.value)
    assert text.startswith(f"DIACHI_KAFKA_{variable}: ")
    assert says in text
    assert SECRET not in text


def test_an_encrypted_key_opens_with_its_password_only(files: Path) -> None:
    from cryptography.hazmat.primitives import serialization as form

    key = form.load_pem_private_key((files / "client.pem").read_bytes(), None)
    locked = form.BestAvailableEncryption(SECRET.encode())
    (files / "locked.key").write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, locked))
    given = {**TLS, "certificate_file": "@client.pem", "key_file": "@locked.key"}
    assert made(files, **given, key_password_file="@password").context is not None
    for wrong in ({}, {"key_password": "wrong"}):
        with pytest.raises(SettingError, match="DIACHI_KAFKA_KEY_PASSWORD"):
            made(files, **given, **wrong)


@pytest.mark.parametrize("command", ["normaliser", "registrar", "tracker", "topics create", "topics acls --apply"])
def test_a_command_ends_with_status_2_and_one_line(
    command: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIACHI_KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("DIACHI_KAFKA_SASL_PASSWORD", SECRET)
    monkeypatch.setenv("DIACHI_KAFKA_CA_FILE", str(files / "nowhere"))
    monkeypatch.setattr("sys.argv", ["diachi", *command.split()])
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert (
        said.splitlines()[-1]
        == f"diachi: DIACHI_KAFKA_CA_FILE: {files / 'nowhere'} cannot be read: No such file or directory"
    )
    assert SECRET not in said


def test_no_mistake_in_another_setting_shows_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIACHI_KAFKA_SASL_PASSWORD", SECRET)
    monkeypatch.setenv("DIACHI_KAFKA_SASL_MECHANISM", SECRET)  # pasted into the wrong line
    with pytest.raises(ValueError, match=r"(?i)kafka_sasl_mechanism") as mistaken:
        read_settings()
    assert SECRET not in str(mistaken.value)
    monkeypatch.delenv("DIACHI_KAFKA_SASL_MECHANISM")
    assert SECRET not in repr(read_settings()) + str(read_settings())


def test_a_close_does_not_wait_for_the_other_side(files: Path) -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("broker.example").configure_cert(server)
    authority.configure_trust(client)
    client.sslobject_class = OneWayClose
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname="broker.example")
    theirs = server.wrap_bio(up, down, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    ours.unwrap()
    assert theirs.read(10) == b"", "the other side has heard the end"


def test_every_client_takes_its_arguments_from_the_connection() -> None:
    """A client that is given an address only would speak in the clear."""
    found = 0
    for path in (_ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id.startswith("AIOKafka") and node.func.id.endswith(("Consumer", "Producer", "Client")):
                spread = [ast.unparse(keyword.value) for keyword in node.keywords if keyword.arg is None]
                assert any(text.endswith("connection.client_arguments()") for text in spread), f"{path}:{node.lineno}"
                found += 1
    assert found >= 10
