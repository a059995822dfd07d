"""What was measured, as text for the terminal, as docs/performance.md and as a plot."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas.codec import decode, encode
from tests.bench.core import CoreMeasured
from tests.bench.hard_texts import HardTexts
from tests.bench.latency import Latency
from tests.bench.peers import Compared
from tests.bench.plot import Bar, Panel, svg
from tests.bench.through_kafka import Measured

TREE = Path(__file__).parents[2]
PAGE = TREE / "docs" / "performance.md"
PLOT = TREE / "docs" / "performance.svg"
_PEERS = """\
Which commune of today an address speaks of, on rows of the province that show no fault on purpose and without their
points; the rows are composed from Diachi's own gazetteer, which favours Diachi. The core does all the rest of its work
too (components, village, faults, code). The search with rapidfuzz is asked about a sample of the rows."""
_INTRO = Path(__file__).with_name("performance_intro.md")


@dataclass(slots=True)
class Results:
    """The last measurement of each part; the parts may come from several runs."""

    where: str = ""
    bare: Measured | None = None
    pipeline: list[Measured] = field(default_factory=list)
    core: list[CoreMeasured] = field(default_factory=list)
    hard_texts: HardTexts | None = None
    peers: list[Compared] = field(default_factory=list)
    latency: Latency | None = None
    growth: list[Measured] = field(default_factory=list)


def read_results(file: Path) -> Results:
    """What `write_results` kept, or nothing yet."""
    return decode(Results, file.read_bytes()) if file.exists() else Results()


def write_results(file: Path, results: Results) -> None:
    """Keep the results for later runs of other parts."""
    results.where = _machine()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(encode(results))


def _machine() -> str:
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=TREE, capture_output=True, text=True, check=False
    ).stdout.strip()
    day = datetime.now(UTC).date().isoformat()
    return f"{day}, revision {revision}, {os.cpu_count()} CPUs, {platform.system()}, Python {platform.python_version()}"


def table_of_runs(runs: list[Measured], limit: Measured | None) -> list[str]:
    """One line a run, as a Markdown table."""
    lines = [
        "| run | records | seconds | records/s | times bare Kafka | CPU seconds | µs of CPU a record |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for run in runs:
        ratio = f"{run.seconds / limit.seconds:.2f}" if limit and limit.records == run.records else ""
        each = run.cpu_seconds / run.records * 1e6
        lines.append(
            f"| {run.name} | {run.records:,} | {run.seconds:.1f} | {run.rate:,.0f} | {ratio} | {run.cpu_seconds:.1f} "
            f"| {each:.0f} |"
        )
    return lines


def table_of_processes(runs: list[Measured]) -> list[str]:
    """One line a process of each run."""
    lines = ["| run | process | CPU seconds | MiB at most | transactions |", "|---|---|---:|---:|---:|"]
    for run in runs:
        for name, used in run.usage.items():
            count = run.transactions.get(name)
            transactions = "" if count is None else f"{count:.0f}"
            lines.append(f"| {run.name} | {name} | {used.cpu_seconds:.1f} | {used.peak_mib:.0f} | {transactions} |")
    return lines


def table_of_core(measured: list[CoreMeasured]) -> list[str]:
    """Records a second of each core, with caches empty and warm."""
    lines = ["| processes | rows of each | cold, records/s of a core | warm |", "|---:|---:|---:|---:|"]
    for one in measured:
        cold, warm = one.rows / one.cold_seconds, one.rows / one.warm_seconds
        lines.append(f"| {one.processes} | {one.rows:,} | {cold:,.0f} | {warm:,.0f} |")
    return lines


def line_of_hard_texts(measured: HardTexts) -> str:
    """What texts cost that no cache helps with."""
    rate = measured.rows / measured.seconds
    return (
        f"Hard noise over the whole country ({measured.rows:,} texts, each another commune; tests/accuracy/noise.py), "
        f"with empty caches: {rate:,.0f} records/s of a core. Of the texts of 10 kB that no person writes "
        f"(tests/unit/address/pathological.py), the costliest ({measured.slowest}) took {measured.slowest_ms:.2f} ms "
        "of CPU. In batches of 1,000; `python -m tests.bench core` measures all of this part."
    )


def table_of_peers(compared: list[Compared]) -> list[str]:
    """How fast, and how often right, each is about the commune of the same rows."""
    lines = ["| | rows | records/s of a core | communes right | left to a person |", "|---|---:|---:|---:|---:|"]
    for one in compared:
        asks = "" if one.asks is None else f"{one.asks / one.rows:.1%}"
        lines.append(f"| {one.name} | {one.rows:,} | {one.per_second:,.0f} | {one.right / one.rows:.1%} | {asks} |")
    return lines


def table_of_growth(runs: list[Measured]) -> list[str]:
    """How time, CPU, memory and restoring grow with the records."""
    lines = [
        "| records | records/s | µs of CPU a record | normaliser MiB | registrar MiB | changelog records restored/s |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for run in runs:
        each = run.cpu_seconds / run.records * 1e6
        memory = [max(u.peak_mib for n, u in run.usage.items() if n.startswith(s)) for s in ("normaliser", "registrar")]
        restored = run.restored.records / run.restored.cpu_seconds if run.restored else 0.0
        lines.append(
            f"| {run.records:,} | {run.rate:,.0f} | {each:.0f} | {memory[0]:.0f} | {memory[1]:.0f} | {restored:,.0f} |"
        )
    return lines


def line_of_latency(latency: Latency) -> str:
    """The two figures of single records."""
    return (
        f"{latency.records:,} single records, {latency.rate:.0f} a second, from the raw to the national topic: "
        f"p50 {latency.p50_ms:.0f} ms, p99 {latency.p99_ms:.0f} ms."
    )


def page(results: Results) -> str:
    """The page, in Markdown."""
    runs = [run for run in (results.bare, *results.pipeline) if run is not None]
    parts = [
        _INTRO.read_text(encoding="utf-8"),
        f"Measured: {results.where}.",
        "![Plot of the figures below](performance.svg)",
    ]
    if runs:
        parts += ["## A province", "\n".join(table_of_runs(runs, results.bare)), "\n".join(table_of_processes(runs))]
    if results.core:
        parts += ["## The address core alone", "\n".join(table_of_core(results.core))]
    if results.hard_texts:
        parts += [line_of_hard_texts(results.hard_texts)]
    if results.peers:
        parts += ["## The same work by others", _PEERS, "\n".join(table_of_peers(results.peers))]
    if results.latency:
        parts += ["## Single records", line_of_latency(results.latency)]
    if results.growth:
        parts += ["## Growth", "\n".join(table_of_growth(results.growth))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def plot(results: Results) -> str:
    """The same as bars, in SVG."""
    runs = [run for run in (results.bare, *results.pipeline) if run is not None]
    panels = [
        Panel("A province: records/s", [Bar(run.name, run.rate) for run in runs]),
        Panel("A province: CPU seconds", [Bar(run.name, run.cpu_seconds) for run in runs]),
    ]
    if results.core:
        cold = [
            Bar("1 process" if one.processes == 1 else f"{one.processes} processes", one.rows / one.cold_seconds)
            for one in results.core
        ]
        panels.append(Panel("The core alone: records/s of a core, cold", cold))
    if results.peers:
        bars = [Bar(one.name, one.per_second) for one in results.peers]
        panels.append(Panel("Communes found by others: records/s of a core", bars))
    if results.latency:
        bars = [Bar("half of the records", results.latency.p50_ms), Bar("99 of a hundred", results.latency.p99_ms)]
        panels.append(Panel("A single record: milliseconds, raw to national", bars))
    if results.growth:
        bars = [Bar(f"{run.records:,}", run.cpu_seconds / run.records * 1e6) for run in results.growth]
        panels.append(Panel("Growth: µs of CPU a record", bars))
    return svg(panels)


def write_report(results: Results) -> None:
    """Renew page and plot."""
    PAGE.write_text(page(results), encoding="utf-8")
    PLOT.write_text(plot(results), encoding="utf-8")
