"""`python -m tests.soak [PART …]`: memory over many records, state restore, and a backlog with the broker going away.

Parts: `repeating`, `new` (both stages in one process, a million records), `restore` (of state from a real Kafka), and
`backlog` (a million records through the real services). Each part is a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from services.stream.broker import own_broker
from tests.soak import backlog
from tests.soak.memory import grow, new, repeating
from tests.soak.restoring import restoring

PARTS = ("repeating", "new", "restore", "backlog")
_RESTORED, _AWAY_SECONDS = 100_000, 30.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--records", type=int, default=1_000_000, help="of each part but `restore`")
    options = parser.parse_args()
    if not set(options.parts) <= set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    if len(options.parts) == 1:
        _measure(options.parts[0], options.records)
        return
    for part in options.parts or PARTS:
        subprocess.run([sys.executable, "-m", "tests.soak", part, "--records", str(options.records)], check=True)


def _measure(part: str, records: int) -> None:
    if part in ("repeating", "new"):
        print(grow(part, repeating if part == "repeating" else new, records), flush=True)
        return
    with own_broker("apache") as broker, tempfile.TemporaryDirectory(prefix="diachi-soak-") as logs:
        if part == "restore":
            print(*restoring(broker.bootstrap_servers, backlog.PREFIX, _RESTORED), sep="\n", flush=True)
        else:
            print(backlog.run(broker, backlog.PREFIX, Path(logs), records, _AWAY_SECONDS), flush=True)


if __name__ == "__main__":
    main()
