"""The check of a list of villages: each row a village of one commune, with or without a point."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gazetteer.findings import Finding, Severity
from gazetteer.gazetteer import Gazetteer
from gazetteer.imports import DECIMALS, SOURCE
from gazetteer.model import Commune, Village
from gazetteer.names import fold, tidy
from gazetteer.villages import name_key
from schemas.raw import RawPosition
from services.address.core import AddressCore
from services.address.faults import Fault
from services.address.locate import Point, may_lie_in, part_at, points_of
from services.address.position import PointReading, read_points
from services.imports.columns import POINT_FIELDS, ListRow
from services.imports.communes import NamedCommune, named_communes
from services.imports.report import Problem, warned

# Folded words for kinds of villages, and how they are written. The longest one counts.
KINDS = {
    "to dan pho": "tổ dân phố", "tdp": "tổ dân phố", "to nhan dan": "tổ nhân dân", "khu dan cu": "khu dân cư",
    "khu pho": "khu phố", "khu vuc": "khu vực", "khoi pho": "khối phố", "tieu khu": "tiểu khu", "thon": "thôn",
    "xom": "xóm", "ap": "ấp", "khom": "khóm", "ban": "bản", "buon": "buôn", "bon": "bon", "plei": "plei",
    "lang": "làng", "soc": "sóc", "to": "tổ", "khu": "khu", "khoi": "khối", "doi": "đội", "cum": "cụm", "phum": "phum",
    # Not villages, but they tell the part of a divided commune in the same way.
    "duong": "đường", "pho": "phố",
}  # fmt: skip
_MOST_WORDS = 3
_MOST_NAME = 100
_BATCH_ROWS = 2000
# Mistakes of a point that are mended or only say how fine it is.
_MENDED = frozenset({Fault.POINT_SWAPPED_AXES, Fault.POINT_COARSE, Fault.POINT_METRES_AS_DEGREES})


@dataclass(frozen=True, slots=True)
class CheckedVillages:
    """The villages of a list that can be imported, in its order, and what is wrong with the others, row by row."""

    villages: tuple[Village, ...]
    findings: tuple[Finding, ...]
    rows: int

    @property
    def errors(self) -> int:
        """How many rows cannot be imported."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class _Name:
    kind: str
    name: str


def check_villages(
    core: AddressCore, rows: Iterable[ListRow], file: str, *, province: str | None = None, kind: str | None = None
) -> CheckedVillages:
    """Check a list. `file` is its name, for the findings; `province` and `kind` count where a row names none."""
    villages: list[Village] = []
    findings: list[Finding] = []
    seen: dict[tuple[str | None, str | None, str], int] = {}
    count = 0
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH_ROWS)):
        count += len(batch)
        for row, village, problems in _check_batch(core, batch, province, kind):
            code = (village.commune_code or village.legacy_commune_code or "") if village else ""
            findings += [problem.at(file, row.number, code) for problem in problems]
            if village is None:
                continue
            key = (village.commune_code, village.legacy_commune_code, name_key(village))
            if key in seen:
                findings.append(_twice(village, seen[key]).at(file, row.number, code))
                continue
            seen[key] = row.number
            villages.append(village)
    return CheckedVillages(tuple(villages), tuple(findings), count)


def _check_batch(
    core: AddressCore, rows: Sequence[ListRow], province: str | None, kind: str | None
) -> Iterator[tuple[ListRow, Village | None, list[Problem]]]:
    communes = named_communes(core, rows, province)
    points = read_points([_position(row) for row in rows])
    places = points_of([point.position for point in points], core.gazetteer.boundaries)
    for row, commune, point, place in zip(rows, communes, points, places, strict=True):
        problems: list[Problem] = []
        name = _name(row, kind)
        problems += [each for each in (name, commune) if isinstance(each, Problem)]
        problems += _point_problems(row, point)
        village = None
        if isinstance(name, _Name) and isinstance(commune, NamedCommune):
            village, more = _village(core.gazetteer, name, commune, place)
            problems += more
        refused = any(problem.severity is Severity.ERROR for problem in problems)
        yield row, None if refused else village, problems


