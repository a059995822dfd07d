"""The core on labelled real addresses and on generated ones. The thresholds stand a little below what it reaches, to
notice a step back."""

from __future__ import annotations

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.names import fold
from services.address.core import AddressCore
from tests.accuracy.generated import measure_clean, measure_elsewhere, measure_noise, measure_villages
from tests.accuracy.sets import FOLDER, SETS, exclusions, load, measure

_labelled = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the labelled sets are not part of the project: ../shared/eval is absent"
)

# set: old communes right, new communes right, ACCEPTs right, ACCEPTs among the rows that have an answer.
_LEAST = {
    "tq_hg": (0.98, 0.98, 1.0, 0.90),
    "vnpost": (0.995, 0.995, 0.997, 0.90),
    "vnpt": (0.985, 0.99, 0.995, 0.85),
    "hcmut450": (0.99, 0.99, 0.99, 0.85),
    "vnai_new_commune": (None, 0.993, 0.997, 0.82),
}
_LEAST_ABSTAINED = 0.95
_MOST_EXCLUDED = 0.01


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture(scope="module")
def core(gazetteer: Gazetteer) -> AddressCore:
    return AddressCore(gazetteer)


@_labelled
@pytest.mark.parametrize("name", _LEAST)
def test_a_labelled_set_is_matched_at_least_this_well(gazetteer: Gazetteer, name: str) -> None:
    """With all rows: an exclusion helps no threshold."""
    old, new, precision, coverage = _LEAST[name]
    measured = measure(gazetteer, name).with_all
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


@_labelled
@pytest.mark.parametrize("name", exclusions())
def test_few_rows_are_excluded_each_with_its_reason_and_without_its_text(name: str) -> None:
    assert name in SETS
    rows = {row["id"]: row for row in load(name)}
    excluded = exclusions()[name]
    assert len(excluded) <= _MOST_EXCLUDED * len(rows)
    for identifier, reason in excluded.items():
        assert identifier in rows
        assert len(reason.split()) >= 10
        assert fold(rows[identifier]["raw"]) not in fold(reason)


def test_hard_noise_leaves_most_communes_recognisable(gazetteer: Gazetteer) -> None:
    measured = measure_noise(gazetteer, 2_000)
    assert measured.old_right >= 0.945
    assert measured.new_right >= 0.95
    assert measured.wrong_accepts <= 0.004


def test_synthetic_villages_are_found(gazetteer: Gazetteer) -> None:
    measured = measure_villages(gazetteer)
    assert measured.rows == 1_733
    assert measured.clean >= 0.99
    assert measured.found + measured.open >= 0.985
    assert measured.commune >= 0.985


def test_clean_addresses_are_accepted_or_rightly_asked_about(core: AddressCore) -> None:
    measured = measure_clean(core, 4_000)
    assert measured.lost <= 0.01
    assert measured.wrong_accepts <= 0.0005
    assert measured.accepted >= 0.94


def test_texts_from_elsewhere_are_not_accepted(core: AddressCore) -> None:
    for measured in measure_elsewhere(core, 2_100):
        assert measured.accepted <= 0.01, measured.texts
