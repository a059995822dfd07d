"""Which part of a split commune an imported or confirmed village lies in, by its point: as with the point of an
address."""

from __future__ import annotations

from collections.abc import Sequence

from gazetteer.boundaries import Boundaries
from gazetteer.model import Commune, Village
from schemas.address import Position
from services.address.locate import SOURCE_VILLAGE, part_at, points_of

# The point of a village on a list is somewhere in it.
_ACCURACY_M = 100.0


def part_of(village: Village, parts: Sequence[Commune], boundaries: Boundaries | None) -> Commune | None:
    """See gazetteer.following.PartOf."""
    if village.lat is None or village.lon is None:
        return None
    (point,) = points_of([Position(village.lat, village.lon, _ACCURACY_M, SOURCE_VILLAGE)], boundaries)
    if point is None:
        return None
    part, sure = part_at(point, parts)
    return part if sure else None
