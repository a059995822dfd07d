"""A record that is put back from the dead letters: its row is counted once, and it overwrites nothing newer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.batch import BatchTransitions, Transition
from schemas.dead_letter import DeadLetterCode
from schemas.matched import MatchedAction, MatchedAddress
from schemas.outcome import Outcome
from services.stream.envelope import BATCH_ID, LINE_NO
from services.stream.outputs import Outputs
from services.stream.replay import Replay, replay_of, without_replay
from services.tracker.fold import BatchTally, fold, status
from tests.unit.make import Record
from tests.unit.normaliser.test_stage import Desk, decision, matched, steps, submission, withdrawal

UNEXPECTED = DeadLetterCode.UNEXPECTED


def put_back(record: Record, origin: int, reason: DeadLetterCode = UNEXPECTED, count: int = 1) -> Record:
    return replace(record, headers=(*record.headers, *Replay(count, 0, origin, reason).headers()))


def why(out: Outputs) -> list[tuple[str | None, str | None]]:
    return [(step.previous_reason, step.reason) for step in out.transitions.get("b1", [])]


def test_its_row_goes_from_dead_letter_to_review() -> None:
    out = Desk().give(put_back(submission("doubtful"), 0))
    assert steps(out) == [(1, Outcome.DEAD_LETTER, Outcome.REVIEW)]
    assert why(out) == [("internal.unexpected", "point.outside_commune")]


def test_its_row_goes_from_dead_letter_to_what_the_registrar_says() -> None:
    (event,) = matched(Desk().give(put_back(submission("good"), 0)))
    assert (event.previous_outcome, event.previous_reason) == (Outcome.DEAD_LETTER, "internal.unexpected")
    desk = Desk()
    desk.give(submission("good"))
    left, joined = matched(desk.give(put_back(submission("elsewhere", 2), 5)))
    assert (left.previous_outcome, joined.previous_outcome) == (None, Outcome.DEAD_LETTER)


def test_if_it_fails_again_its_row_is_still_one_dead_letter() -> None:
    broken = Record(b"{}", headers=((BATCH_ID, b"b1"), (LINE_NO, b"3")))
    out = Desk().give(put_back(broken, 0, UNEXPECTED))
    assert steps(out) == [(3, Outcome.DEAD_LETTER, Outcome.DEAD_LETTER)]
    assert why(out) == [("internal.unexpected", "input.schema")]


def test_what_was_sent_again_meanwhile_makes_it_unchanged() -> None:
    desk = Desk()
    desk.give(submission("poison", 1))
    desk.core.batches.clear()
    desk.give(submission("good", 2))
    out = desk.give(put_back(submission("good", 1), 0))
    (event,) = matched(out)
    assert (event.action, event.previous_outcome) == (MatchedAction.CONFIRM, Outcome.DEAD_LETTER)
    desk.give(submission("doubtful", 3))
    assert steps(desk.give(put_back(submission("doubtful", 1), 0))) == [(1, Outcome.DEAD_LETTER, Outcome.UNCHANGED)]


@pytest.mark.parametrize("old", [submission("better", 1), withdrawal(1)])
def test_it_does_not_overwrite_what_the_source_sent_after_it(old: Record) -> None:
    desk = Desk()
    desk.give(submission("poison", 1), submission("good", 2))
    before = desk.state()
    out = desk.give(put_back(old, 0))
    assert out.records == []
    assert steps(out) == [(1, Outcome.DEAD_LETTER, Outcome.UNCHANGED)]
    assert desk.state() == before


def test_it_corrects_what_the_source_sent_before_it() -> None:
    desk = Desk()
    desk.give(submission("good", 1), submission("poison", 2))
    (event,) = matched(desk.give(put_back(submission("better", 2), 1)))
    assert (event.action, event.line_no, event.previous_outcome) == (MatchedAction.REGISTER, 2, Outcome.DEAD_LETTER)


@pytest.mark.parametrize("known", [True, False])
def test_it_does_not_bring_a_withdrawn_record_back(known: bool) -> None:
    desk = Desk()
    if known:
        desk.give(submission("good", 1))
    origin = desk.offset
    desk.give(submission("poison", 2), withdrawal(3))
    out = desk.give(put_back(submission("better", 2), origin))
    assert matched(out) == []
    assert steps(out) == [(2, Outcome.DEAD_LETTER, Outcome.UNCHANGED)]
    state = desk.state()
    assert state is not None and state.outcome is Outcome.WITHDRAWN


def test_of_two_that_are_put_back_the_one_that_was_sent_last_holds() -> None:
    """Whichever of them goes back first."""
    for first, second in (("better", "elsewhere"), ("elsewhere", "better")):
        desk = Desk()
        desk.give(submission("good", 1), submission("poison", 2), submission("poison", 3))
        origins = {"better": 1, "elsewhere": 2}
        desk.give(put_back(submission(first, 2), origins[first]))
        desk.give(put_back(submission(second, 3), origins[second]))
        state = desk.state()
        assert state is not None and state.registry_area == "22210", first


def test_it_does_not_overwrite_the_same_text_sent_again_after_it() -> None:
    desk = Desk()
    desk.give(submission("good", 1), submission("poison", 2), submission("good", 3))
    out = desk.give(put_back(submission("elsewhere", 2), 1))
    assert matched(out) == []
    assert steps(out) == [(2, Outcome.DEAD_LETTER, Outcome.UNCHANGED)]


def test_a_text_that_the_source_sent_after_the_one_decided_upon_ends_the_decision() -> None:
    desk = Desk()
    desk.give(submission("doubtful", 1), submission("poison", 2), decision(based_on=0))
    (left, event) = matched(desk.give(put_back(submission("good", 2), 1)))
    assert (left.action, event.action, event.line_no) == (MatchedAction.RELEASE, MatchedAction.REGISTER, 2)
    state = desk.state()
    assert state is not None and state.decision is None


def test_a_decision_that_is_put_back_is_a_step_of_the_row_that_it_decides() -> None:
    desk = Desk()
    desk.give(submission("doubtful", 5))
    (event,) = matched(desk.give(put_back(decision(based_on=0), 1)))
    assert (event.line_no, event.previous_outcome) == (5, Outcome.REVIEW)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["good", "doubtful", "elsewhere", "poison"]), st.booleans()), min_size=1, max_size=12
    )
)
def test_rows_and_outcomes_always_add_up(sent: list[tuple[str, bool]]) -> None:
    """Whatever is sent under one key, and whichever dead letters are put back, in any order and however often."""
    desk, tally = Desk(), None
    letters: list[tuple[Record, int, DeadLetterCode]] = []
    lines = 0

    def give(record: Record) -> None:
        nonlocal tally
        out = desk.give(record)
        if any(made.topic.endswith(".dlq") for made in out.records):
            letters.append((replace(record, headers=tuple(without_replay(record.headers))), record.offset, UNEXPECTED))
        # The registrar announces the others with what they say that the row counted as.
        announced = (_announced(event) for event in matched(out) if event.line_no is not None)
        made = [*out.transitions.get("b1", []), *announced]
        if made:
            tally = fold(tally, BatchTransitions("b1", "normaliser", "t", 0, record.offset, tuple(made)), "2026")

    for address, again in sent:
        lines += 1
        give(submission(address, lines))
        if again and letters:
            record, origin, reason = letters.pop(0)
            give(put_back(record, origin, reason))
    assert isinstance(tally, BatchTally)
    counted = status("b1", tally)
    assert counted.accounted == lines
    assert sum(counted.outcomes.values()) == lines
    assert counted.outcomes.get("dead_letter", 0) == len(letters)
    assert all(count > 0 for count in Counter(tally.outcomes).values())


def _announced(event: MatchedAddress) -> Transition:
    assert event.line_no is not None
    outcome = Outcome.UNCHANGED if event.action is MatchedAction.CONFIRM else Outcome.DIGITISED
    return Transition(
        event.line_no, event.version, event.previous_outcome, outcome, previous_reason=event.previous_reason
    )


@settings(deadline=None)
@given(st.integers(1, 9999), st.integers(0, 10**6 - 1), st.integers(0, 2**62), st.sampled_from(DeadLetterCode))
def test_headers_round_trip_after_any_others(count: int, partition: int, offset: int, reason: DeadLetterCode) -> None:
    replay = Replay(count, partition, offset, reason)
    own = [("a", b"1"), ("diachi-replay-count", b"7")]
    assert replay_of([*own, *replay.headers()]) == replay
    assert without_replay([*own, *replay.headers()]) == own
    assert without_replay(own) == own


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: headers[1:],
        lambda headers: [*headers, ("x", b"")],
        lambda headers: [headers[1], headers[0], headers[2]],
        lambda headers: [(headers[0][0], b"0"), *headers[1:]],
        lambda headers: [headers[0], (headers[1][0], b"1"), headers[2]],
        lambda headers: [*headers[:2], (headers[2][0], b"no.such_code")],
    ],
)
def test_headers_that_are_not_sound_count_for_nothing(
    spoil: Callable[[list[tuple[str, bytes | None]]], object],
) -> None:
    headers = spoil(Replay(1, 0, 5, UNEXPECTED).headers())
    assert replay_of(headers) is None  # type: ignore[arg-type]
