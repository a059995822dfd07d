"""What a dead letter says of itself, and how it goes back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.dead_letter import DeadLetterCode
from services.stream.dead_letters import Letter, Place, Selection, read_letter, read_place
from services.stream.envelope import BATCH_ID, LINE_NO
from services.stream.outputs import Outputs
from services.stream.replay import Replay, replay_of
from services.stream.topics import MATCHED, MATCHED_DEAD_LETTERS, RAW, RAW_DEAD_LETTERS
from tests.unit.make import Record

Headers = tuple[tuple[str, bytes | None], ...]


def refused(record: Record, code: DeadLetterCode = DeadLetterCode.SCHEMA, offset: int = 17) -> Record:
    """The letter as a stage makes it of a record, as it stands in its topic."""
    out = Outputs("normaliser", RAW, "topic-id", RAW_DEAD_LETTERS)
    out.dead_letter(record, code, "/address: too short")
    (made,) = out.records
    return Record(made.value, key=made.key, headers=tuple(made.headers), offset=offset, partition=3)


def letter(record: Record, code: DeadLetterCode = DeadLetterCode.SCHEMA) -> Letter:
    found = read_letter(RAW_DEAD_LETTERS, refused(record, code))
    assert found is not None
    return found


HEADERS = st.lists(
    st.tuples(st.sampled_from(["ce_id", "x", "dlq-topic", "diachi-replay-count", BATCH_ID]), st.binary(max_size=8))
)


@settings(deadline=None)
@given(st.binary() | st.none(), st.binary(), HEADERS, st.integers(0, 20))
def test_however_often_it_goes_round_its_bytes_key_and_headers_are_its_own(
    value: bytes | None, key: bytes, headers: list[tuple[str, bytes | None]], rounds: int
) -> None:
    record = Record(value, key=key, headers=tuple(headers), offset=1207, partition=5)
    for count in range(1, rounds + 2):
        found = letter(record)
        assert (found.value, found.key, list(found.headers)) == (value, key, headers)
        assert found.replays == count - 1
        sent = found.put_back()
        assert sent[: len(headers)] == headers
        assert replay_of(sent) == Replay(count, 5, 1207, DeadLetterCode.SCHEMA)
        record = Record(found.value, key=found.key, headers=tuple(sent), offset=5000 + count, partition=5)


def test_it_says_where_and_why() -> None:
    found = letter(Record(b"{}", headers=((BATCH_ID, b"b1"), (LINE_NO, b"4")), offset=9, partition=2))
    assert (str(found.place), found.stage, found.code, found.detail) == (
        "raw:3:17",
        "normaliser",
        "input.schema",
        "/address: too short",
    )
    assert (found.origin, found.row, found.replays) == ((2, 9), ("b1", 4), 0)


def test_its_row_is_that_of_its_json_where_it_has_no_headers() -> None:
    assert letter(Record(b'{"batch_id": "b1", "line_no": 4}')).row == ("b1", 4)
    assert letter(Record(b"not JSON")).row is None
    assert letter(Record(None)).row is None


@pytest.mark.parametrize("spoil", [lambda headers: headers[:-1], lambda headers: (), lambda headers: headers[::-1]])
def test_what_no_stage_wrote_is_no_letter(spoil: object) -> None:
    record = refused(Record(b"{}"))
    assert read_letter(RAW_DEAD_LETTERS, replace(record, headers=spoil(record.headers))) is None  # type: ignore[operator]


def test_what_cannot_be_put_back_says_why() -> None:
    assert letter(Record(b"{}")).cannot_be_put_back is None
    assert letter(Record(None)).cannot_be_put_back is None
    for record, code in (
        (Record(None, key=None), DeadLetterCode.KEY_MISMATCH),
        (Record(None), DeadLetterCode.UNREADABLE_HEADER),
        (Record(b"x" * 1_048_000), DeadLetterCode.TOO_LARGE),
    ):
        assert letter(record, code).cannot_be_put_back


@settings(deadline=None)
@given(st.sampled_from([RAW_DEAD_LETTERS, MATCHED_DEAD_LETTERS]), st.integers(0, 999_999), st.integers(0, 2**60))
def test_names_can_be_read_again(topic: str, partition: int, offset: int) -> None:
    place = Place(topic, partition, offset)
    assert read_place(str(place)) == place


@pytest.mark.parametrize("name", ["", "raw", "raw:1", "raw:1:x", "other:1:2", "raw:-1:2", "raw:1:2:3", "RAW:1:2"])
def test_what_names_no_letter_is_said(name: str) -> None:
    with pytest.raises(ValueError, match="diachi dlq list"):
        read_place(name)


def test_a_selection_holds_what_meets_all_of_it() -> None:
    found = replace(letter(Record(b"{}", headers=((BATCH_ID, b"b1"), (LINE_NO, b"4")))), timestamp=1000)
    meant = [
        Selection(),
        Selection(places=frozenset({found.place})),
        Selection(batch_id="b1", code="input.schema"),
        Selection(since=1000, until=1001),
    ]
    assert all(selection.holds(found) for selection in meant)
    not_meant = [
        Selection(places=frozenset({Place(RAW_DEAD_LETTERS, 3, 18)})),
        Selection(places=frozenset({found.place}), batch_id="b2"),
        Selection(batch_id="b"),
        Selection(code="input.not_json"),
        Selection(since=1001),
        Selection(until=1000),
    ]
    assert not any(selection.holds(found) for selection in not_meant)
    assert not Selection(batch_id="b1").holds(replace(found, row=None))


def test_it_goes_back_to_where_it_came_from() -> None:
    from services.stream.dead_letters import INPUT_TOPICS

    assert INPUT_TOPICS == {RAW_DEAD_LETTERS: RAW, MATCHED_DEAD_LETTERS: MATCHED}
