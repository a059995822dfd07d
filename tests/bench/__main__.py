"""`python -m tests.bench [PART …]`: measures, prints, and with `--write` renews docs/performance.md and its plot.

What is not measured stands there as the last run with `--write` left it.

Parts: `bare` (Kafka alone), `pipeline` (with one and two workers a stage), `core`, `peers` (other packages, fetched
into an environment of their own), `latency`, `growth`; all of them without an argument. Figures depend on the machine
and on what else it does: compare within one run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench.core import core_alone
from tests.bench.hard_texts import hard_texts
from tests.bench.latency import single_records
from tests.bench.peers import compared
from tests.bench.province import PROVINCE_ROWS
from tests.bench.report import page, read_results, write_report, write_results
from tests.bench.through_kafka import bare, pipeline

PARTS = ("bare", "pipeline", "core", "peers", "latency", "growth")
HARD_TEXTS = 10_035
PEER_ROWS = 20_000
GROWTH = (10_000, 100_000, 1_000_000)
LATENCY_RECORDS, LATENCY_RATE = 3000, 100.0
RESULTS = Path(__file__).parents[2] / "build" / "bench.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", default=PARTS, help=", ".join(PARTS))
    parser.add_argument("--rows", type=int, default=PROVINCE_ROWS, help="rows of `bare`, `pipeline` and `core`")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="workers a stage")
    parser.add_argument("--growth", type=int, nargs="*", default=list(GROWTH), help="rows of each step of `growth`")
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md and its plot")
    options = parser.parse_args()
    if not set(options.parts) <= set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    results = read_results(RESULTS)
    if "bare" in options.parts:
        results.bare = bare(options.rows)
    if "pipeline" in options.parts:
        results.pipeline = [pipeline(options.rows, workers) for workers in options.workers]
    if "core" in options.parts:
        results.core = [core_alone(options.rows, processes) for processes in (1, 2)]
        results.hard_texts = hard_texts(HARD_TEXTS)
    if "peers" in options.parts:
        results.peers = compared(PEER_ROWS)
    if "latency" in options.parts:
        results.latency = single_records(LATENCY_RECORDS, LATENCY_RATE)
    if "growth" in options.parts:
        results.growth = [pipeline(rows, recount=False) for rows in options.growth]
    print(page(results))
    if options.write:
        write_results(RESULTS, results)
        write_report(results)


if __name__ == "__main__":
    main()
