"""The result of an event as it stands in its record: exactly that, or nothing."""

from __future__ import annotations

import orjson
import pytest
from msgspec.structs import replace

from schemas.address import AddressResult, Rival
from schemas.codec import encode
from schemas.matched import MatchedAction
from services.registrar.reading import read_matched
from tests.unit.make import event, result

TRICKY = '{"result":{},"moved_to":null} \\"result\\":{'
RESULTS = [
    result(),
    result(lat=None),
    replace(result(), address_text=TRICKY, commune=TRICKY),
    replace(result(), rivals=(Rival("02216", TRICKY, TRICKY, None, 40),), gazetteer_version=TRICKY),
]


@pytest.mark.parametrize("of", RESULTS)
def test_the_result_is_found_where_it_stands(of: AddressResult) -> None:
    value = encode(replace(event(7, of), batch_id="b"))
    read, found = read_matched(value)
    assert (encode(read), found) == (value, encode(of))


def test_texts_around_the_result_do_not_mislead() -> None:
    value = encode(replace(event(7, result()), record_key=TRICKY, batch_id=TRICKY, previous_reason=TRICKY))
    read, found = read_matched(value)
    assert encode(read) == value
    assert found in (None, encode(result()))


def test_an_event_without_a_result_has_none() -> None:
    value = encode(replace(event(7, result()), action=MatchedAction.CONFIRM, result=None))
    read, found = read_matched(value)
    assert (encode(read), found) == (value, None)


@pytest.mark.parametrize("option", [orjson.OPT_INDENT_2, orjson.OPT_SORT_KEYS])
def test_written_otherwise_it_is_not_looked_for(option: int) -> None:
    value = orjson.dumps(orjson.loads(encode(event(7, result()))), option=option)
    read, found = read_matched(value)
    assert orjson.loads(encode(read)) == orjson.loads(value)
    assert found is None or orjson.loads(found) == orjson.loads(encode(result()))


def test_fields_of_another_release_are_not_handed_on() -> None:
    plain = orjson.loads(encode(event(7, result())))
    after = {}
    for name, field in plain.items():
        after[name] = field
        if name == "result":
            after["new"] = {"x": 1}
    within = {**plain, "result": {**plain["result"], "new": {"x": 1}}}
    for other in (after, within):
        read, found = read_matched(orjson.dumps(other))
        assert (encode(read), found) == (encode(event(7, result())), None)


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"null", b'{"result":{},"moved_to":null}'])
def test_what_is_no_event_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_matched(value)
