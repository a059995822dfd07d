"""The fold of batch events: any order, any replay, the same totals."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from schemas.batch import BatchClosed, BatchOpened, BatchTransitions, Transition
from schemas.codec import decode, encode
from schemas.outcome import Outcome
from services.tracker.fold import BatchEvent, BatchTally, fold, status

AT = "2026-01-02T03:04:05.678Z"
OPENED = BatchOpened("b", "tuyen-quang", "2026-01-02T03:04:00.000Z", "batch.csv")
REASONS = {Outcome.REVIEW: "commune.misspelt", Outcome.DEAD_LETTER: "input.schema"}


def transitions(offset: int, *steps: Transition, stage: str = "normaliser", partition: int = 0) -> BatchTransitions:
    return BatchTransitions("b", stage, "topic", partition, offset, steps)  # type: ignore[arg-type]


def step(line: int, outcome: Outcome, previous: Outcome | None = None) -> Transition:
    before = REASONS.get(previous) if previous is not None else None
    return Transition(line, line, previous, outcome, None, REASONS.get(outcome), before)


def fold_all(events: list[BatchEvent]) -> BatchTally:
    tally: BatchTally | None = None
    for event in events:
        # Through JSON and back each time, as the table does.
        tally = decode(BatchTally, encode(fold(tally, event, AT)))
    assert tally is not None
    return tally


@dataclass
class Story:
    """A whole batch: the events of each input in order, and what they must add up to."""

    rows: int
    inputs: list[list[BatchEvent]]
    outcomes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Rows with one to four outcomes each, told by two stages of three partitions in transactions of any size."""
    rows = draw(st.integers(0, 12))
    told: dict[tuple[str, int], list[Transition]] = {}
    story = Story(rows, [[OPENED], [BatchClosed("b", rows, AT)]])
    for line in range(1, rows + 1):
        previous = None
        for outcome in draw(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=4)):
            origin = draw(st.tuples(st.sampled_from(["normaliser", "registrar"]), st.integers(0, 2)))
            told.setdefault(origin, []).append(step(line, outcome, previous))
            previous = outcome
        assert previous is not None
        if (reason := REASONS.get(previous)) is not None:
            story.reasons[reason] = story.reasons.get(reason, 0) + 1
        story.outcomes[previous.value] = story.outcomes.get(previous.value, 0) + 1
    for (stage, partition), steps in told.items():
        events: list[BatchEvent] = []
        offset = 0
        while steps:
            size = draw(st.integers(1, 7))
            offset += draw(st.integers(1, 9))
            events.append(transitions(offset, *steps[:size], stage=stage, partition=partition))
            del steps[:size]
        story.inputs.append(events)
    return story


def interleave(inputs: list[list[BatchEvent]], seed: int, replays: bool) -> list[BatchEvent]:
    """Any order that keeps each input's own; with `replays`, an input may jump back and tell its last events again."""
    chance = random.Random(seed)
    position = [0] * len(inputs)
    told: list[BatchEvent] = []
    while open_inputs := [i for i, events in enumerate(inputs) if position[i] < len(events)]:
        chosen = chance.choice(open_inputs)
        told.append(inputs[chosen][position[chosen]])
        position[chosen] += 1
        if replays and chance.random() < 0.3:
            position[chosen] -= chance.randint(1, position[chosen])
            replays = chance.random() < 0.9
    return told


@given(stories(), st.integers(), st.booleans())
def test_any_order_and_any_replay_give_the_same_totals(story: Story, seed: int, replays: bool) -> None:
    seen = status("b", fold_all(interleave(story.inputs, seed, replays)))
    assert seen.state == "complete"
    assert (seen.submitted, seen.accounted) == (story.rows, story.rows)
    assert seen.outcomes == story.outcomes
    assert sum(seen.outcomes.values()) == story.rows
    assert seen.reasons == story.reasons
    assert (seen.source, seen.name) == ("tuyen-quang", "batch.csv")


