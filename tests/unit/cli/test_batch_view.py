"""The account of a batch says of each reason what it means."""

from __future__ import annotations

import pytest
from rich.console import Console

from schemas.batch import BatchStatus
from schemas.dead_letter import DeadLetterCode
from services.address.faults import Fault
from services.cli.batch_view import reason_table


def shown(reasons: dict[str, int]) -> list[str]:
    status = BatchStatus("b", "s", None, "complete", submitted=1, accounted=1, reasons=reasons)
    console = Console(width=300)
    with console.capture() as capture:
        console.print(reason_table(status))
    return [line.strip() for line in capture.get().splitlines()[1:]]


@pytest.mark.parametrize("reason", [*Fault, *DeadLetterCode])
def test_every_reason_has_a_meaning(reason: Fault | DeadLetterCode) -> None:
    (line,) = shown({reason.value: 7})
    name, rows, meaning = line.split(maxsplit=2)
    assert (name, rows) == (reason.value, "7")
    assert meaning.endswith(".")


def test_the_rarest_reasons_are_summed_up() -> None:
    lines = shown({f"reason.{number}": 20 - number for number in range(12)})
    assert len(lines) == 11
    assert lines[-1].split() == ["other", "reasons", "(2)", "19"]
