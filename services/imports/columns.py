"""Which column of an imported list is which field, by name or as the user says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gazetteer.names import fold
from services.intake.mapping import MappingError, field_of
from services.intake.numbers import read_decimal, read_epsg, read_metres

PLACE_FIELDS = ("commune_code", "commune", "old_commune_code", "old_commune", "district", "province")
POINT_FIELDS = ("lat", "lon", "easting", "northing", "epsg", "accuracy_m")
VILLAGE_FIELDS = ("village", "kind", *PLACE_FIELDS, *POINT_FIELDS)
POSTAL_FIELDS = ("postal_code", *PLACE_FIELDS)

# Folded headings, beside those that files of addresses have for the same fields.
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "village": (
        *("village", "ten thon to dan pho", "ten thon ban to dan pho", "thon to dan pho", "ten to dan pho", "ten to"),
        *("ten xom", "ten ban", "ten ap", "ten thon xom", "ten thon xom ban", "ten khu pho", "ten khu dan cu"),
    ),
    "kind": ("kind", "loai", "loai hinh", "loai thon", "phan loai", "loai hinh thon to dan pho"),
    "commune_code": (
        *("commune code", "ma xa", "ma phuong", "ma xa phuong", "ma phuong xa", "ma xa phuong dac khu", "maxa"),
        *("ma don vi hanh chinh", "ma dvhc", "ma dvhc cap xa", "ma don vi hanh chinh cap xa", "ma xa moi", "code"),
    ),
    "commune": (
        *("commune", "ten xa phuong", "ten xa phuong dac khu", "ten phuong", "ten phuong xa", "xa moi", "ten xa moi"),
        *("ten don vi hanh chinh", "don vi hanh chinh", "xa phuong moi", "name"),
    ),
    "old_commune_code": ("old commune code", "ma xa cu", "ma xa phuong cu", "ma xa truoc sap xep"),
    "old_commune": (
        *("old commune", "xa cu", "ten xa cu", "xa phuong cu", "xa truoc sap xep", "xa phuong thi tran cu"),
        *("thuoc xa cu", "truoc sap nhap"),
    ),
    "postal_code": (
        *("postal code", "postcode", "post code", "zip", "zip code", "ma buu chinh", "ma buu chinh quoc gia", "mbc"),
        *("ma buu chinh moi",),
    ),
}
_FIELD_OF = {heading: name for name, headings in _HEADINGS.items() for heading in headings}
_NUMBERS = {"easting": read_metres, "northing": read_metres, "epsg": read_epsg}

# What tells a list's heading from the lines above it.
HEADINGS = tuple(_FIELD_OF)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row of a list: its number, counted from 1 below the heading, and what it says by field, empty ones left out.

    `columns` are the headings of the fields.
    """

    number: int
    fields: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A field as text, None where it is empty."""
        value = self.fields.get(name)
        return None if value is None else str(value)


def read_choices(options: Iterable[str], fields: Sequence[str]) -> dict[str, str]:
    """`field=column` options as a mapping. Raises MappingError."""
    chosen: dict[str, str] = {}
    for option in options:
        name, equals, column = (part.strip() for part in option.partition("="))
        if not equals or name not in fields or name in chosen:
            raise MappingError(
                f"--map {option!r} is not FIELD=COLUMN, each field once; the fields are {_named(fields)}"
            )
        chosen[name] = column
    return chosen


def map_list(columns: Sequence[str], fields: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """The column of each field that has one; a chosen column goes before names, the first likely name before others.

    Raises MappingError for a chosen column that there is not.
    """
    found: dict[str, str] = {}
    for name, column in chosen.items():
        alike = [each for each in columns if each == column] or [each for each in columns if fold(each) == fold(column)]
        if len(alike) != 1:
            raise MappingError(f'--map {name}="{column}": there is no such column. The columns are {_named(columns)}')
        found[name] = alike[0]
    for column in columns:
        guessed = _field(column)
        if guessed is not None and guessed in fields and guessed not in found and column not in found.values():
            found[guessed] = column
    return found


def list_row(number: int, values: Mapping[str, Any], columns: Mapping[str, str]) -> ListRow:
    """A row by its fields; numbers are read as people write them, and stay text where they are none."""
    fields: dict[str, Any] = {}
    for name, column in columns.items():
        value = values.get(column)
        if isinstance(value, str):
            value = " ".join(value.split())
        if value is None or value == "":
            continue
        if name in POINT_FIELDS and isinstance(value, str):
            value = _NUMBERS.get(name, read_decimal)(value)
        fields[name] = value
    return ListRow(number, fields, columns)


def _field(heading: str) -> str | None:
    return _FIELD_OF.get(fold(heading)) or field_of(heading)


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
