"""What the check of the source tables can find: one row each, said so that it can be mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gazetteer.tables import Row


class Severity(StrEnum):
    """The build refuses on an error; a warning is known, reported, and lived with."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` is a stable name such as `duplicate.key`; `file` and `line` are where the row stands (the header is
    line 1), `code` is the place it is about, `mend` says what to do."""

    severity: Severity
    kind: str
    file: str
    line: int
    code: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity} {self.kind}: {self.what}; {self.mend}"


class GazetteerInvalid(Exception):  # noqa: N818 (a state of the data, not a failure of the program)
    """The source tables have errors: `findings` has one for each bad row."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def error(kind: str, table: str, row: Row, code: str, what: str, mend: str) -> Finding:
    """An error in a row of a table."""
    return Finding(Severity.ERROR, kind, f"{table}.csv", row.line, code, what, mend)


def warning(kind: str, table: str, row: Row, code: str, what: str, mend: str) -> Finding:
    """A warning about a row of a table."""
    return Finding(Severity.WARNING, kind, f"{table}.csv", row.line, code, what, mend)
