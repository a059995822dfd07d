"""What `diachi demo` shows of the output topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.table import Table

from schemas.digitised import DigitisedAddress
from schemas.map_feature import MapFeature
from schemas.national import NationalAddress
from schemas.review import ReviewItem

# One row of each kind, told apart by the sample's own column.
_KIND = "composed_as"
_SHOWN_KINDS = ("street", "old style, full", "new style, short", "no tones", "attested village", "old style, in fields")
_SHOWN_REVIEWS = ("point in another commune", "split commune", "wrong district", "metres without zone")
_TEXT_COLUMNS = ("address", "village", "commune", "district", "province")
_POINT_COLUMNS = ("lat", "lon", "easting", "northing", "epsg")


@dataclass(frozen=True, slots=True)
class Published:
    """What the topics hold of the batch, by key, and the rows that it came from, by line number."""

    digitised: Mapping[bytes, DigitisedAddress]
    features: Mapping[bytes, MapFeature]
    national: Mapping[bytes, NationalAddress]
    reviews: Mapping[bytes, ReviewItem]
    rows: Mapping[int, Mapping[str, str]]


def examples_table(published: Published, width: int) -> Table:
    """A few rows with their map feature and their national record, in `width` columns."""
    table = Table(show_lines=True, width=width)
    table.add_column("as submitted", ratio=30, overflow="fold")
    table.add_column("on the map", ratio=29, overflow="fold")
    table.add_column("for the national platform", ratio=33, overflow="fold")
    for key, row in _examples(published):
        table.add_row(_submitted(row), _on_map(published.features[key]), _national(published.national[key]))
    return table


def reviews_table(published: Published, width: int) -> Table:
    """A few rows that a person must decide, with the best guess and the faults, in `width` columns."""
    table = Table(show_lines=True, width=width)
    table.add_column("as submitted", ratio=40, overflow="fold")
    table.add_column("best guess", ratio=24, overflow="fold")
    table.add_column("why it was not published", ratio=28, overflow="fold")
    for item, row in _reviews(published):
        result = item.result
        guess = f"{result.commune or '—'}\n{result.province or ''}".rstrip()
        table.add_row(
            _submitted(row), guess, f"{result.next_action.value}, score {result.score}\n" + "\n".join(result.faults)
        )
    return table


def _examples(published: Published) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    lines = {item.line_no: key for key, item in published.digitised.items() if key in published.features}
    for kind in _SHOWN_KINDS:
        for line, row in published.rows.items():
            if line in lines and row.get(_KIND) == kind:
                yield lines[line], row
                break


def _reviews(published: Published) -> Iterator[tuple[ReviewItem, Mapping[str, str]]]:
    lines = {item.line_no: item for item in published.reviews.values()}
    for kind in _SHOWN_REVIEWS:
        for line, row in published.rows.items():
            if line in lines and row.get(_KIND) == kind:
                yield lines[line], row
                break


def _submitted(row: Mapping[str, str]) -> str:
    text = "\n".join(row[name] for name in _TEXT_COLUMNS if row.get(name))
    point = " ".join(row[name] for name in _POINT_COLUMNS if row.get(name))
    return f"{text}\n[dim]{point}[/dim]" if point else text


def _on_map(feature: MapFeature) -> str:
    properties = feature.properties
    lines = [f"[bold]{properties.written_code}[/bold]", properties.label]
    if feature.geometry is None:
        return "\n".join([*lines, "[dim]no point finer than the commune[/dim]"])
    lon, lat = feature.geometry.coordinates
    accuracy = "" if properties.accuracy_m is None else f" ±{properties.accuracy_m:g} m"
    return "\n".join([*lines, f"{lat:.5f}, {lon:.5f}{accuracy}"])


def _national(address: NationalAddress) -> str:
    lines = [address.full_address, f"commune {address.commune_code}, matched to the {address.match_level.value}"]
    if address.legacy is not None:
        old = address.legacy
        perhaps = "perhaps " if old.assumed else ""
        lines.append(f"[dim]until June 2025 {perhaps}{old.commune}, {old.district}, {old.province}[/dim]")
    return "\n".join(lines)
