"""What users import beside the built gazetteer: village lists, postal codes, boundaries of communes.

They are the user's data, and live in a folder of the user's: one file a kind, in one fixed form, so that equal content
makes equal bytes. Each row names the edition of the gazetteer that it was checked against. The loader follows them to
its own edition and lays them over the artifact; their digest is part of the gazetteer's version.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gazetteer.changes import FIRST_EDITION
from gazetteer.following import CommuneOf, Followed, Listed
from gazetteer.model import Village
from gazetteer.places import Places
from gazetteer.villages import in_order, with_newer

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

VILLAGES = "villages.csv"
POSTAL_CODES = "postal-codes.csv"
BOUNDARIES = "boundaries.geojson"
FILES = (VILLAGES, POSTAL_CODES, BOUNDARIES)

SOURCE = "import"
# A decimetre: finer digits say nothing.
DECIMALS = 6

_VILLAGE_COLUMNS = ("commune", "legacy_commune", "kind", "name", "lat", "lon", "edition")
_POSTAL_COLUMNS = ("commune", "postal_code", "edition")
# What was imported before rows had an edition is taken for the oldest: then a commune that changed since is in doubt.
_UNSTAMPED = FIRST_EDITION
_EDITION = re.compile(r"\d{4}-\d{2}-\d{2}")

Outlines = Mapping[CommuneOf, "Polygon | MultiPolygon"]


class ImportsUnusable(Exception):  # noqa: N818 (a state of the data, not a failure of the program)
    """A file in the folder of imports cannot be used. Says which, where, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Imports:
    """All that was imported, of all editions. `digest` names the content; it is empty where nothing was."""

    villages: tuple[Listed, ...]
    postal_codes: Mapping[CommuneOf, str]
    outlines: Outlines
    digest: str


NOTHING = Imports((), {}, {}, "")


def read_imports(folder: Path) -> Imports:
    """The imports in a folder, which need not exist. Raises ImportsUnusable."""
    digest = hashlib.sha256()
    found: dict[str, bytes] = {}
    for name in FILES:
        data = _bytes(folder / name)
        if data is not None:
            found[name] = data
            digest.update(b"%s %d\n" % (name.encode(), len(data)))
            digest.update(data)
    if not found:
        return NOTHING
    return Imports(
        villages=read_villages(folder, found.get(VILLAGES)),
        postal_codes=read_postal_codes(folder, found.get(POSTAL_CODES)),
        outlines=read_outlines(folder, found.get(BOUNDARIES)),
        digest=digest.hexdigest(),
    )


def overlaid(places: Places, followed: Followed) -> Places:
    """The places with what counts of the imports laid over them."""
    postal_codes = followed.postal_codes
    communes = tuple(
        replace(commune, postal_code=postal_codes[commune.code]) if commune.code in postal_codes else commune
        for commune in places.communes
    )
    villages = with_newer(places.villages, (entry.village for entry in followed.villages))
    return replace(places, communes=communes, villages=villages)


def read_villages(folder: Path, data: bytes | None = None) -> tuple[Listed, ...]:
    """The imported villages of a folder, of all editions. Raises ImportsUnusable."""
    path = folder / VILLAGES
    try:
        return tuple(
            Listed(
                Village(
                    name=row["name"],
                    kind=row["kind"],
                    legacy_commune_code=row["legacy_commune"] or None,
                    commune_code=row["commune"] or None,
                    source=SOURCE,
                    lat=float(row["lat"]) if row["lat"] else None,
                    lon=float(row["lon"]) if row["lon"] else None,
                ),
                row["edition"],
            )
            for row in _rows(path, data, _VILLAGE_COLUMNS)
        )
    except ValueError as error:
        raise ImportsUnusable(f"{path}: {error}: delete it, and import the list again") from error


def write_villages(folder: Path, villages: Iterable[Listed]) -> bool:
    """Keep these villages and no others; whether that changed anything. Raises OSError."""
    rows = [
        (
            *(village.commune_code or "", village.legacy_commune_code or "", village.kind, village.name),
            *("" if degrees is None else repr(round(degrees, DECIMALS)) for degrees in (village.lat, village.lon)),
            edition,
        )
        for village, edition in sorted(villages, key=lambda one: (*in_order(one.village), one.edition))
    ]
    return _replace(folder / VILLAGES, _csv(_VILLAGE_COLUMNS, rows))


