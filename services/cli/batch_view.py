"""How a batch is shown on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from schemas.batch import BatchStatus
from schemas.dead_letter import DeadLetterCode
from schemas.outcome import Outcome
from services.address.faults import Fault

_MEANING = {
    Outcome.DIGITISED: "coded and published",
    Outcome.UNCHANGED: "known already, nothing new",
    Outcome.REVIEW: "a person must decide",
    Outcome.DEAD_LETTER: "refused, its bytes kept in the dead letters",
    Outcome.WITHDRAWN: "withdrawn by the source",
}
# What each error code means.
REFUSED = {
    DeadLetterCode.TOO_LARGE: "The row is too large.",
    DeadLetterCode.NOT_UTF8: "The row is not UTF-8.",
    DeadLetterCode.NOT_JSON: "The row is not JSON.",
    DeadLetterCode.TOO_DEEP: "The row is JSON with too many levels.",
    DeadLetterCode.SCHEMA: "The row breaks the contract, for example by having no address.",
    DeadLetterCode.UNREADABLE_HEADER: "The record has a header that cannot be read.",
    DeadLetterCode.KEY_MISMATCH: "The record's key is not that of its value.",
    DeadLetterCode.DECISION_STALE: "The record changed after the person decided.",
    DeadLetterCode.DECISION_UNKNOWN_RECORD: "The decision is about a record that is not known.",
    DeadLetterCode.DECISION_UNKNOWN_COMMUNE: "The decision names a commune that is not known.",
    DeadLetterCode.REPROCESS_GAZETTEER: "The request to run the record again is for another gazetteer.",
    DeadLetterCode.REPROCESS_FORGOTTEN: "The record's text was not kept, so that it cannot be run again.",
    DeadLetterCode.NOT_REGISTERED: "The address is known, but its registration is a dead letter itself.",
    DeadLetterCode.CODES_EXHAUSTED: "Its area has used all of its provisional codes: send the row with a point.",
    DeadLetterCode.UNEXPECTED: "The service failed on the row; the fault is its own.",
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
    table.add_column("")
    meanings = {fault.value: fault.en for fault in Fault} | {code.value: text for code, text in REFUSED.items()}
    ordered = sorted(status.reasons.items(), key=lambda item: (-item[1], item[0]))
    for reason, count in ordered[:_SHOWN_REASONS]:
        table.add_row(reason, f"{count:,}", meanings.get(reason, ""))
    if rest := ordered[_SHOWN_REASONS:]:
        table.add_row(f"other reasons ({len(rest)})", f"{sum(count for _, count in rest):,}")
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
