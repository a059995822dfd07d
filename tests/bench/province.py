"""A synthetic province: addresses as the sample batch composes them, as many as wanted, a quarter with coordinates.

The communes, districts, streets and the way people write are those of Tuyên Quang; the households are made up. One row
in a hundred shows a fault on purpose. The same count gives the same rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from random import Random

from gazetteer.gazetteer import Gazetteer
from gazetteer.samples.compose import KINDS, SEED, Row
from gazetteer.samples.surroundings import surroundings

# So many addresses the post of the province digitised by hand in 2022.
PROVINCE_ROWS = 223_589

# Of the composed rows 45 in a hundred have a point.
_KEEP_POINT = 0.25 / 0.45
# The sample shows every fault often; in a real file they are rare.
_RARE = 50
_RARE_WEIGHT = 0.1


def rows(count: int) -> Iterator[Row]:
    """`count` rows with ids of their own."""
    random, around = Random(SEED), surroundings(Gazetteer.load())
    makers = [maker for _, _, maker in KINDS]
    weights = [amount if amount >= _RARE else amount * _RARE_WEIGHT for _, amount, _ in KINDS]
    for number, maker in enumerate(random.choices(makers, weights, k=count), 1):
        row = replace(maker(random, around), id=f"P{number:07d}")
        if row.lat != "" or row.easting != "":
            row = row if random.random() < _KEEP_POINT else _without_point(row)
        yield row


def _without_point(row: Row) -> Row:
    return replace(row, lat="", lon="", easting="", northing="", epsg="", accuracy_m="")


def write_csv(file: Path, count: int) -> Path:
    """The rows as an operator's file."""
    with file.open("w", encoding="utf-8", newline="") as out:
        names = [field.name for field in fields(Row) if field.name != "composed_as"]
        writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows(count))
    return file