def read_postal_codes(folder: Path, data: bytes | None = None) -> dict[CommuneOf, str]:
    """The imported postal codes of a folder, of all editions. Raises ImportsUnusable."""
    rows = _rows(folder / POSTAL_CODES, data, _POSTAL_COLUMNS)
    return {CommuneOf(row["commune"], row["edition"]): row["postal_code"] for row in rows}


def write_postal_codes(folder: Path, codes: Mapping[CommuneOf, str]) -> bool:
    """Keep these postal codes and no others; whether that changed anything. Raises OSError."""
    rows = [(of.code, code, of.edition) for of, code in sorted(codes.items())]
    return _replace(folder / POSTAL_CODES, _csv(_POSTAL_COLUMNS, rows))


def read_outlines(folder: Path, data: bytes | None = None) -> Outlines:
    """The imported boundaries of a folder, of all editions. Raises ImportsUnusable."""
    path = folder / BOUNDARIES
    data = _bytes(path) if data is None else data
    if data is None:
        return {}
    import shapely

    try:
        properties = [feature["properties"] for feature in orjson.loads(data)["features"]]
        communes = [CommuneOf(one["code"], _edition(one.get("edition"))) for one in properties]
        outlines = shapely.get_parts(shapely.from_geojson(data)).tolist()
        found = dict(zip(communes, outlines, strict=True))
    except (ValueError, TypeError, KeyError, shapely.GEOSException) as error:
        raise ImportsUnusable(f"{path}: not a file of imported boundaries: delete it, and import them again") from error
    if not all(outline.geom_type in ("Polygon", "MultiPolygon") for outline in outlines):
        raise ImportsUnusable(f"{path}: there is something that is no area: delete it, and import them again")
    return found


def write_outlines(folder: Path, outlines: Outlines) -> bool:
    """Keep these boundaries and no others; whether that changed anything. Raises OSError."""
    lines = []
    for of in sorted(outlines):
        shape = outlines[of].__geo_interface__
        geometry = {"type": shape["type"], "coordinates": _rounded(shape["coordinates"])}
        lines.append(orjson.dumps({"type": "Feature", "properties": of._asdict(), "geometry": geometry}))
    data = b'{"type":"FeatureCollection","features":[\n' + b",\n".join(lines) + b"\n]}\n"
    return _replace(folder / BOUNDARIES, data if lines else b"")


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float | int):
        return round(float(coordinates), DECIMALS)
    return [_rounded(part) for part in coordinates]


def _edition(text: str | None) -> str:
    """The edition that a row names. Raises ValueError for what is no day."""
    if text is None:
        return _UNSTAMPED
    if not _EDITION.fullmatch(text):
        raise ValueError(f"{text[:20]!r} is no edition")
    return text


def _rows(path: Path, data: bytes | None, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    data = _bytes(path) if data is None else data
    if data is None:
        return
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
        found = tuple(reader.fieldnames or ())
        if found not in (columns, columns[:-1]):
            raise ValueError(f"the columns are not {', '.join(columns)}")
        for row in reader:
            if None in row or None in row.values():
                raise ValueError(f"line {reader.line_num} has not {len(found)} cells")
            yield {**row, "edition": _edition(row.get("edition"))}
    except (ValueError, csv.Error) as error:
        raise ImportsUnusable(f"{path}: {error}: delete it, and import the list again") from error


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ImportsUnusable(f"{path} cannot be read: {error.strerror}") from error


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    before = file.tell()
    writer.writerows(rows)
    return file.getvalue().encode() if file.tell() > before else b""


def _replace(path: Path, data: bytes) -> bool:
    """Make the file hold `data`, all at once, or take it away where that is empty; whether it held something else."""
    if (_bytes(path) or b"") == data:
        return False
    if not data:
        path.unlink()
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".importing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True
