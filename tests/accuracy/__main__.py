"""`python -m tests.accuracy`: all measures of accuracy, printed, and written to docs/accuracy.md if complete."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from tests.accuracy import peers, report, sets, versus
from tests.accuracy.composed import old_communes
from tests.accuracy.generated import measure_clean, measure_elsewhere, measure_noise, measure_villages
from tests.accuracy.report import Section

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accuracy.md"
_ELSEWHERE = 6_000
_SPANS = "tests.accuracy.spans"


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=__doc__)
    parser.add_argument(
        "--without-peers", action="store_true", help="leave the other packages out, and the page as it is"
    )
    arguments = parser.parse_args()
    console, gazetteer = Console(width=180), Gazetteer.load()
    labelled = sets.FOLDER.is_dir()
    if not labelled:
        console.print("The labelled sets are not part of the project, and ../shared/eval is absent: they are left out.")
    sections = []
    for section in _sections(gazetteer, labelled, not arguments.without_peers):
        report.show(console, section)
        sections.append(section)
    if labelled and not arguments.without_peers:
        PAGE.write_text(report.page(sections, _facts(gazetteer)), encoding="utf-8")
        console.print(f"Written: {PAGE}")
    else:
        console.print(f"Not complete, so {PAGE.name} stays as it was.")


def _sections(gazetteer: Gazetteer, labelled: bool, with_peers: bool) -> Iterator[Section]:
    core = AddressCore(gazetteer)
    if labelled:
        yield report.of_sets([sets.measure(gazetteer, name) for name in sets.SETS])
    if with_peers:
        found, failed = versus.compare(gazetteer)
        yield report.of_peers(found, failed, {package: peers.version(package) for package in peers.PEERS})
    if labelled and importlib.util.find_spec(_SPANS) is not None:
        yield _spans(core)
    yield report.of_noise(measure_noise(gazetteer, len(old_communes(gazetteer))))
    yield report.of_villages(measure_villages(gazetteer))
    yield report.of_clean(measure_clean(core))
    yield report.of_elsewhere(measure_elsewhere(core, _ELSEWHERE))


def _spans(core: AddressCore) -> Section:
    """The parts of an address below the commune, by label."""
    found, _ = importlib.import_module(_SPANS).measure(core)
    shares = [(one, (one.precision, one.recall, one.f1, one.overlap_f1)) for one in found]
    rows = [(one.label, str(one.labelled), *map(report.percent, share)) for one, share in shares]
    header = ("part", "labelled", "precision", "recall", "F1", "F1 by overlap")
    return Section(
        "Parts of the address", header, rows, "Spans labelled by hand (tests/accuracy/spans.py), word for word."
    )


def _facts(gazetteer: Gazetteer) -> str:
    today = datetime.now(UTC).date().isoformat()
    return (
        f"Measured on {today} with Diachi {version('diachi')}, gazetteer {gazetteer.version}, Python "
        f"{platform.python_version()} on {platform.system()} {platform.machine()}. Speed depends on the machine and on "
        "what else it does; compare within one run only."
    )


if __name__ == "__main__":
    main()
