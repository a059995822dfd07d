"""docker-compose.yml, the image and Prometheus' settings agree with the code: no engine is needed to see that."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from services.cli.main import app
from services.stream.broker.apache import MESSAGE_MAX_BYTES
from services.stream.settings import Settings, variable

_ROOT = Path(__file__).parents[2]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_SERVICES: dict[str, dict[str, Any]] = _COMPOSE["services"]
_OURS = sorted(name for name, service in _SERVICES.items() if "build" in service)
_LONG_RUNNING = sorted(set(_OURS) - {"gazetteer", "topics"})


def test_the_services_are_all_there() -> None:
    assert set(_SERVICES) == {"kafka", "topics", "normaliser", "registrar", "tracker", "prometheus", "gazetteer"}
    assert _OURS == ["gazetteer", "normaliser", "registrar", "topics", "tracker"]


@pytest.mark.parametrize("name", _OURS)
def test_every_command_exists(name: str) -> None:
    command: Any = get_command(app)
    entrypoint = _SERVICES[name].get("entrypoint", [])
    assert entrypoint[:3] in ([], ["python", "-m", "services.cli"]), "as in the image"
    words = [*entrypoint[3:], *_SERVICES[name]["command"]]
    for word in words:
        assert word in command.commands, f"diachi has no {' '.join(words)}"
        command = command.commands[word]
    assert not hasattr(command, "commands"), "a group is no command"


@pytest.mark.parametrize("name", _OURS)
def test_every_setting_is_known(name: str) -> None:
    assert set(_SERVICES[name]["environment"]) <= {variable(field) for field in Settings.__struct_fields__}


@pytest.mark.parametrize("name", _LONG_RUNNING)
def test_services_come_back_and_tell_when_they_are_ready(name: str) -> None:
    service = _SERVICES[name]
    assert service["restart"] == "always"
    assert f":{service['environment']['DIACHI_HTTP_PORT']}/readyz" in service["healthcheck"]["test"][-1]
    assert service["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_obeys_readyz(status: int, healthy: bool) -> None:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        kind, program, *arguments = _SERVICES["normaliser"]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "python")
        arguments = [argument.replace("8080", str(server.server_port)) for argument in arguments]
        check = subprocess.run([sys.executable, *arguments], capture_output=True, timeout=20, check=False)
    finally:
        server.shutdown()
        server.server_close()
    assert (check.returncode == 0) is healthy


def test_mounted_files_exist_and_volumes_are_declared() -> None:
    for service in _SERVICES.values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("."):
                assert (_ROOT / source).exists(), f"{source} would be made as an empty folder of root's"
            else:
                assert source in _COMPOSE["volumes"]


def test_the_normaliser_reads_the_folder_into_which_the_tool_imports() -> None:
    mounts = {}
    for name in ("normaliser", "gazetteer"):
        folder = _SERVICES[name]["environment"]["DIACHI_IMPORTS_DIR"]
        ((source, mode),) = [
            (found[0], found[2:]) for mount in _SERVICES[name]["volumes"] if (found := mount.split(":"))[1] == folder
        ]
        mounts[name] = source, mode
    assert mounts == {"normaliser": ("./deploy/imports", ["ro"]), "gazetteer": ("./deploy/imports", [])}
    # The folder is there, so that no engine makes it, and what is imported is in no commit and in no image.
    assert (_ROOT / "deploy/imports").is_dir()
    ignored = (_ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/imports/*" in ignored
    assert not [
        line for line in (_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!deploy/imports")
    ]
    # It starts with the others only when it is asked for, and needs none of them.
    assert _SERVICES["gazetteer"]["profiles"] == ["tools"] and not _SERVICES["gazetteer"]["depends_on"]


def test_nothing_is_published_beyond_this_host_and_no_secret_is_kept_here() -> None:
    for service in _SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        for name, value in service.get("environment", {}).items():
            if re.search(r"password|secret|token|jaas", name, re.I):
                assert value == f"${{{name}:-}}", "it comes from the environment of who starts it"


def test_kafka_is_the_one_of_the_local_broker() -> None:
    version = re.search(r"<kafka\.version>(.+?)<", (_ROOT / "deploy/broker/pom.xml").read_text(encoding="utf-8"))
    assert version is not None
    assert _SERVICES["kafka"]["image"] == f"apache/kafka:{version[1]}"
    assert _SERVICES["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"] == str(MESSAGE_MAX_BYTES)


def test_prometheus_scrapes_every_service_where_it_serves() -> None:
    jobs = yaml.safe_load((_ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    targets = set()
    for job in jobs:
        for found in job.get("dns_sd_configs", ()):
            targets |= {f"{name}:{found['port']}" for name in found["names"]}
        for found in job.get("static_configs", ()):
            targets |= set(found["targets"])
    assert targets == {f"{name}:{_SERVICES[name]['environment']['DIACHI_HTTP_PORT']}" for name in _LONG_RUNNING}


def test_the_image_copies_what_exists() -> None:
    dockerfile = (_ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.M)
    assert {"schemas", "gazetteer", "services"} <= set(copied)
    let_through = (_ROOT / ".dockerignore").read_text(encoding="utf-8")
    for source in copied:
        assert (_ROOT / source).exists()
        assert f"!{source}\n" in let_through


def _pins(lock: Path) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.M):
        pins.setdefault(name, set()).add(version)
    return pins


def test_the_image_installs_what_was_tested() -> None:
    image, tested = _pins(_ROOT / "deploy/docker/requirements.lock"), _pins(_ROOT / "requirements.lock")
    differing = {name for name, versions in image.items() if not versions <= tested.get(name, set())}
    assert not differing, "run `make lock`"
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[\[<>=!~; ]", dependency)[0] for dependency in project["dependencies"]}
    assert wanted <= set(image), "run `make lock`"
    assert not {"pytest", "mypy", "noida-db"} & set(image)
