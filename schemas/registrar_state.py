"""`registrar.state.v1`, the code registry, in the partition of its matched records. Codes are never tombstoned.

Keys: `record:<area>:<record key>`, `code:<code>` or `code:<code>-<unit>`, `cell:<code>`,
`dwelling:<area>:<id>`, `area:<area>`.
"""

from __future__ import annotations

from typing import Literal

from schemas.address import Position
from schemas.record import Record


class RegisteredRecord(Record, frozen=True):
    """The code that a record was given in an area; `code` is None once it left, `moved_to` the area where it went then.
    `version` orders its events.

    When a dwelling moves as a whole, its records are not rewritten: the code they name resolves to the current one.
    """

    version: int
    code: str | None
    unit: str | None
    moved_to: str | None = None
    kind: Literal["record"] = "record"


class RegisteredCode(Record, frozen=True):
    """One issued (code, unit). `holders` counts the records that live there now. Retired ones stay, so that a code is
    never issued twice; `alias_of` names the code with unit that a retired one resolves to, `moved_to` the area where
    its address went, `moved_with` the record to look up there. `issued_at` and
    `retired_at` (RFC 3339) are when the records that led to it were submitted."""

    code: str
    unit: str | None
    status: Literal["issued", "retired"]
    version: int
    dwelling_id: str | None
    address_id: str
    holders: int
    position: Position | None
    aliases: tuple[str, ...] = ()
    alias_of: str | None = None
    moved_to: str | None = None
    moved_with: str | None = None
    issued_at: str | None = None
    retired_at: str | None = None
    kind: Literal["code"] = "code"


class Cell(Record, frozen=True):
    """The highest unit that was issued in a cell with several dwellings."""

    last_unit: int
    kind: Literal["cell"] = "cell"


class Dwelling(Record, frozen=True):
    """The code of a dwelling that the address components single out."""

    code: str
    unit: str | None
    kind: Literal["dwelling"] = "dwelling"


class Area(Record, frozen=True):
    """The last provisional serial of a registry area."""

    last_serial: int
    kind: Literal["area"] = "area"
