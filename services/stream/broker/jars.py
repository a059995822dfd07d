"""The jars of Apache Kafka, resolved once by Maven into the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from services.stream.broker.errors import BrokerFailed

POM = Path(__file__).parents[3] / "deploy" / "broker" / "pom.xml"
MINIMUM_JAVA = 17
_MAVEN_TIMEOUT_SECONDS = 900


def find_java(environ: Mapping[str, str]) -> Path:
    """The `java` of JAVA_HOME, else of PATH; raises BrokerFailed when there is none that is new enough."""
    home = environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    found = found or shutil.which("java", path=environ.get("PATH"))
    if found is None:
        raise BrokerFailed("no java on PATH or in JAVA_HOME")
    try:
        run = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokerFailed(f"{found} does not run: {error}") from error
    version = re.search(r'version "(\d+)', run.stderr + run.stdout)
    if version is None:
        raise BrokerFailed(f"{found} does not tell its version", run.stderr)
    if int(version[1]) < MINIMUM_JAVA:
        raise BrokerFailed(f"{found} is Java {version[1]}; Apache Kafka needs {MINIMUM_JAVA} or newer")
    return Path(found)


def jar_folder(environ: Mapping[str, str], pom: Path = POM) -> Path:
    """Where the jars of this very pom belong: a new pom gets a new folder."""
    cache = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "diachi" / f"kafka-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"


def resolve_jars(environ: Mapping[str, str], say: Callable[[str], None], pom: Path = POM) -> Path:
    """The folder with the jars, filled by Maven when it is not there yet; raises BrokerFailed."""
    if not pom.is_file():
        raise BrokerFailed(f"{pom} is missing: Apache Kafka can only be resolved from a checkout")
    folder = jar_folder(environ, pom)
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn", path=environ.get("PATH"))
    if maven is None:
        raise BrokerFailed(f"no mvn on PATH, and {folder} does not hold the jars from an earlier run")
    say("Resolving Apache Kafka with Maven (once; about 60 MB)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".resolving-") as scratch:
        _copy_dependencies(maven, pom, Path(scratch, "jars"), environ)
        try:
            # Renamed only when whole, so that a folder that exists is complete.
            os.rename(Path(scratch, "jars"), folder)  # noqa: PTH104 - Path.rename says nothing clearer
        except OSError:
            if not folder.is_dir():  # else another process was faster, with the same jars
                raise
    return folder


def _copy_dependencies(maven: str, pom: Path, target: Path, environ: Mapping[str, str]) -> None:
    command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={target}"]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, env=dict(environ), timeout=_MAVEN_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BrokerFailed(f"Maven did not finish in {_MAVEN_TIMEOUT_SECONDS} s") from error
    if run.returncode != 0 or not any(target.glob("kafka_2.13-*.jar")):
        tail = "\n".join((run.stdout + run.stderr).splitlines()[-20:])
        raise BrokerFailed(f"Maven ended with status {run.returncode}", tail)
