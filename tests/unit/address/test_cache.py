"""What the address core remembers is bounded in number and in size."""

from __future__ import annotations

from gazetteer.gazetteer import Gazetteer
from schemas.raw import RawAddress
from services.address.cache import BoundedCache
from services.address.core import AddressCore


def test_the_oldest_half_goes_when_it_is_full() -> None:
    cache: BoundedCache[int, int] = BoundedCache(4)
    for number in range(5):
        cache.put(number, number)
    assert [cache.get(number) for number in range(5)] == [None, None, 2, 3, 4]


def test_what_a_text_comes_to_is_kept_only_if_people_write_such() -> None:
    cache: BoundedCache[str, int] = BoundedCache(4)
    cache.put("x" * 200, 1)
    cache.put("y" * 201, 2)
    assert (cache.get("x" * 200), cache.get("y" * 201), len(cache)) == (1, None, 1)


def test_distinct_long_texts_leave_nothing_behind_in_the_matcher() -> None:
    core = AddressCore(Gazetteer.load())
    matcher = core.matcher
    usual = RawAddress("s", "usual", "Số 5, xã Sơn Dương, tỉnh Tuyên Quang")
    core.digitise([usual])
    known = len(matcher._tails), len(matcher._wholes)
    assert known[0] > 0
    texts = [f"{number} {'lạ lùng ' * 60}{number}" for number in range(50)]
    results = core.digitise([RawAddress("s", str(number), text) for number, text in enumerate(texts)])
    assert len(results) == len(texts)
    assert (len(matcher._tails), len(matcher._wholes)) == known
    assert core.digitise([usual]) == AddressCore(Gazetteer.load()).digitise([usual])
