"""All places together: what a build assembles, the artifact stores and the gazetteer serves."""

from __future__ import annotations

from dataclasses import dataclass

from gazetteer.model import Area, Commune, District, LegacyCommune, Province, Village


@dataclass(frozen=True, slots=True)
class Places:
    """Every sequence is in order of its key, so that equal places make an equal artifact."""

    provinces: tuple[Province, ...]
    districts: tuple[District, ...]
    communes: tuple[Commune, ...]
    areas: tuple[Area, ...]
    legacy: tuple[LegacyCommune, ...]
    villages: tuple[Village, ...]
