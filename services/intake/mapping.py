"""Which column of a file is which field of an address, by name or as the operator says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gazetteer.names import fold

TEXT_FIELDS = ("address", "village", "commune", "district", "province")
NUMBER_FIELDS = ("lat", "lon", "easting", "northing", "epsg", "accuracy_m")
PERSON_FIELDS = ("householder_name", "householder_phone")
FIELDS = ("id", *TEXT_FIELDS, *NUMBER_FIELDS, *PERSON_FIELDS)

# The contract allows this many columns of the operator's own.
MOST_EXTRA = 50
MOST_EXTRA_NAME = 100

# Folded headings. X and Y are left out: surveyors call the northing X, everybody else the easting.
_HEADINGS: dict[str, tuple[str, ...]] = {
    "id": ("id", "source record id", "record id", "ma", "ma so", "ma dia chi", "ma ho", "ma ban ghi"),
    "address": (
        "address",
        "raw",
        "full address",
        "dia chi",
        "diachi",
        "dia chi day du",
        "dia chi chi tiet",
        "dia chi ho",
    ),
    "village": (
        *("village", "thon", "xom", "ban", "ap", "khu pho", "to dan pho", "to", "thon ban", "thon xom", "thon to"),
        *("thon to dan pho", "thon ban to dan pho", "thon xom ban", "ten thon", "ap khu pho"),
    ),
    "commune": (
        *("commune", "ward", "xa", "phuong", "thi tran", "xa phuong", "phuong xa", "xa phuong thi tran", "ten xa"),
        *("phuong xa thi tran", "xa phuong dac khu", "phuong xa dac khu"),
    ),
    "district": (
        *("district", "huyen", "quan", "quan huyen", "huyen quan", "huyen thi xa thanh pho", "quan huyen thi xa"),
        *("huyen thanh pho", "quan huyen thanh pho", "ten huyen"),
    ),
    "province": ("province", "tinh", "tinh thanh", "tinh thanh pho", "thanh pho tinh", "ten tinh"),
    "lat": ("lat", "latitude", "vi do", "vido"),
    "lon": ("lon", "lng", "long", "longitude", "kinh do", "kinhdo"),
    "easting": ("easting", "toa do dong"),
    "northing": ("northing", "toa do bac"),
    "epsg": ("epsg", "ma epsg", "epsg code"),
    "accuracy_m": ("accuracy m", "accuracy", "do chinh xac", "do chinh xac m", "sai so", "sai so m"),
    "householder_name": (
        *("householder name", "householder", "ho ten", "ho va ten", "hoten", "chu ho", "ten chu ho", "ho ten chu ho"),
        *("ho va ten chu ho",),
    ),
    "householder_phone": (
        *("householder phone", "phone", "phone number", "mobile", "dien thoai", "so dien thoai", "sdt", "so dt"),
        *("dien thoai chu ho", "di dong", "so di dong"),
    ),
}
# Columns below the village, of which an address is made where no column holds it whole.
_ADDRESS_PARTS = frozenset(
    (
        *(
            "house number",
            "house no",
            "street",
            "so nha",
            "so nha duong",
            "so nha duong pho",
            "duong",
            "duong pho",
        ),
        *("ten duong", "ten pho", "pho", "ngo", "ngach", "hem", "kiet", "ngo ngach", "ngo hem", "so nha ngo ngach"),
    )
)
# Own columns whose heading holds one of these speak of persons, whatever else they say.
_PERSONAL = (
    *("ho ten", "ho va ten", "chu ho", "chu nha", "nguoi", "khach hang", "dien thoai", "sdt", "so dt", "di dong"),
    *(
        "phone",
        "mobile",
        "email",
        "cccd",
        "cmnd",
        "can cuoc",
        "chung minh",
        "ngay sinh",
        "name",
        "contact",
        "householder",
    ),
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_FIELD_OF = {heading: name for name, headings in _HEADINGS.items() for heading in headings}


class MappingError(ValueError):
    """Columns that cannot be mapped. Says which columns there are, and how to map them."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """`columns` is the column of each field that has one. `extra` are the operator's own columns, `left_out` those for
    which the contract has no room. `address_parts` are the columns that make up the address where no column is it:
    house number, alley and street, in the file's order; they are the operator's own as well."""

    columns: dict[str, str]
    extra: tuple[str, ...]
    left_out: tuple[str, ...]
    address_parts: tuple[str, ...] = ()


def read_choices(options: Iterable[str]) -> dict[str, str]:
    """`field=column` options as a mapping. Raises MappingError for one that names no field, or a field twice."""
    chosen: dict[str, str] = {}
    for option in options:
        name, equals, column = option.partition("=")
        name = name.strip()
        if not equals or name not in FIELDS:
            raise MappingError(f"--map {option!r} is not FIELD=COLUMN; the fields are {', '.join(FIELDS)}")
        if name in chosen:
            raise MappingError(f"--map names the field {name} twice")
        chosen[name] = column.strip()
    return chosen


def map_columns(columns: Sequence[str], chosen: Mapping[str, str]) -> ColumnMap:
    """The map of a file with these headings; `chosen` (field to column, or to nothing) goes before names.

    Raises MappingError when a chosen column does not exist, two could be the same field, or none is the address.
    """
    chosen = {name: _existing(column, name, columns) if column else "" for name, column in chosen.items()}
    found = _by_name(columns, chosen)
    found.update({name: [column] for name, column in chosen.items() if column})
    for name, candidates in found.items():
        if len(candidates) > 1:
            raise MappingError(
                f"the columns {_listed(candidates)} could all be the field {name}; "
                f"say which: --map {name}={_quoted(candidates[0])}"
            )
    parts = () if "address" in found else tuple(column for column in columns if fold(column) in _ADDRESS_PARTS)
    if "address" not in found and not (parts or "village" in found):
        raise MappingError(
            f"no column is the address. The columns are {_listed(columns)}; "
            f"say which one holds it: --map address={_quoted(columns[0] if columns else 'COLUMN')}"
        )
    return replace(_column_map(columns, {name: found[name][0] for name in found}), address_parts=parts)


def map_keys(keys: Sequence[str], chosen: Mapping[str, str]) -> ColumnMap:
    """The map of one JSON object; unlike a heading it can lack fields, and the first of two likely keys is taken."""
    found = {name: candidates[0] for name, candidates in _by_name(keys, chosen).items()}
    found.update({name: column for name, column in chosen.items() if column in keys})
    return _column_map(keys, found)


def field_of(heading: str) -> str | None:
    """The field that a heading names, None for a column of the operator's own. What it says in brackets may go."""
    return _FIELD_OF.get(fold(heading)) or _FIELD_OF.get(fold(_BRACKETS.sub(" ", heading)))


