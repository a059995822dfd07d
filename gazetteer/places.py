"""All places together: what a build assembles, the artifact stores and the gazetteer serves."""

from __future__ import annotations

from dataclasses import dataclass

from gazetteer.changes import FIRST_EDITION
from gazetteer.model import Area, Commune, CommuneChange, District, LegacyCommune, Province, Village


@dataclass(frozen=True, slots=True)
class Places:
    """Every sequence is in order of its key, so that equal places make an equal artifact.

    `edition` is the day (ISO) from which `communes` are those of today, and `changes` lead to them from the communes
    of earlier editions since July 2025.
    """

    provinces: tuple[Province, ...]
    districts: tuple[District, ...]
    communes: tuple[Commune, ...]
    areas: tuple[Area, ...]
    legacy: tuple[LegacyCommune, ...]
    villages: tuple[Village, ...]
    changes: tuple[CommuneChange, ...] = ()
    edition: str = FIRST_EDITION
