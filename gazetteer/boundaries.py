"""The boundaries of communes, and which of them hold a point: for whole batches, with a spatial index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

# Outlines are often simplified by about so much, and drawn along the middle of roads and rivers.
SLACK_M = 25.0
# A point vaguer than this tells no neighbours apart, and must not cost more than others.
MOST_REACH_M = 2_000.0

_METRES_PER_DEGREE = 111_320.0


class Around(NamedTuple):
    """The communes at a point: `inside` those whose boundary holds it, `near` those whose boundary lies within its
    accuracy, the former among them. Codes in ascending order."""

    inside: tuple[str, ...]
    near: tuple[str, ...]


class Boundaries:
    """The outlines of communes by code, WGS84 degrees, x the longitude. Not for use by several threads at once."""

    def __init__(self, outlines: Mapping[str, Polygon | MultiPolygon]) -> None:
        import shapely

        self._codes = sorted(outlines)
        self.codes = frozenset(self._codes)
        self._outlines = np.array([outlines[code] for code in self._codes], dtype=object)
        shapely.prepare(self._outlines)
        self._tree = shapely.STRtree(self._outlines)

    def around(self, lat: Sequence[float], lon: Sequence[float], accuracy_m: Sequence[float]) -> list[Around]:
        """What is at each point, in order. `accuracy_m` is the radius in metres within which the point truly lies."""
        import shapely

        y, x = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
        metres = np.minimum(np.asarray(accuracy_m, dtype=np.float64) + SLACK_M, MOST_REACH_M)
        # By the length of a degree of longitude: in no direction less than asked for.
        reach = metres / (_METRES_PER_DEGREE * np.cos(np.radians(y)))
        rows, nth = self._tree.query(shapely.box(x - reach, y - reach, x + reach, y + reach))
        order = np.lexsort((nth, rows))
        rows, nth = rows[order], nth[order]
        outlines = self._outlines[nth]
        inside = shapely.contains_xy(outlines, x[rows], y[rows])
        near = inside.copy()
        rest = ~inside
        points = shapely.points(x[rows[rest]], y[rows[rest]])
        near[rest] = shapely.dwithin(outlines[rest], points, reach[rows[rest]])
        return self._by_row(len(y), rows.tolist(), nth.tolist(), inside.tolist(), near.tolist())

    def _by_row(
        self, count: int, rows: list[int], nth: list[int], inside: list[bool], near: list[bool]
    ) -> list[Around]:
        found: list[tuple[list[str], list[str]]] = [([], []) for _ in range(count)]
        for row, place, within, close in zip(rows, nth, inside, near, strict=True):
            if close:
                held, reached = found[row]
                reached.append(self._codes[place])
                if within:
                    held.append(self._codes[place])
        return [Around(tuple(held), tuple(reached)) for held, reached in found]
