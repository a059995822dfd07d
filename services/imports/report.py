"""What a check of imported rows says."""

from __future__ import annotations

from dataclasses import dataclass

from gazetteer.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one row, before its place in the file is known. `kind` is a stable name such as
    `commune.unknown`."""

    kind: str
    what: str
    mend: str
    severity: Severity = Severity.ERROR

    def at(self, file: str, row: int, code: str = "") -> Finding:
        """The finding; `row` counts from 1 below the heading."""
        return Finding(self.severity, self.kind, file, row, code, self.what, self.mend)


def warned(kind: str, what: str, mend: str) -> Problem:
    """A problem that is lived with."""
    return Problem(kind, what, mend, Severity.WARNING)
