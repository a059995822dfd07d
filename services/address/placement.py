"""Where an address lies, and what a result says of that: all but the text and what stands below the commune."""

from __future__ import annotations

from typing import Final

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Commune, LegacyCommune
from schemas.address import CoordinateLevel, LegacyPlace, Position
from services.address.decide import decide
from services.address.faults import Fault
from services.address.resolve import Resolved

# An enum works its values out each time it is asked.
_NAMES: Final = {fault: fault.value for fault in Fault}


class Unit:
    """A commune of today and its province, as a result says them."""

    def __init__(self, gazetteer: Gazetteer, commune: Commune) -> None:
        province = gazetteer.provinces[commune.province_code]
        self.code: Final = commune.code
        self.name: Final = commune.full_name
        self.province_code: Final = province.code
        self.province: Final = province.full_name
        self.registry_area: Final = commune.registry_area
        self.postal_code: Final = commune.postal_code


class Placement:
    """What was resolved, and its position; `unit` is its commune. Texts with one tail share it where they bring no
    point, so that what follows from it is worked out once."""

    def __init__(
        self,
        resolved: Resolved,
        position: Position | None,
        level: CoordinateLevel,
        unit: Unit | None,
        legacy: LegacyPlace | None,
    ) -> None:
        self.resolved: Final = resolved
        self.position: Final = position
        self.level: Final = level
        self.unit: Final = unit
        self.legacy: Final = legacy
        self.faults: Final = named(resolved.faults)
        self.action: Final = decide(resolved.score, resolved.margin, unit is not None)

    @property
    def told_legacy(self) -> LegacyCommune | None:
        """The old commune, if the text tells it."""
        return None if self.resolved.legacy_assumed else self.resolved.legacy


def named(faults: tuple[Fault, ...]) -> tuple[str, ...]:
    """Faults as they are published."""
    return tuple([_NAMES[fault] for fault in faults]) if faults else ()
