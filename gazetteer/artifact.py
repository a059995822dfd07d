"""The artifact: all places in one gzipped JSON file, column by column, named by the hash of its content.

Columns make it small and quick to load. The version is taken over the JSON text before compression, so that it does
not depend on the zlib of the machine.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import orjson

from gazetteer.model import (
    Area,
    BoundingBox,
    Commune,
    CommuneChange,
    District,
    LegacyCommune,
    Province,
    Successor,
    Village,
)
from gazetteer.places import Places

FORMAT = 2
ARTIFACT = Path(__file__).parent / "artifact" / f"gazetteer-v{FORMAT}.json.gz"

T = TypeVar("T")


class ArtifactError(Exception):
    """The file is not a gazetteer artifact of this format."""


def _bbox(value: list[float] | None) -> BoundingBox | None:
    return None if value is None else BoundingBox(*value)


def _successors(value: list[list[Any]]) -> tuple[Successor, ...]:
    return tuple([Successor(code, usual) for code, usual in value])


# How the columns that are no plain values are read back.
_READERS: dict[str, Callable[[Any], Any]] = {
    "bbox": _bbox,
    "successors": _successors,
    "aliases": tuple,
    "former_kinds": tuple,
}
_TYPES: dict[str, type] = {
    "provinces": Province,
    "districts": District,
    "communes": Commune,
    "areas": Area,
    "legacy": LegacyCommune,
    "villages": Village,
    "changes": CommuneChange,
}


def encode(places: Places) -> tuple[str, bytes]:
    """The version (12 hex digits) and the bytes of the artifact."""
    columns = {name: _columns(getattr(places, name), type_) for name, type_ in _TYPES.items()}
    content = {"format": FORMAT, "edition": places.edition, **columns}
    text = orjson.dumps(content, default=tuple, option=orjson.OPT_SORT_KEYS)
    return _version(text), gzip.compress(text, compresslevel=9, mtime=0)


def decode(data: bytes) -> tuple[str, Places]:
    """Version and places. Raises ArtifactError."""
    try:
        text = gzip.decompress(data)
        content = orjson.loads(text)
        found = content["format"]
    except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"not a gazetteer artifact ({error})") from error
    if found != FORMAT:
        raise ArtifactError(f"the artifact has format {found}, this program reads format {FORMAT}")
    records: dict[str, Any] = {name: _records(content[name], type_) for name, type_ in _TYPES.items()}
    return _version(text), Places(**records, edition=content["edition"])


def _version(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:12]


def _columns(records: Sequence[Any], type_: type) -> dict[str, list[Any]]:
    return {field.name: [getattr(record, field.name) for record in records] for field in fields(type_)}


def _records(columns: dict[str, list[Any]], type_: type[T]) -> tuple[T, ...]:
    names = [field.name for field in fields(type_)]  # type: ignore[arg-type]
    values = [map(_READERS[name], columns[name]) if name in _READERS else _shared(columns[name]) for name in names]
    return tuple(map(type_, *values))


def _shared(column: list[Any]) -> Iterable[Any]:
    """The same values, equal strings as one object: most stand for a province or district, and repeat."""
    seen: dict[str, str] = {}
    return (seen.setdefault(value, value) if type(value) is str else value for value in column)
