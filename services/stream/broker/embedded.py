"""The embedded broker: noida-db, one binary from PyPI, for a machine without Java. For a first look only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from services.process.ports import free_port
from services.stream.broker.errors import BrokerFailed
from services.stream.broker.launch import Launch


def prepare_embedded(
    data_dir: Path, port: int | None, environ: Mapping[str, str], say: Callable[[str], None]
) -> Launch:
    """The command of an embedded broker that keeps its data under `data_dir`; raises BrokerFailed."""
    program = _find_binary()
    data_dir.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    options = ["--only", "kafka", "--host", "127.0.0.1", "--kafka-port", str(port)]
    return Launch(
        kind="embedded",
        command=[str(program), "start", *options, "--data-dir", str(data_dir / "data")],
        port=port,
        log_path=data_dir / "broker.log",
        environ=environ,
    )


def _find_binary() -> Path:
    """The program itself: the package's script would start it as a child that a SIGKILL of the script leaves behind."""
    package = find_spec("noida_db")
    if package is None or not package.submodule_search_locations:
        raise BrokerFailed("the Python package noida-db is not installed (it exists for Linux x86-64 and macOS arm64)")
    program = Path(package.submodule_search_locations[0]) / "noida-db"
    if not program.is_file():
        raise BrokerFailed(f"{program} is missing: reinstall the Python package noida-db")
    try:
        program.chmod(program.stat().st_mode | 0o111)
    except OSError as error:
        raise BrokerFailed(f"{program} cannot be made executable: {error}") from error
    return program
