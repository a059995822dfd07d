"""What the normaliser makes of a record beside what it remembers of it.

The core here answers by a script; what the real one answers is shown elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson
import pytest

from schemas.address import AddressResult
from schemas.codec import decode
from schemas.dead_letter import DeadLetterCode, DeadLetterHeader
from schemas.matched import MatchedAction, MatchedAddress
from schemas.normaliser_state import CommuneAt, RecordState
from schemas.outcome import Outcome
from schemas.raw import Decision, RawAddress
from schemas.review import ReviewItem
from services.normaliser.stage import Normaliser
from services.stream.envelope import BATCH_ID, LINE_NO
from services.stream.outputs import Output, Outputs
from services.stream.state import MemoryStore
from services.stream.topics import MATCHED, RAW, RAW_DEAD_LETTERS, REVIEW
from tests.unit.make import Record, result, review_result

ANSWERS: dict[str, Callable[[], AddressResult]] = {
    "good": result,
    "better": result,
    "elsewhere": lambda: result(area="22210"),
    "doubtful": review_result,
}


class ScriptedCore:
    """Answers by the address text; `poison` makes it fail."""

    edition = "2025-07-01"
    version = "0123456789ab"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def stays(self, former: CommuneAt, area: str, result: AddressResult) -> bool:
        return False

    def carry(
        self, raw: RawAddress, found: AddressResult, former: CommuneAt, decision: Decision | None = None
    ) -> AddressResult:
        return found

    def digitise(self, batch: Sequence[RawAddress]) -> list[AddressResult]:
        self.batches.append(len(batch))
        if any(raw.address == "poison" for raw in batch):
            raise RuntimeError("secret of 0900 000 001")
        return [ANSWERS[raw.address]() for raw in batch]

    def settle(self, decision: Decision) -> AddressResult:
        if decision.commune_code == "99999":
            raise LookupError(decision.commune_code)
        return result(area="22210")


class Desk:
    """A normaliser with one partition's state, given records one batch at a time."""

    def __init__(self) -> None:
        self.core = ScriptedCore()
        self.stage = Normaliser(self.core, max_record_bytes=1000)
        self.store = MemoryStore()
        self.offset = 0
        self.failures = 0

    def give(self, *records: Record) -> Outputs:
        out = Outputs("normaliser", RAW, "topic-id", RAW_DEAD_LETTERS)
        for record in records:
            record.offset = self.offset
            self.offset += 1
        self.failures = self.stage.process(records, self.store, out)
        self.store.commit()
        return out

    def state(self, key: bytes = b"post:1") -> RecordState | None:
        value = self.store.get(key)
        return None if value is None else decode(RecordState, value)


def submission(address: str, line_no: int | None = 1, record_id: str = "1") -> Record:
    raw = {"source": "post", "source_record_id": record_id, "address": address}
    if line_no is not None:
        raw |= {"batch_id": "b1", "line_no": line_no}
    return Record(orjson.dumps(raw), key=f"post:{record_id}".encode())


def decision(based_on: int, commune_code: str = "02215") -> Record:
    return Record(
        orjson.dumps(
            {
                "source": "post",
                "source_record_id": "1",
                "decided_by": "group-7",
                "decided_at": "2026-01-02T03:04:05Z",
                "based_on_version": based_on,
                "commune_code": commune_code,
                "address_text": "Số 5",
            }
        )
    )


def withdrawal(line_no: int = 9) -> Record:
    return Record(None, headers=((BATCH_ID, b"b1"), (LINE_NO, b"%d" % line_no)))


def on(out: Outputs, topic: str) -> list[Output]:
    return [record for record in out.records if record.topic == topic]


def matched(out: Outputs) -> list[MatchedAddress]:
    return [decode(MatchedAddress, record.value or b"") for record in on(out, MATCHED)]


def steps(out: Outputs) -> list[tuple[int, Outcome | None, Outcome]]:
    return [(step.line_no, step.previous, step.outcome) for step in out.transitions.get("b1", [])]


