"""What the registrar does with records it cannot read or fails on: nothing is lost, and the breaker sees them."""

from __future__ import annotations

import orjson
import pytest

from schemas.codec import encode
from schemas.dead_letter import DeadLetterHeader
from schemas.outcome import Outcome
from schemas.registrar_state import Area
from services.address.vpostcode import MAX_SERIAL
from services.registrar.stage import Registrar
from services.stream.outputs import Outputs
from services.stream.state import MemoryStore
from services.stream.topics import MATCHED, MATCHED_DEAD_LETTERS
from tests.unit.make import AREA, LAT, Record, event, result


def process(*records: Record) -> tuple[Outputs, int]:
    out = Outputs("registrar", MATCHED, "topic-id", MATCHED_DEAD_LETTERS)
    return out, Registrar().process(records, MemoryStore(), out)


def of_another_release() -> bytes:
    value = orjson.loads(encode(event(7, result())))
    del value["result"]["margin"]
    return orjson.dumps(value)


@pytest.mark.parametrize(
    ("value", "code", "counted"),
    [
        (of_another_release(), b"input.schema", True),
        (b"{}", b"input.schema", False),
        (b"[]", b"input.schema", False),
        (b"not JSON", b"input.not_json", False),
        (None, b"input.not_json", False),
        (encode(event(7, None, action="register")), b"internal.unexpected", True),
    ],
)
def test_what_it_cannot_read_is_a_failure_with_its_row_accounted_for(
    value: bytes | None, code: bytes, counted: bool
) -> None:
    out, failures = process(Record(value, key=b"22110"))
    assert failures == 1
    (letter,) = out.records
    assert (letter.topic, letter.value) == (MATCHED_DEAD_LETTERS, value)
    assert dict(letter.headers)[DeadLetterHeader.ERROR_CODE] == code
    outcomes = [step.outcome for step in out.transitions.get("b1", [])]
    assert outcomes == ([Outcome.DEAD_LETTER] if counted else [])


def test_a_failed_record_leaves_nothing_in_the_registry() -> None:
    store = MemoryStore()
    out = Outputs("registrar", MATCHED, "topic-id", MATCHED_DEAD_LETTERS)
    Registrar().process([Record(encode(event(7, None, action="register")), key=b"22110")], store, out)
    assert store.changes() == {}


def test_an_area_without_codes_is_no_failure_of_the_service_and_places_what_has_a_point() -> None:
    store = MemoryStore()
    store.put(b"area:22110", encode(Area(last_serial=MAX_SERIAL)))
    out = Outputs("registrar", MATCHED, "topic-id", MATCHED_DEAD_LETTERS)
    records = [Record(encode(event(7, result(lat=None)))), Record(encode(event(8, result(), record="post:2")))]
    assert Registrar().process(records, store, out) == 0
    (letter,) = (each for each in out.records if each.topic == MATCHED_DEAD_LETTERS)
    assert dict(letter.headers)[DeadLetterHeader.ERROR_CODE] == b"registration.codes_exhausted"
    steps = [(step.outcome, step.reason) for step in out.transitions["b1"]]
    assert steps == [(Outcome.DEAD_LETTER, "registration.codes_exhausted"), (Outcome.DIGITISED, None)]


def test_what_is_published_of_an_area_is_placed_by_the_area_with_which_its_codes_begin() -> None:
    """Codes with a point and without, of a dwelling that moves, and its tombstones."""
    located, moved, unlocated = result(), result(lat=LAT + 0.1), result(lat=None)
    out, _ = process(
        Record(encode(event(1, located)), key=AREA.encode()),
        Record(encode(event(2, moved)), key=AREA.encode(), offset=1),
        Record(encode(event(3, unlocated, "post:2")), key=AREA.encode(), offset=2),
    )
    keys = {output.key for output in out.records}
    assert len(keys) == 3
    assert sum(output.value is None for output in out.records) == 3
    assert [output.placed_by for output in out.records] == [output.key[:5] for output in out.records if output.key]
