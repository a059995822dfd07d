"""`python -m tests.chaos`: a batch flows while faults are injected; prints what was done, seen and found.

The exit status is 0 only if every fault came about and nothing was lost or doubled. The folder with all logs and the
broker's data is kept when something was found, and named.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import tempfile
from pathlib import Path

from services.process.stop import interrupt_on_sigterm
from tests.chaos.broken import BROKEN
from tests.chaos.plan import Plan
from tests.chaos.run import chaos

LONG_ROWS, LONG_ROUNDS = 250_000, 6


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="of rows and schedule; by default another one each time")
    parser.add_argument("--long", action="store_true", help=f"{LONG_ROUNDS} rounds of faults over {LONG_ROWS:,} rows")
    parser.add_argument("--rows", type=int, help="rows at the least")
    parser.add_argument("--rounds", type=int, help="how often each fault comes; 0 for an undisturbed run")
    parser.add_argument("--steps", type=int, help="only so many steps of the schedule")
    parser.add_argument("--broken", choices=BROKEN, default="", help="all workers of a build that is broken on purpose")
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    usual = Plan(seed, LONG_ROWS, LONG_ROUNDS) if options.long else Plan(seed)
    plan = Plan(
        seed,
        usual.rows if options.rows is None else options.rows,
        usual.rounds if options.rounds is None else options.rounds,
        options.steps,
        options.broken,
    )
    interrupt_on_sigterm()
    # That the broker goes away is meant.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="diachi-chaos-"))
    print(f"seed {seed}; logs in {folder}", flush=True)
    bad = True
    try:
        report = chaos(plan, folder)
        bad = bool(report.findings or report.missed)
        print(report)
    finally:
        if bad or options.keep:
            print(f"logs and data are kept in {folder}")
        else:
            shutil.rmtree(folder)
    return int(bad)


if __name__ == "__main__":
    raise SystemExit(main())
