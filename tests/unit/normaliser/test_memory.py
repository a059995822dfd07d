"""What the normaliser keeps of a record, piece by piece."""

from __future__ import annotations

import pytest

from schemas.normaliser_state import CommuneAt
from schemas.raw import Decision
from services.normaliser.memory import former_commune, in_area, with_commune
from tests.unit.make import result

JULY, MARCH, LATER = "2025-07-01", "2026-03-01", "2027-01-01"
A, B, C = CommuneAt(JULY, "00001"), CommuneAt(MARCH, "00002"), CommuneAt(LATER, "00003")


def decision(commune_code: str) -> Decision:
    return Decision("post", "1", "group-7", "2026-01-02T03:04:05Z", 1, commune_code, "Số 5")


def test_a_record_stays_in_its_area_with_its_digits() -> None:
    moved = in_area(result(area="20990"), "22110")
    assert (moved.registry_area, moved.proposed_code) == ("22110", "22110R6F7CJX")
    assert in_area(result(lat=None, area="20990"), "22110").proposed_code is None
    assert in_area(result(), "22110") == result()


@pytest.mark.parametrize(
    ("communes", "edition", "decided", "former"),
    [
        ((A,), MARCH, None, A),
        ((A, B), MARCH, None, A),  # lineage that was mended since leads anew
        ((A, B), LATER, None, B),
        ((B,), MARCH, None, B),
        ((A, B), JULY, None, A),  # the way back
        ((B,), JULY, None, None),
        ((), MARCH, None, None),
        ((A, B), MARCH, "00002", B),  # a decision is not gone back behind
        ((A, B), LATER, "00001", A),
        ((A, B), JULY, "00002", A),
    ],
)
def test_lineage_starts_from_the_commune_of_the_edition_before(
    communes: tuple[CommuneAt, ...], edition: str, decided: str | None, former: CommuneAt | None
) -> None:
    assert former_commune(communes, edition, None if decided is None else decision(decided)) == former


def test_the_communes_of_later_editions_are_forgotten_on_the_way_back() -> None:
    assert with_commune((A, B, C), MARCH, "00009") == (A, CommuneAt(MARCH, "00009"))
    assert with_commune((A, B), JULY, "00001") == (A,)
    assert with_commune((A,), MARCH, None) == (A,)
