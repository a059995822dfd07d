"""`python -m tests.accuracy.table`: the accuracy of the core on the labelled development sets, as one table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from tests.accuracy.sets import FOLDER, SETS, Measured, measure

_COLUMNS = (
    "set",
    "rows",
    "old right",
    "new right",
    "ACCEPT right",
    "ACCEPT share",
    "CONFIRM",
    "abstained",
    "records/s",
)


def main() -> None:
    """Print the table, and the ids of the wrong ACCEPTs below it."""
    console = Console(width=120)
    if not FOLDER.is_dir():
        console.print(f"No labelled sets: {FOLDER} does not exist.")
        raise SystemExit(1)
    core = AddressCore(Gazetteer.load())
    measured = [measure(core, name) for name in SETS]
    table = Table(*_COLUMNS)
    for one in measured:
        table.add_row(*_row(one))
    console.print(table)
    for one in measured:
        if one.wrong_accepts:
            console.print(f"{one.name}: wrong ACCEPTs: {', '.join(one.wrong_accepts)}")


def _row(one: Measured) -> tuple[str, ...]:
    shares = (one.old_right, one.new_right, one.accept_precision, one.accept_coverage, one.confirm_share, one.abstained)
    return (
        one.name,
        str(one.rows),
        *("–" if share is None else f"{share:.2%}" for share in shares),
        f"{one.records_per_second:,.0f}",
    )


if __name__ == "__main__":
    main()