def test_an_accepted_address_goes_to_its_area_and_is_left_to_the_registrar_to_announce() -> None:
    desk = Desk()
    out = desk.give(submission("good"))
    (event,) = matched(out)
    assert (event.action, event.registry_area, event.version, event.line_no) == (
        MatchedAction.REGISTER,
        "22110",
        0,
        1,
    )
    assert on(out, MATCHED)[0].key == b"22110"
    assert steps(out) == []
    state = desk.state()
    assert state is not None and (state.outcome, state.registry_area) == (Outcome.DIGITISED, "22110")


def test_the_same_text_again_is_unchanged_and_of_a_digitised_record_the_registrar_says_so() -> None:
    desk = Desk()
    desk.give(submission("good"), submission("doubtful", 2, "2"))
    out = desk.give(submission("good", 3), submission("doubtful", 4, "2"))
    (event,) = matched(out)
    assert (event.action, event.version, event.registry_area, event.line_no) == (
        MatchedAction.CONFIRM,
        0,
        "22110",
        3,
    )
    assert steps(out) == [(4, None, Outcome.UNCHANGED)]


def test_the_same_text_again_outside_a_batch_says_nothing() -> None:
    desk = Desk()
    desk.give(submission("good"))
    out = desk.give(submission("good", None))
    assert (out.records, out.transitions) == ([], {})


def test_a_doubtful_address_waits_in_review_with_its_heaviest_fault() -> None:
    desk = Desk()
    out = desk.give(submission("doubtful"))
    (item,) = (decode(ReviewItem, record.value or b"") for record in on(out, REVIEW))
    assert (item.version, item.published) == (0, False)
    assert matched(out) == []
    assert steps(out) == [(1, None, Outcome.REVIEW)]
    assert out.transitions["b1"][0].reason == "point.outside_commune"
    assert out.faults == {"point.outside_commune": 1}


def test_a_correction_that_falls_to_review_leaves_the_last_good_version() -> None:
    desk = Desk()
    desk.give(submission("good"))
    out = desk.give(submission("doubtful", 2))
    assert matched(out) == []
    (item,) = (decode(ReviewItem, record.value or b"") for record in on(out, REVIEW))
    assert item.published
    out = desk.give(submission("good", 3))
    assert [event.registry_area for event in matched(out)] == ["22110"]
    assert [(record.key, record.value) for record in on(out, REVIEW)] == [(b"post:1", None)]


def test_an_address_that_moves_to_another_area_is_released_first() -> None:
    desk = Desk()
    desk.give(submission("good"))
    left, joined = matched(desk.give(submission("elsewhere", 2)))
    assert (left.action, left.registry_area, left.moved_to, left.line_no) == (
        MatchedAction.RELEASE,
        "22110",
        "22210",
        None,
    )
    assert (joined.action, joined.registry_area, joined.line_no) == (MatchedAction.REGISTER, "22210", 2)


def test_a_record_that_comes_twice_in_a_batch_is_seen_in_order() -> None:
    desk = Desk()
    out = desk.give(submission("good", 1), submission("good", 2), submission("better", 3), submission("good", 4))
    assert [(event.line_no, event.action) for event in matched(out)] == [
        (1, MatchedAction.REGISTER),
        (2, MatchedAction.CONFIRM),
        (3, MatchedAction.REGISTER),
        (4, MatchedAction.REGISTER),
    ]
    assert steps(out) == []


def test_distinct_records_are_matched_in_one_call() -> None:
    desk = Desk()
    desk.give(*(submission("good", number, str(number)) for number in range(1, 21)))
    assert desk.core.batches == [20]


def test_one_record_on_which_the_core_fails_costs_only_itself() -> None:
    desk = Desk()
    out = desk.give(submission("good", 1, "1"), submission("poison", 2, "2"), submission("better", 3, "3"))
    assert desk.failures == 1
    assert [event.line_no for event in matched(out)] == [1, 3]
    (letter,) = on(out, RAW_DEAD_LETTERS)
    assert dict(letter.headers)[DeadLetterHeader.ERROR_CODE] == b"internal.unexpected"
    assert b"0900" not in b"".join(value for _, value in letter.headers)
    assert steps(out) == [(2, None, Outcome.DEAD_LETTER)]
    assert desk.state(b"post:2") is None