@given(stories(), st.integers())
def test_a_batch_is_complete_only_when_closed_and_every_row_is_accounted_for(story: Story, seed: int) -> None:
    events = interleave(story.inputs, seed, replays=False)
    tally: BatchTally | None = None
    lines: set[int] = set()
    closed = False
    for event in events:
        tally = fold(tally, event, AT)
        if isinstance(event, BatchTransitions):
            lines.update(each.line_no for each in event.transitions if each.previous is None)
        closed = closed or isinstance(event, BatchClosed)
        seen = status("b", tally)
        assert seen.accounted == len(lines)
        assert sum(tally.outcomes.values()) == len(lines)
        if seen.state == "complete":
            assert closed
            assert sum(seen.outcomes.values()) == story.rows
        assert (seen.state == "open") is not closed


@given(stories(), st.integers(), st.sampled_from(list(Outcome)))
def test_a_later_transition_moves_a_row_and_never_changes_the_total(story: Story, seed: int, outcome: Outcome) -> None:
    before = fold_all(interleave(story.inputs, seed, replays=False))
    for previous in status("b", before).outcomes:
        after = fold(before, transitions(10_000, step(1, outcome, Outcome(previous)), stage="registrar"), AT)
        assert after.accounted == before.accounted
        assert sum(after.outcomes.values()) == sum(before.outcomes.values())
        if previous != outcome:
            assert after.outcomes.get(previous, 0) == before.outcomes[previous] - 1
            assert after.outcomes[outcome] == before.outcomes.get(outcome, 0) + 1


def test_a_replayed_event_gives_the_very_same_tally() -> None:
    event = transitions(7, step(1, Outcome.REVIEW))
    tally = fold_all([OPENED, event, BatchClosed("b", 1, AT)])
    for again in (event, transitions(6, step(2, Outcome.REVIEW)), OPENED, BatchClosed("b", 1, AT)):
        assert fold(tally, again, AT) is tally


def test_inputs_are_told_apart_by_stage_partition_and_topic_id() -> None:
    event = transitions(7, step(1, Outcome.UNCHANGED))
    tally = fold_all([event])
    other_partition = transitions(7, step(2, Outcome.UNCHANGED), partition=1)
    other_stage = transitions(7, step(3, Outcome.UNCHANGED), stage="registrar")
    other_topic = BatchTransitions("b", "normaliser", "recreated", 0, 7, (step(4, Outcome.UNCHANGED),))
    for nth, each in enumerate((other_partition, other_stage, other_topic), start=2):
        tally = fold(tally, each, AT)
        assert tally.accounted == nth


def test_transitions_before_the_opening_are_kept() -> None:
    seen = status("b", fold_all([transitions(3, step(1, Outcome.DIGITISED))]))
    assert (seen.state, seen.submitted, seen.accounted, seen.source) == ("open", None, 1, None)


def test_an_outcome_left_before_it_was_entered_is_not_shown_and_keeps_the_batch_incomplete() -> None:
    moved = transitions(1, step(1, Outcome.DIGITISED, Outcome.REVIEW), stage="registrar")
    other = transitions(1, step(2, Outcome.UNCHANGED), partition=5)
    early = status("b", fold_all([BatchClosed("b", 1, AT), moved, other]))
    assert early.outcomes == {"digitised": 1, "unchanged": 1}
    assert early.state == "closed"


def test_an_empty_batch_is_complete_when_closed() -> None:
    assert status("b", fold_all([OPENED, BatchClosed("b", 0, AT)])).state == "complete"


def test_updated_at_is_the_latest_time() -> None:
    tally = fold(None, OPENED, "2026-01-02T03:04:05.000Z")
    tally = fold(tally, transitions(1, step(1, Outcome.UNCHANGED)), "2026-01-02T03:04:04.000Z")
    assert tally.updated_at == "2026-01-02T03:04:05.000Z"
