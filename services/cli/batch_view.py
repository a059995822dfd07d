"""How a batch is shown on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from schemas.batch import BatchStatus
from schemas.outcome import Outcome

_MEANING = {
    Outcome.DIGITISED: "coded and published",
    Outcome.UNCHANGED: "known already, nothing new",
    Outcome.REVIEW: "a person must decide",
    Outcome.DEAD_LETTER: "refused, its bytes kept in the dead letters",
    Outcome.WITHDRAWN: "withdrawn by the source",
}
_SHOWN_REASONS = 10


def outcome_table(status: BatchStatus) -> Table:
    """The rows by outcome, with their sum."""
    table = Table(box=None, pad_edge=False)
    table.add_column("outcome")
    table.add_column("rows", justify="right")
    table.add_column("")
    for outcome in Outcome:
        table.add_row(outcome.value.replace("_", " "), f"{status.outcomes.get(outcome.value, 0):,}", _MEANING[outcome])
    table.add_section()
    submitted = "not closed yet" if status.submitted is None else f"{status.submitted:,}"
    table.add_row("accounted for", f"{status.accounted:,}", f"of {submitted}")
    return table


def reason_table(status: BatchStatus) -> Table | None:
    """Why rows were refused or went to review, the most frequent reasons first; None if there are none."""
    if not status.reasons:
        return None
    table = Table(box=None, pad_edge=False)
    table.add_column("reason")
    table.add_column("rows", justify="right")
    ordered = sorted(status.reasons.items(), key=lambda item: (-item[1], item[0]))
    for reason, count in ordered[:_SHOWN_REASONS]:
        table.add_row(reason, f"{count:,}")
    if rest := ordered[_SHOWN_REASONS:]:
        table.add_row(f"{len(rest)} other reasons", f"{sum(count for _, count in rest):,}")
    return table


def batches_table(batches: Sequence[BatchStatus]) -> Table:
    """One line a batch."""
    table = Table(box=None, pad_edge=False)
    for heading in ("batch", "opened", "state"):
        table.add_column(heading, no_wrap=True)
    for heading in ("rows", "accounted", "review", "refused"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("source: name", no_wrap=True)
    for each in batches:
        counts = (each.accounted, *(each.outcomes.get(o.value, 0) for o in (Outcome.REVIEW, Outcome.DEAD_LETTER)))
        table.add_row(
            each.batch_id,
            (each.opened_at or "")[:16].replace("T", " "),
            each.state,
            "" if each.submitted is None else f"{each.submitted:,}",
            *(f"{count:,}" for count in counts),
            escape(f"{each.source or '?'}: {each.name or ''}"),
        )
    return table