def test_a_record_that_is_set_aside_has_its_row_accounted_for() -> None:
    desk = Desk()
    out = Outputs("normaliser", RAW, "topic-id", RAW_DEAD_LETTERS)
    desk.stage.set_aside(submission("good", 4), "the broker refuses it", out)
    assert [record.topic for record in out.records] == [RAW_DEAD_LETTERS]
    assert steps(out) == [(4, None, Outcome.DEAD_LETTER)]
    assert desk.state() is None


def test_a_withdrawal_releases_the_code_and_is_remembered() -> None:
    desk = Desk()
    desk.give(submission("good"))
    out = desk.give(withdrawal())
    (event,) = matched(out)
    assert (event.action, event.moved_to, event.line_no) == (MatchedAction.RELEASE, None, 9)
    assert steps(out) == []
    state = desk.state()
    assert state is not None
    assert (state.outcome, state.source_hash, state.registry_area) == (Outcome.WITHDRAWN, None, None)
    assert steps(desk.give(withdrawal(10))) == [(10, None, Outcome.UNCHANGED)]


def test_a_withdrawn_record_that_is_sent_again_is_new() -> None:
    desk = Desk()
    desk.give(submission("good"), withdrawal())
    (event,) = matched(desk.give(submission("good", 2)))
    assert (event.action, event.version, event.previous_outcome) == (MatchedAction.REGISTER, 2, None)
    desk.give(withdrawal())
    out = desk.give(submission("doubtful", 4))
    (item,) = (decode(ReviewItem, record.value or b"") for record in on(out, REVIEW))
    assert not item.published


def test_a_withdrawal_from_review_is_announced_here() -> None:
    desk = Desk()
    desk.give(submission("doubtful"))
    out = desk.give(withdrawal())
    assert matched(out) == []
    assert [record.value for record in on(out, REVIEW)] == [None]
    assert steps(out) == [(9, None, Outcome.WITHDRAWN)]


def test_a_withdrawal_of_the_unknown_changes_nothing() -> None:
    out = Desk().give(withdrawal())
    assert out.records == []
    assert steps(out) == [(9, None, Outcome.UNCHANGED)]


def test_a_decision_is_a_step_of_the_row_that_brought_the_text() -> None:
    desk = Desk()
    desk.give(submission("doubtful", 5))
    out = desk.give(decision(based_on=0))
    (event,) = matched(out)
    assert (event.line_no, event.previous_outcome, event.registry_area) == (5, Outcome.REVIEW, "22210")
    assert event.previous_reason == "point.outside_commune"
    assert [record.value for record in on(out, REVIEW)] == [None]
    state = desk.state()
    assert state is not None and state.decision is not None
    (again,) = matched(desk.give(submission("doubtful", 6)))
    assert (again.action, again.version, again.registry_area) == (MatchedAction.CONFIRM, state.version, "22210")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (decision(based_on=0), DeadLetterCode.DECISION_STALE),
        (decision(based_on=7), DeadLetterCode.DECISION_STALE),
        (decision(based_on=1, commune_code="99999"), DeadLetterCode.DECISION_UNKNOWN_COMMUNE),
    ],
)
def test_a_decision_that_cannot_hold_is_refused_and_its_row_stays_as_it_was(made: Record, code: str) -> None:
    desk = Desk()
    desk.give(submission("good"))
    desk.give(submission("doubtful", 2))
    out = desk.give(made)
    (letter,) = on(out, RAW_DEAD_LETTERS)
    assert dict(letter.headers)[DeadLetterHeader.ERROR_CODE] == code.encode()
    assert steps(out) == []
    state = desk.state()
    assert state is not None and state.outcome is Outcome.REVIEW


def test_a_decision_about_the_unknown_is_refused() -> None:
    out = Desk().give(decision(based_on=0))
    (letter,) = on(out, RAW_DEAD_LETTERS)
    assert dict(letter.headers)[DeadLetterHeader.ERROR_CODE] == b"decision.unknown_record"