def _name(row: ListRow, kind: str | None) -> _Name | Problem:
    """The village's kind and name, which a list writes together or in two columns."""
    text = tidy(row.text("village") or "")
    if not text:
        return Problem("village.missing", "the row names no village", "name it, or delete the row")
    if len(text) > _MOST_NAME or not text.isprintable():
        return Problem(
            "village.name", "this is too long for a village's name, or holds control characters", "shorten it"
        )
    said, name = _split(text)
    if not name:
        return Problem("village.name", f"{text!r} says what it is, and has no name", "add its name or number")
    column = row.columns.get("village", "")
    said = said or _kind(row.text("kind") or "") or _kind(column.removeprefix("Tên ")) or _kind(kind or "")
    if said is None:
        mend = "write it before the name (Thôn Tân Lập), in a column (kind), or for all rows (--kind thôn)"
        return Problem("village.kind", f"nothing says what {text!r} is: thôn, tổ dân phố…", mend)
    return _Name(said, name)


def _split(text: str) -> tuple[str | None, str]:
    """The kind that a village's text begins with, if it does, and the rest."""
    words = text.split()
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        kind = KINDS.get(fold(" ".join(words[:count])))
        if kind is not None and _spelt(kind, words[:count]):
            return kind, " ".join(words[count:])
    return None, text


def _spelt(kind: str, words: Sequence[str]) -> bool:
    """Whether words can be the kind's: accents, where there are any, must be its own (Ấp, but not Áp)."""
    written = " ".join(words).lower()
    return written.isascii() or tidy(written) == kind


def _kind(text: str) -> str | None:
    return KINDS.get(fold(text))


def _position(row: ListRow) -> RawPosition | None:
    """The row's coordinates, if all that are given are numbers."""
    given = {name: row.fields[name] for name in POINT_FIELDS if name in row.fields}
    if not given or not all(map(_is_number, given.values())):
        return None
    if "epsg" in given:
        given["epsg"] = int(given["epsg"])
    return RawPosition(**given)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _point_problems(row: ListRow, point: PointReading) -> Iterator[Problem]:
    for name in POINT_FIELDS:
        value = row.fields.get(name)
        if value is not None and not _is_number(value):
            yield Problem("point.unreadable", f"{name} is {str(value)[:30]!r}, no number", "correct or empty the cell")
    for fault in point.faults:
        if fault in _MENDED:
            yield warned(fault.value, fault.en, "look whether that is right")
        else:
            yield Problem(fault.value, fault.en, "correct the coordinates, or leave them empty")


def _village(
    gazetteer: Gazetteer, name: _Name, named: NamedCommune, point: Point | None
) -> tuple[Village, list[Problem]]:
    """The village, its commune told by the point where the row leaves it open, and its point if it lies there."""
    problems: list[Problem] = []
    commune = named.commune
    if commune is None:
        parts = [gazetteer.communes[code] for code in named.parts]
        commune = None if point is None else _part(point, parts)
        if commune is None:
            known = ", ".join(f"{part.full_name} ({part.code})" for part in parts)
            what = f"{name.kind} {name.name} is imported for its old commune only: that was split among {known}"
            problems.append(warned("commune.split", what, "give its commune of today (commune_code), or a point"))
    village = Village(
        name.name, name.kind, named.legacy.code if named.legacy else None, commune.code if commune else None, SOURCE
    )
    if point is None:
        return village, problems
    outside = None if commune is None else _outside(point, commune)
    if outside is not None:
        return village, [*problems, outside]
    position = point.position
    return replace(village, lat=round(position.lat, DECIMALS), lon=round(position.lon, DECIMALS)), problems


def _part(point: Point, parts: Sequence[Commune]) -> Commune | None:
    part, sure = part_at(point, parts)
    return part if sure else None


def _outside(point: Point, commune: Commune) -> Problem | None:
    """What is wrong with a point that does not lie in its commune; without boundaries that is an estimate."""
    if may_lie_in(point, commune, None):
        return None
    mend = "correct the point or the commune"
    if commune.code in point.bounded:
        return Problem("point.outside_commune", f"the point lies outside {commune.full_name}", mend)
    what = f"the point seems to lie outside {commune.full_name}, and is left out"
    return warned("point.outside_commune", what, f"{mend}, or import boundaries")


def _twice(village: Village, row: int) -> Problem:
    what = f"row {row} has {village.kind} {village.name} already; this one is left out"
    return warned("village.twice", what, "if they are two, name the old commune of each (old_commune)")
