"""Where an address lies, and what a result says of that: all but the text and what stands below the commune."""

from __future__ import annotations

from typing import Final

from gazetteer.gazetteer import Gazetteer
from gazetteer.model import LegacyCommune
from schemas.address import CoordinateLevel, LegacyPlace, Position
from services.address.decide import decide
from services.address.faults import Fault
from services.address.resolve import Resolved

# An enum works its values out each time it is asked.
_NAMES: Final = {fault: fault.value for fault in Fault}


class Placement:
    """What was resolved, and its position. Texts with one tail share it where they bring no point, so that what follows
    from it is worked out once."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        resolved: Resolved,
        position: Position | None,
        level: CoordinateLevel,
        legacy: LegacyPlace | None,
    ) -> None:
        self.resolved: Final = resolved
        self.position: Final = position
        self.level: Final = level
        self.legacy: Final = legacy
        self.faults: Final = named(resolved.faults)
        self.action: Final = decide(resolved.score, resolved.margin, resolved.commune is not None)
        commune = resolved.commune
        self.commune_code: str | None = None
        self.commune: str | None = None
        self.province_code: str | None = None
        self.province: str | None = None
        self.registry_area: str | None = None
        self.postal_code: str | None = None
        if commune is not None:
            province = gazetteer.provinces[commune.province_code]
            self.commune_code, self.commune = commune.code, commune.full_name
            self.province_code, self.province = province.code, province.full_name
            self.registry_area, self.postal_code = commune.registry_area, commune.postal_code

    @property
    def told_legacy(self) -> LegacyCommune | None:
        """The old commune, if the text tells it."""
        return None if self.resolved.legacy_assumed else self.resolved.legacy


def named(faults: tuple[Fault, ...]) -> tuple[str, ...]:
    """Faults as they are published."""
    return tuple([_NAMES[fault] for fault in faults]) if faults else ()
