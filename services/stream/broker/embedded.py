"""The embedded broker: noida-db, one binary from PyPI, for a machine without Java. For a first look only."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from services.stream.broker.errors import BrokerFailed
from services.stream.broker.launch import Launch, free_port


def prepare_embedded(
    data_dir: Path, port: int | None, environ: Mapping[str, str], say: Callable[[str], None]
) -> Launch:
    """The command of an embedded broker that keeps its data under `data_dir`; raises BrokerFailed."""
    beside_python = str(Path(sys.executable).parent)
    program = shutil.which("noida-db", path=beside_python) or shutil.which("noida-db", path=environ.get("PATH"))
    if program is None:
        raise BrokerFailed("noida-db is not installed")
    data_dir.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    options = [
        "--only",
        "kafka",
        "--host",
        "127.0.0.1",
        "--kafka-port",
        str(port),
        "--data-dir",
        str(data_dir / "data"),
    ]
    return Launch(
        kind="embedded",
        command=[program, "start", *options],
        port=port,
        log_path=data_dir / "broker.log",
        environ=environ,
    )
