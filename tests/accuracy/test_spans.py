"""The parts of addresses on spans labelled by hand. The thresholds stand a little below what is reached."""

from __future__ import annotations

import pytest

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from services.address.explain import Span
from tests.accuracy.sets import FOLDER
from tests.accuracy.spans import LABELS, measure, parts_expected, parts_found

# Least F1, word for word.
_LEAST = {
    "NUM": 0.955, "ALY": 0.87, "STR": 0.94, "NHB": 0.825, "BLD": 0.94,
    "WDS": 0.98, "DST": 0.97, "PRO": 0.96, "PCD": 0.97,
}  # fmt: skip


@pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the labelled sets are not part of the project: ../shared/eval is absent"
)
def test_each_part_is_found_at_least_this_well() -> None:
    found, misses = measure(AddressCore(Gazetteer.load()))
    assert tuple(_LEAST) == LABELS
    too_low = {one.label: one.f1 for one in found if one.f1 < _LEAST[one.label]}
    assert not too_low
    assert all(one.exact <= one.overlapping <= min(one.labelled, one.ours) for one in found)
    assert all(miss.expected or miss.found for miss in misses)


@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("house_number", "Số nhà 05", ("NUM", "05")),
        ("house_number", "05", ("NUM", "05")),
        ("unit", "Phòng 304", ("NUM", "phòng 304")),
        ("unit", "Tầng 3", ("NHB", "tầng 3")),
        ("street", "Đường Trần Phú", ("STR", "trần phú")),
        ("kilometre", "km 8+500", ("STR", "km 8 500")),
        ("group", "tổ 5", ("NHB", "tổ 5")),
        ("building", "Block B3", ("NHB", "block b3")),
        ("building", "Tòa nhà Hồng Hà", ("BLD", "tòa nhà hồng hà")),
        ("building", "KDC Phú Hòa 1", None),
        ("commune", "P. Minh Xuân", ("WDS", "minh xuân")),
        ("province", "TP. Hồ Chí Minh", ("PRO", "hồ chí minh")),
        ("name", "Đông Sơn", None),
    ],
)
def test_our_spans_are_compared_under_the_labels_of_the_set(
    label: str, text: str, expected: tuple[str, str] | None
) -> None:
    span = Span(0, len(text), text, label, "")
    found = [(one, " ".join(words)) for one, words in parts_found([span])]
    assert found == ([] if expected is None else [expected])


def test_what_does_not_stand_in_the_text_is_not_expected() -> None:
    row = {
        "raw": "12 Trần Phú, phường Minh Xuân",
        "entities": [{"label": "STR", "text": "trần phú"}, {"label": "WDS", "text": "Phường Tân Quang"}],
    }
    assert list(parts_expected(row)) == [("STR", ("trần", "phú"))]
