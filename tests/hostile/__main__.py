"""`python -m tests.hostile`: seeded hostile inputs by kind, each of which must be answered; prints what they came to.

`--count` inputs in all, and `--records` of them once more through a real Kafka, normaliser and registrar. The same seed
gives the same inputs. Memory is what is resident at the end, and the most that there was: more than its bound ends the
run with status 1, as does an input that is not answered.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from random import Random

from tests.hostile.campaign import Campaign, shares
from tests.hostile.through_kafka import through_kafka


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--count", type=int, default=120_000, help="inputs in all")
    parser.add_argument("--records", type=int, default=40_000, help="records through a real Kafka; 0 for none")
    parser.add_argument("--seed", type=int, help="by default a new one, which is printed")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else Random().randrange(2**32)
    print(f"seed {seed}", flush=True)
    warnings.filterwarnings("ignore", "Duplicate name", UserWarning)
    campaign = Campaign(seed)
    for kind, count in shares(options.count).items():
        print(campaign.run(kind, count), flush=True)
    print(campaign.total(), flush=True)
    faults = campaign.faults()
    if options.records:
        print(outcome := through_kafka(seed, options.records), flush=True)
        faults += outcome.faults()
    for fault in faults:
        print(fault, file=sys.stderr, flush=True)
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
