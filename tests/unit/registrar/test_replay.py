"""A dead letter of the registrar: it is not hidden when the text comes again, and put back it is counted once."""

from __future__ import annotations

from schemas.codec import encode
from schemas.dead_letter import DeadLetterCode, DeadLetterHeader
from schemas.matched import MatchedAction, MatchedAddress
from schemas.outcome import Outcome
from services.registrar.stage import Registrar
from services.stream.outputs import Outputs
from services.stream.replay import Replay
from services.stream.state import MemoryStore
from services.stream.topics import MATCHED, MATCHED_DEAD_LETTERS
from tests.unit.make import Record, event, result


class Office:
    """A registrar with one partition's registry."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.failures = 0

    def give(self, made: MatchedAddress, replay: Replay | None = None) -> Outputs:
        out = Outputs("registrar", MATCHED, "topic-id", MATCHED_DEAD_LETTERS)
        headers = tuple(replay.headers()) if replay else ()
        self.failures = Registrar().process([Record(encode(made), key=b"22110", headers=headers)], self.store, out)
        self.store.commit()
        return out


def steps(out: Outputs) -> list[tuple[int, Outcome | None, Outcome, str | None]]:
    return [(step.line_no, step.previous, step.outcome, step.code) for step in out.transitions.get("b1", [])]


def again(version: int, line_no: int) -> MatchedAddress:
    return event(version, None, action=MatchedAction.CONFIRM, line_no=line_no)


def put_back(reason: DeadLetterCode) -> Replay:
    return Replay(1, 0, 3, reason)


CODE = "22110R6F7CJX"


def test_the_same_text_again_is_unchanged_with_its_code() -> None:
    office = Office()
    office.give(event(1, result()))
    out = office.give(again(1, 2))
    assert steps(out) == [(2, None, Outcome.UNCHANGED, CODE)]
    assert out.records == []
    assert office.failures == 0


def test_while_the_registration_is_a_dead_letter_the_same_text_again_is_one_too_until_both_are_put_back() -> None:
    office = Office()
    # The registration of version 1 is in the dead letters: the registry never saw it.
    lost = office.give(again(1, 2))
    assert steps(lost) == [(2, None, Outcome.DEAD_LETTER, None)]
    (letter,) = lost.records
    assert dict(letter.headers)[DeadLetterHeader.ERROR_CODE] == b"registration.missing"
    assert office.failures == 0, "it is no failure of the service"

    first = office.give(event(1, result()), put_back(DeadLetterCode.UNEXPECTED))
    assert steps(first) == [(1, Outcome.DEAD_LETTER, Outcome.DIGITISED, CODE)]
    second = office.give(again(1, 2), put_back(DeadLetterCode.NOT_REGISTERED))
    assert steps(second) == [(2, Outcome.DEAD_LETTER, Outcome.UNCHANGED, CODE)]
    assert second.transitions["b1"][0].previous_reason == "registration.missing"


def test_put_back_after_a_newer_version_it_changes_nothing() -> None:
    office = Office()
    office.give(event(5, result()))
    out = office.give(event(1, result(lat=21.9)), put_back(DeadLetterCode.UNEXPECTED))
    assert out.records == []
    assert steps(out) == [(1, Outcome.DEAD_LETTER, Outcome.UNCHANGED, CODE)]


def test_what_fails_again_stays_one_dead_letter() -> None:
    broken = event(7, None, action=MatchedAction.REGISTER)
    out = Office().give(broken, put_back(DeadLetterCode.UNEXPECTED))
    assert steps(out) == [(7, Outcome.DEAD_LETTER, Outcome.DEAD_LETTER, None)]


def test_of_a_decision_put_back_the_row_counts_as_the_dead_letter_that_it_was() -> None:
    decided = event(4, result(), previous_outcome=Outcome.REVIEW, previous_reason="village.unlisted")
    out = Office().give(decided, put_back(DeadLetterCode.UNEXPECTED))
    (step,) = out.transitions["b1"]
    assert (step.previous, step.previous_reason) == (Outcome.DEAD_LETTER, "internal.unexpected")


def test_a_record_that_left_is_not_registered() -> None:
    office = Office()
    office.give(event(1, result()))
    office.give(event(2, None))
    assert steps(office.give(again(1, 3))) == [(3, None, Outcome.UNCHANGED, None)]


def test_one_that_is_set_aside_has_its_row_accounted_for() -> None:
    out = Outputs("registrar", MATCHED, "topic-id", MATCHED_DEAD_LETTERS)
    Registrar().set_aside(Record(encode(event(7, result())), key=b"22110"), "too large", out)
    Registrar().set_aside(Record(b"no JSON", key=b"22110"), "too large", out)
    assert steps(out) == [(7, None, Outcome.DEAD_LETTER, None)]
    assert len(out.records) == 2
