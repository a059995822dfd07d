"""`python -m tests.soak [PART …]`: what grows, how state comes back, a broker that goes, who waits for whom.

Parts: `repeating` (the same addresses again and again), `new` (addresses that are all new), `restore`, `backlog`,
`fairness`; all of them without an argument. Each runs in a process of its own, so that memory says what it did. The
exit status is 0 only if every part kept to its bounds; what did not is named.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from services.stream.broker import own_broker
from tests.chaos.broker import proxied_broker
from tests.soak import backlog
from tests.soak.fairness import fairness
from tests.soak.memory import grow
from tests.soak.restoring import restoring

PARTS = ("repeating", "new", "restore", "backlog", "fairness")
_RESTORED, _AWAY_SECONDS, _SLOW_SECONDS, _UNREADABLE = 100_000, 30.0, 60.0, 1000


class Shown(Protocol):
    """What a part showed: a line to print, and what of it was beyond its bounds."""

    def faults(self) -> list[str]: ...


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--records", type=int, default=1_000_000, help="of `repeating`, `new` and `backlog`")
    options = parser.parse_args()
    if not set(options.parts) <= set(PARTS):
        parser.error(f"parts are {', '.join(PARTS)}")
    if len(options.parts) == 1:
        return _report(options.parts[0], _measured(options.parts[0], options.records))
    failed = [part for part in options.parts or PARTS if _apart(part, options.records) != 0]
    return int(bool(failed))


def _apart(part: str, records: int) -> int:
    command = [sys.executable, "-m", "tests.soak", part, "--records", str(records)]
    return subprocess.run(command, check=False).returncode


def _report(part: str, shown: Sequence[Shown]) -> int:
    print(*shown, sep="\n", flush=True)
    faults = [fault for each in shown for fault in each.faults()]
    for fault in faults:
        print(f"{part}: {fault}", file=sys.stderr, flush=True)
    return int(bool(faults))


def _measured(part: str, records: int) -> Sequence[Shown]:
    if part in ("repeating", "new"):
        return [grow(part, records)]
    with tempfile.TemporaryDirectory(prefix="diachi-soak-") as folder:
        if part == "backlog":
            (logs := Path(folder) / "logs").mkdir()
            with proxied_broker(Path(folder)) as proxied:
                return [backlog.run(proxied, backlog.PREFIX, logs, records, _AWAY_SECONDS, _SLOW_SECONDS)]
        with own_broker("apache") as broker:
            if part == "restore":
                return restoring(broker.bootstrap_servers, backlog.PREFIX, _RESTORED)
            return [fairness(broker, backlog.PREFIX, Path(folder), _UNREADABLE)]


if __name__ == "__main__":
    raise SystemExit(main())