@pytest.mark.parametrize("based_on", [0, 1, 2])
def test_a_decision_about_a_withdrawn_record_does_not_bring_it_back(based_on: int) -> None:
    desk = Desk()
    desk.give(submission("doubtful"), withdrawal())
    out = desk.give(decision(based_on))
    (letter,) = on(out, RAW_DEAD_LETTERS)
    headers = dict(letter.headers)
    assert headers[DeadLetterHeader.ERROR_CODE] == b"decision.unknown_record"
    assert b"withdrawn" in headers[DeadLetterHeader.ERROR_DETAIL]
    state = desk.state()
    assert state is not None and state.outcome is Outcome.WITHDRAWN


def test_a_decision_outlives_a_matcher_that_has_become_better() -> None:
    desk = Desk()
    desk.give(submission("doubtful"), decision(based_on=0))
    before = desk.state()
    desk.core = ScriptedCore()
    desk.stage = Normaliser(desk.core, max_record_bytes=1000)
    (event,) = matched(desk.give(submission("doubtful", 2)))
    assert (event.action, desk.core.batches) == (MatchedAction.CONFIRM, [])
    after = desk.state()
    assert before is not None and after is not None and after.decision == before.decision is not None


def test_a_broken_record_without_headers_is_counted_where_its_json_says() -> None:
    out = Desk().give(Record(b'{"source": "post", "batch_id": "b1", "line_no": 4}'))
    assert steps(out) == [(4, None, Outcome.DEAD_LETTER)]


@pytest.mark.parametrize(
    "claim",
    [
        b'{"batch_id": "b1"}',
        b'{"batch_id": "b1", "line_no": true}',
        b'{"batch_id": 1, "line_no": 1}',
        b'{"batch_id": "b1", "line_no": -1}',
        b'{"batch_id": "Anh A 0900 000 001", "line_no": 1}',
    ],
)
def test_a_broken_record_with_an_unsound_claim_is_counted_nowhere(claim: bytes) -> None:
    assert Desk().give(Record(claim)).transitions == {}


ROW = ((BATCH_ID, b"b1"), (LINE_NO, b"3"))
GOOD = submission("good").value or b""


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (Record(b"{}", headers=ROW), DeadLetterCode.SCHEMA),
        (Record(b"[]", headers=ROW), DeadLetterCode.SCHEMA),
        (Record(b"{", headers=ROW), DeadLetterCode.NOT_JSON),
        (Record(b"", headers=ROW), DeadLetterCode.NOT_JSON),
        (Record(b'{"address":"\xff"}', headers=ROW), DeadLetterCode.NOT_UTF8),
        (Record(b"[" * 900 + b"]" * 900, headers=ROW), DeadLetterCode.TOO_LARGE),
        (Record(b"[" * 400 + b"]" * 400, headers=ROW), DeadLetterCode.TOO_DEEP),
        (Record(b"x" * 1001, headers=ROW), DeadLetterCode.TOO_LARGE),
        (Record(GOOD, key=b"post:2", headers=ROW), DeadLetterCode.KEY_MISMATCH),
        (Record(GOOD, key=None, headers=ROW), DeadLetterCode.KEY_MISMATCH),
        (Record(GOOD, key=b"\xff\xfe", headers=ROW), DeadLetterCode.KEY_MISMATCH),
        (Record(None, key=None, headers=ROW), DeadLetterCode.KEY_MISMATCH),
    ],
)
def test_what_cannot_be_read_is_a_dead_letter_with_its_bytes_unchanged(record: Record, code: str) -> None:
    record = replace(record)
    out = Desk().give(record)
    (letter,) = on(out, RAW_DEAD_LETTERS)
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (record.key, record.value)
    assert headers[DeadLetterHeader.ERROR_CODE] == code.encode()
    assert headers[DeadLetterHeader.ERROR_DETAIL]
    assert headers[BATCH_ID] == b"b1"
    assert steps(out) == [(3, None, Outcome.DEAD_LETTER)]
