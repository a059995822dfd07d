"""Writes digitised rows as JSON Lines, CSV or GeoJSON: one for each input row, in order, also where it was refused."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from typing import Any, BinaryIO, Protocol

import orjson

from schemas.address import AddressResult, CoordinateLevel
from schemas.raw import RawAddress
from services.address.redact import redact
from services.intake.mapping import is_personal
from services.intake.records import Record

_NO_GEOMETRY = (CoordinateLevel.NONE, CoordinateLevel.COMMUNE)
# Spreadsheets take a file for UTF-8 only if it says so.
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a row is no valid record: error code, and a sentence that says where and how to mend it."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one row. `raw` is the valid record, and `result` its digitised form, None for a refused row."""

    record: Record
    raw: RawAddress | None
    result: AddressResult | None
    refused: Refused | None


class Writer(Protocol):
    """Writes answers to a file that the caller opened."""

    def write(self, answers: Sequence[Answer]) -> None:
        """Write some rows."""

    def finish(self) -> None:
        """Write what closes the file."""


RESULT_FIELDS = (
    *("commune_code", "commune", "province_code", "province"),
    *("legacy_commune_code", "legacy_commune", "legacy_district", "legacy_province"),
    *("house_number", "alley", "street", "village", "building", "unit"),
    *("postal_code", "proposed_code", "lat", "lon", "accuracy_m"),
    *("match_level", "coordinate_level", "score", "margin", "faults", "next_action"),
    *("error_code", "error_detail"),
)


def result_fields(answer: Answer) -> dict[str, Any]:
    """The result as one flat object, RESULT_FIELDS in order; all but the error is null for a refused row."""
    if answer.result is None:
        fields: dict[str, Any] = {**dict.fromkeys(RESULT_FIELDS), "faults": []}
        if answer.refused is not None:
            fields |= {"error_code": answer.refused.code, "error_detail": answer.refused.detail}
        return fields
    result = answer.result
    legacy, position = result.legacy, result.position
    return {
        "commune_code": result.commune_code,
        "commune": result.commune,
        "province_code": result.province_code,
        "province": result.province,
        "legacy_commune_code": legacy.commune_code if legacy else None,
        "legacy_commune": legacy.commune if legacy else None,
        "legacy_district": legacy.district if legacy else None,
        "legacy_province": legacy.province if legacy else None,
        **asdict(result.components),
        "postal_code": result.registry_area,
        "proposed_code": result.proposed_code,
        "lat": position.lat if position else None,
        "lon": position.lon if position else None,
        "accuracy_m": position.accuracy_m if position else None,
        "match_level": result.match_level.value,
        "coordinate_level": result.coordinate_level.value,
        "score": result.score,
        "margin": result.margin,
        "faults": list(result.faults),
        "next_action": result.next_action.value,
        "error_code": None,
        "error_detail": None,
    }


class JsonLinesWriter:
    """One object a line: the row's id and number, the result, and the operator's own columns as `extra`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, answers: Sequence[Answer]) -> None:
        lines = []
        for answer in answers:
            line = {"id": _id(answer), "line_no": answer.record.line_no, **result_fields(answer)}
            if answer.raw is not None and answer.raw.extra:
                line["extra"] = answer.raw.extra
            lines.append(_dumps(line))
        self._file.write(b"".join(lines))

    def finish(self) -> None:
        """Nothing closes JSON Lines."""


class CsvWriter:
    """The file's own columns, then those of the result; a result column whose name is taken is called `result_…`."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = tuple(columns)
        self._text = StringIO()
        self._rows = csv.writer(self._text)
        taken = set(columns)
        self._rows.writerow([*columns, *(f"result_{name}" if name in taken else name for name in RESULT_FIELDS)])
        file.write(_BOM)

    def write(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            values = answer.record.row.values or {}
            fields = result_fields(answer)
            fields["faults"] = " ".join(fields["faults"])
            self._rows.writerow([*(_cell(values.get(name)) for name in self._columns), *fields.values()])
        self._flush()

    def finish(self) -> None:
        self._flush()

    def _flush(self) -> None:
        self._file.write(self._text.getvalue().encode(errors="surrogateescape"))
        self._text.seek(0)
        self._text.truncate()


class GeoJsonWriter:
    """A FeatureCollection (RFC 7946). It is made to be passed on: no personal data, and of the operator's own columns
    only those whose name does not speak of persons, without phones and the householder's name."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._separator = b"\n"
        file.write(b'{"type":"FeatureCollection","features":[')

    def write(self, answers: Sequence[Answer]) -> None:
        parts = []
        for answer in answers:
            parts += [self._separator, _dumps(_feature(answer)).rstrip()]
            self._separator = b",\n"
        self._file.write(b"".join(parts))

    def finish(self) -> None:
        self._file.write(b"\n]}\n")


def _feature(answer: Answer) -> dict[str, Any]:
    fields = result_fields(answer)
    lat, lon = fields.pop("lat"), fields.pop("lon")
    geometry = None
    if answer.result is not None and lat is not None and answer.result.coordinate_level not in _NO_GEOMETRY:
        geometry = {"type": "Point", "coordinates": [lon, lat]}
    properties = {"line_no": answer.record.line_no, **fields}
    if answer.raw is not None and answer.result is not None:
        properties["address"] = answer.result.address_text
        for name, text in (answer.raw.extra or {}).items():
            if not is_personal(name):
                properties[f"own_{name}" if name in properties else name] = redact(text, answer.raw.householder)
    return {"type": "Feature", "id": _id(answer), "geometry": geometry, "properties": properties}


def _id(answer: Answer) -> Any:
    """The id of the row, a number where the row has a number."""
    values = answer.record.row.values or {}
    for given in (values.get("id"), values.get("source_record_id")):
        if isinstance(given, int) and str(given) == answer.record.id:
            return given
    return answer.record.id


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float) else orjson.dumps(value).decode()


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