def is_personal(column: str) -> bool:
    """Whether a column's name says that it holds personal data."""
    words = f" {fold(column)} "
    return any(f" {each} " in words for each in _PERSONAL)


def _by_name(columns: Sequence[str], chosen: Mapping[str, str]) -> dict[str, list[str]]:
    """The columns whose name fits each field that is not chosen. A field's own name beats its other names."""
    taken = set(chosen.values())
    found: dict[str, list[str]] = {}
    for column in columns:
        name = field_of(column)
        if name is not None and name not in chosen and column not in taken:
            found.setdefault(name, []).append(column)
    return {name: [name] if name in candidates else candidates for name, candidates in found.items()}


def _existing(column: str, name: str, columns: Sequence[str]) -> str:
    if column in columns:
        return column
    alike = [each for each in columns if fold(each) == fold(column)]
    if len(alike) == 1:
        return alike[0]
    raise MappingError(f"--map {name}={_quoted(column)}: there is no such column. The columns are {_listed(columns)}")


def _column_map(columns: Sequence[str], found: dict[str, str]) -> ColumnMap:
    mapped = set(found.values())
    own = [column for column in columns if column not in mapped]
    extra = [column for column in own if len(column) <= MOST_EXTRA_NAME][:MOST_EXTRA]
    left_out = tuple(column for column in own if column not in extra)
    return ColumnMap(columns=found, extra=tuple(extra), left_out=left_out)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(_quoted, columns)) or "none"


def _quoted(column: str) -> str:
    return f'"{column}"'
