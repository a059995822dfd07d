"""Every listed village is read whole and confirmed, however its address is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from gazetteer.names import fold
from schemas.raw import RawAddress
from services.address.core import AddressCore
from services.address.faults import Fault

GAZETTEER = Gazetteer.load()
CORE = AddressCore(GAZETTEER)
_LEGACY = {legacy.code: legacy for legacy in GAZETTEER.legacy}


def _styles(village: Village) -> Iterator[str]:
    """The village's address before and after July 2025, with commas and without."""
    name = f"{village.kind.capitalize()} {village.name}"
    legacy = _LEGACY[village.legacy_commune_code]
    district, province = GAZETTEER.district_of(legacy), GAZETTEER.old_provinces[legacy.province_code]
    yield f"{name}, {legacy.full_name}, {district.full_name}, {province.full_name}"
    yield f"{name} {legacy.full_name} {district.full_name} {province.full_name}"
    if village.commune_code is not None:
        commune = GAZETTEER.communes[village.commune_code]
        yield f"{name}, {commune.full_name}, {GAZETTEER.provinces[commune.province_code].full_name}"


@pytest.mark.parametrize("plain", [False, True], ids=["with accents", "without accents"])
@pytest.mark.parametrize("village", GAZETTEER.villages, ids=lambda v: f"{v.kind} {v.name}, {v.legacy_commune_code}")
def test_a_listed_village_is_found(village: Village, plain: bool) -> None:
    for text in _styles(village):
        written = ", ".join(map(fold, text.split(","))) if plain else text
        result = CORE.digitise([RawAddress("test", "1", written)])[0]
        assert fold(result.components.village or "") == fold(f"{village.kind} {village.name}"), written
        assert result.commune_code == village.commune_code, written
        assert Fault.VILLAGE_UNLISTED.value not in result.faults, written
        assert result.components.street is None, written


def test_attested_villages_are_listed() -> None:
    assert len(GAZETTEER.villages) >= 64
