"""A synthetic province: addresses as the sample batch composes them, as many as wanted, a quarter with coordinates.

The communes, districts, streets and the way people write are those of Tuyên Quang; the households are made up. One row
in a hundred shows a fault on purpose. The same count gives the same rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any

from gazetteer.gazetteer import Gazetteer
from gazetteer.samples.compose import KINDS, SEED, Row
from gazetteer.samples.surroundings import Place, surroundings

# So many addresses the post of the province digitised by hand in 2022.
PROVINCE_ROWS = 223_589

# Of the composed rows 45 in a hundred have a point.
_KEEP_POINT = 0.25 / 0.45
# The sample shows every fault often; in a real file they are rare.
_RARE = 50
_RARE_WEIGHT = 0.1


@dataclass(frozen=True, slots=True)
class Composed:
    """A row, and the code of the commune of today that it was composed for; None where the row shows a fault that
    leaves this open."""

    row: Row
    commune_code: str | None


class _Noting(Random):
    """Remembers the place that was drawn last, and draws as any other."""

    place: Place | None = None

    def choice(self, seq: Any) -> Any:
        drawn = super().choice(seq)
        if isinstance(drawn, Place):
            self.place = drawn
        return drawn


def composed(count: int) -> Iterator[Composed]:
    """`count` rows with ids of their own, and where each is."""
    random, around = _Noting(SEED), surroundings(Gazetteer.load())
    weights = [amount if amount >= _RARE else amount * _RARE_WEIGHT for _, amount, _ in KINDS]
    for number, (_, amount, maker) in enumerate(random.choices(KINDS, weights, k=count), 1):
        row = replace(maker(random, around), id=f"P{number:07d}")
        commune = random.place.commune.code if random.place is not None and amount >= _RARE else None
        if row.lat != "" or row.easting != "":
            row = row if random.random() < _KEEP_POINT else _without_point(row)
        yield Composed(row, commune)


def rows(count: int) -> Iterator[Row]:
    """The rows alone."""
    return (one.row for one in composed(count))


def _without_point(row: Row) -> Row:
    return replace(row, lat="", lon="", easting="", northing="", epsg="", accuracy_m="")


def write_csv(file: Path, count: int) -> Path:
    """The rows as an operator's file."""
    with file.open("w", encoding="utf-8", newline="") as out:
        names = [field.name for field in fields(Row) if field.name != "composed_as"]
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(map(attrgetter(*names), rows(count)))
    return file
