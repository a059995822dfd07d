"""`python -m tests.bench [--rows N]`: measures and prints. Figures depend on the machine; compare within one run."""

from __future__ import annotations

import argparse

from tests.bench.province import PROVINCE_ROWS
from tests.bench.through_kafka import Measured, bare, pipeline


def show(measured: Measured, limit: Measured | None = None) -> None:
    ratio = f", {measured.seconds / limit.seconds:.2f} times {limit.name}" if limit else ""
    print(
        f"{measured.name}: {measured.records:,} records in {measured.seconds:.1f} s, {measured.rate:,.0f}/s{ratio}, "
        f"{measured.cpu_seconds:.1f} CPU s"
    )
    for name, used in measured.usage.items():
        count = measured.transactions.get(name)
        transactions = f", {count:.0f} transactions" if count else ""
        print(f"  {name:<14}{used.cpu_seconds:6.1f} CPU s, {used.peak_mib:5.0f} MiB at most{transactions}")
    print("  " + ", ".join(f"{topic} {count:,}" for topic, count in measured.published.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=PROVINCE_ROWS)
    parser.add_argument("--only", choices=["bare", "pipeline"])
    options = parser.parse_args()
    limit = bare(options.rows) if options.only != "pipeline" else None
    if limit:
        show(limit)
    if options.only != "bare":
        show(pipeline(options.rows), limit)


if __name__ == "__main__":
    main()
