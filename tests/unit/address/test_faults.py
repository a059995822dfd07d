"""Every fault explains itself."""

from __future__ import annotations

import re

import orjson

from services.address.faults import Fault


def test_every_fault_has_a_dotted_name_a_penalty_and_a_meaning_in_both_languages() -> None:
    for fault in Fault:
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", fault), fault
        assert 0 < fault.penalty <= 100
        assert fault.en.endswith(".")
        assert fault.vi.endswith(".")
        assert not fault.vi.isascii()
    assert len({fault.en for fault in Fault}) == len({fault.vi for fault in Fault}) == len(Fault)


def test_a_fault_is_published_as_its_name() -> None:
    assert orjson.dumps([Fault.POINT_ZERO]) == b'["point.zero"]'
    assert Fault("point.zero") is Fault.POINT_ZERO
