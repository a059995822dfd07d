"""The province as records of `address.raw.v1`, made by intake's own code from the file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from services.intake.readers import open_table
from services.intake.records import Record, RecordBuilder
from tests.bench.province import write_csv

SOURCE = "bench"
BATCH_ID = "bench"


def raw_records(count: int) -> Iterator[Record]:
    """`count` rows, as `diachi submit` would send them."""
    with tempfile.TemporaryDirectory() as folder:
        table = open_table(write_csv(Path(folder) / "province.csv", count))
        builder = RecordBuilder(SOURCE, table.columns, {}, BATCH_ID)
        yield from map(builder.build, table.rows())
