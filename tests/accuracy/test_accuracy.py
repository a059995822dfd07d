"""The core on labelled real addresses. The thresholds stand a little below what it reaches, to notice a step back."""

from __future__ import annotations

import pytest

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from tests.accuracy.sets import FOLDER, measure

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the labelled sets are not part of the project: ../shared/eval is absent"
)

# set: old communes right, new communes right, ACCEPTs right, ACCEPTs among the rows that have an answer.
_LEAST = {
    "tq_hg": (0.98, 0.98, 1.0, 0.90),
    "vnpost": (0.985, 0.985, 0.997, 0.88),
    "vnpt": (0.96, 0.975, 0.99, 0.85),
    "hcmut450": (0.95, 0.975, 0.985, 0.84),
    "vnai_new_commune": (None, 0.985, 0.997, 0.80),
}
_LEAST_ABSTAINED = 0.95


@pytest.fixture(scope="module")
def core() -> AddressCore:
    return AddressCore(Gazetteer.load())


@pytest.mark.parametrize("name", _LEAST)
def test_a_labelled_set_is_matched_at_least_this_well(core: AddressCore, name: str) -> None:
    old, new, precision, coverage = _LEAST[name]
    measured = measure(core, name)
    assert measured.new_right is not None
    assert measured.new_right >= new
    if old is not None:
        assert measured.old_right is not None
        assert measured.old_right >= old
    assert measured.accept_precision is not None
    assert measured.accept_precision >= precision, measured.wrong_accepts
    assert measured.accept_coverage >= coverage
    if measured.abstained is not None:
        assert measured.abstained >= _LEAST_ABSTAINED
