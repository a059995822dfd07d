"""The build step: source tables → check → places → artifact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gazetteer.artifact import ARTIFACT, encode
from gazetteer.assemble import assemble
from gazetteer.check import check
from gazetteer.corrections import corrected
from gazetteer.findings import Finding, GazetteerInvalid, Severity
from gazetteer.gazetteer import Gazetteer
from gazetteer.places import Places
from gazetteer.tables import DATA, read_tables


@dataclass(frozen=True, slots=True)
class Built:
    """What a build made; `warnings` are those of the check."""

    version: str
    path: Path
    size: int
    places: Places
    warnings: tuple[Finding, ...]


def inspect(data: Path = DATA) -> tuple[Finding, ...]:
    """What is wrong with the tables of a folder, errors first. Raises TableError where one cannot be read."""
    tables, findings = corrected(read_tables(data))
    return _sorted([*findings, *check(tables)])


def build(data: Path = DATA, out: Path = ARTIFACT) -> Built:
    """Make the artifact. Raises TableError, or GazetteerInvalid with every error found; nothing is written then."""
    places, findings = _made(data)
    version, content = encode(places)
    out.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and moved, so that a reader never meets half a file.
    aside = out.with_name(out.name + ".part")
    aside.write_bytes(content)
    aside.replace(out)
    return Built(version, out, len(content), places, findings)


def open_gazetteer(path: Path) -> Gazetteer:
    """The gazetteer of an artifact, or of a folder of tables. Raises as `Gazetteer.load` and `build` do."""
    if not path.is_dir():
        return Gazetteer.load(path)
    places, _ = _made(path)
    return Gazetteer(encode(places)[0], places)


def _made(data: Path) -> tuple[Places, tuple[Finding, ...]]:
    """The places of a folder of tables, and the warnings of the check."""
    tables, stale = corrected(read_tables(data))
    findings = _sorted([*stale, *check(tables)])
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise GazetteerInvalid(errors)
    return assemble(tables), findings


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: (one.severity is not Severity.ERROR, one.file, one.line, one.kind)))
