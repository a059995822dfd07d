"""Where the demo's batch comes from, and what it leaves in the topics."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from aiokafka.admin import AIOKafkaAdminClient

import gazetteer
from schemas.codec import decode, encode
from schemas.digitised import DigitisedAddress
from schemas.map_feature import MapFeature
from schemas.national import NationalAddress
from schemas.review import ReviewItem
from services.cli.demo_view import Published
from services.intake.readers import open_table
from services.stream.connection import Connection
from services.stream.snapshot import read_snapshot
from services.stream.topics import DIGITISED, MAP_FEATURE, NATIONAL, REVIEW

T = TypeVar("T")


def sample_file() -> Path:
    """The composed batch of Tuyên Quang that comes with the gazetteer."""
    return Path(gazetteer.__file__).with_name("samples") / "tuyen_quang.csv"


def demo_prefix() -> str:
    """A prefix for the topics of one demo, so that it reads its own records only, on whichever broker."""
    return f"demo-{uuid.uuid4().hex[:8]}."


def read_published(connection: Connection, prefix: str, file: Path) -> Published:
    """All that the output topics hold, with the rows of the file."""

    async def read() -> list[dict[bytes, bytes]]:
        topics = (DIGITISED, MAP_FEATURE, NATIONAL, REVIEW)
        return await asyncio.gather(*(read_snapshot(connection, prefix + topic) for topic in topics))

    digitised, features, national, reviews = asyncio.run(read())
    return Published(
        digitised=_decoded(DigitisedAddress, digitised),
        features=_decoded(MapFeature, features),
        national=_decoded(NationalAddress, national),
        reviews=_decoded(ReviewItem, reviews),
        rows={row.number: row.values for row in open_table(file).rows() if row.values is not None},
    )


def write_map(published: Published, folder: Path) -> Path:
    """Write the map features as one GeoJSON FeatureCollection; those without a point have a null geometry."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tuyen_quang.geojson"
    collection = {"type": "FeatureCollection", "features": list(published.features.values())}
    file.write_bytes(encode(collection) + b"\n")
    return file


def remove_topics(connection: Connection, prefix: str) -> None:
    """Delete the topics of a demo from a broker that goes on after it."""

    async def remove() -> None:
        admin = AIOKafkaAdminClient(**connection.client_arguments())
        await admin.start()
        try:
            await admin.delete_topics([name for name in await admin.list_topics() if name.startswith(prefix)])
        finally:
            await admin.close()

    asyncio.run(remove())


def _decoded(kind: type[T], snapshot: Mapping[bytes, bytes]) -> dict[bytes, T]:
    return {key: decode(kind, value) for key, value in snapshot.items()}
