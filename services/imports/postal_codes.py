"""The check of a list of postal codes: each row a commune of today and its code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gazetteer.findings import Finding, Severity
from services.address.core import AddressCore
from services.imports.columns import ListRow
from services.imports.communes import NamedCommune, named_communes
from services.imports.report import Problem, warned

_POSTAL_CODE = re.compile(r"([0-9]{4,5})(?:\.0*)?")


@dataclass(frozen=True, slots=True)
class CheckedPostalCodes:
    """Postal codes by commune of today, and what is wrong with the other rows."""

    codes: dict[str, str]
    findings: tuple[Finding, ...]
    rows: int

    @property
    def errors(self) -> int:
        """How many rows cannot be imported."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def check_postal_codes(
    core: AddressCore, rows: Iterable[ListRow], file: str, *, province: str | None = None
) -> CheckedPostalCodes:
    """Check a list. `file` is its name, for the findings; `province` counts where a row names none."""
    rows = list(rows)
    found = _Found({}, {}, {})
    findings: list[Finding] = []
    for row, named in zip(rows, named_communes(core, rows, province), strict=True):
        problem = _take(row, named, found)
        if problem is not None:
            findings.append(problem.at(file, row.number, _code(named)))
    holders = {one.postal_code: one for one in core.gazetteer.communes.values()}
    for commune_code, code in found.codes.items():
        holder = holders.get(code)
        if holder is not None and holder.code != commune_code and holder.code not in found.codes:
            what = f"{code} is the postal code of {holder.full_name} ({holder.code}), which the list leaves as it is"
            problem = warned("postal.taken", what, "add a row for that commune")
            findings.append(problem.at(file, found.row_of_commune[commune_code], commune_code))
    return CheckedPostalCodes(found.codes, tuple(sorted(findings, key=lambda one: one.line)), len(rows))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the rows so far give: codes by commune, and the rows of both."""

    codes: dict[str, str]
    row_of_commune: dict[str, int]
    row_of_code: dict[str, int]


def _take(row: ListRow, named: NamedCommune | Problem, found: _Found) -> Problem | None:
    """Take a row's postal code up, or say what is wrong with it."""
    said = row.text("postal_code") or "nothing"
    match = _POSTAL_CODE.fullmatch(said)
    if isinstance(named, Problem):
        return named
    if match is None:
        return Problem("postal.code", f"{said!r} is no postal code", "give five digits, such as 22110")
    if named.commune is None:
        what = "an old commune that was split has no postal code of its own"
        return Problem("commune.split", what, "name the commune of today")
    code, commune = match.group(1).zfill(5), named.commune
    if commune.code in found.codes:
        what = f"row {found.row_of_commune[commune.code]} has a postal code of {commune.full_name} already"
        return Problem("postal.twice", what, "delete one of the two")
    if code in found.row_of_code:
        return Problem("postal.duplicate", f"row {found.row_of_code[code]} has {code} too", "correct one of the two")
    found.codes[commune.code] = code
    found.row_of_commune[commune.code] = found.row_of_code[code] = row.number
    return None


def _code(named: NamedCommune | Problem) -> str:
    return "" if isinstance(named, Problem) or named.commune is None else named.commune.code
