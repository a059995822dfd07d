"""Events are numbered by record and topic, whatever the order in which records cause them."""

from __future__ import annotations

from services.stream.envelope import event_id, header
from services.stream.outputs import Outputs
from tests.unit.make import Record


def test_each_record_s_events_on_a_topic_are_counted() -> None:
    out = Outputs("registrar", "in", "id", "dead")
    first, second, third = (Record(b"", offset=offset) for offset in (5, 6, 9))
    causes = [(first, "a"), (first, "a"), (first, "b"), (second, "a"), (third, "a"), (first, "a"), (second, "a")]
    causes += [(third, "a"), (third, "b"), (second, "b")]
    for cause, topic in causes:
        out.publish(topic, b"key", None, cause)
    indexes = [0, 1, 0, 0, 0, 2, 1, 1, 0, 0]
    expected = [
        event_id("id", 0, one.offset, topic, index) for (one, topic), index in zip(causes, indexes, strict=True)
    ]
    assert [header(made.headers, "ce_id") for made in out.records] == [one.encode() for one in expected]
