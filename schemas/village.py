"""`gazetteer.village.v1`, keyed by village: one that was confirmed since the gazetteer was made. Null takes it back."""

from __future__ import annotations

from typing import Literal

from schemas.record import Record


class ConfirmedVillage(Record, frozen=True):
    """A village of a commune of today. `kind` is written small (`tổ dân phố`), `name` without it.

    `legacy_commune_code` is the old commune where it is told, by which villages of one name in a merged commune are
    told apart. `lat`, `lon` are degrees WGS84, None where the place is not known. `source` says who confirmed it: an
    official list, or a person in review. `edition` is the day (ISO) of the gazetteer of which `commune_code` is a
    commune; None means that of July 2025.
    """

    commune_code: str
    legacy_commune_code: str | None
    kind: str
    name: str
    lat: float | None
    lon: float | None
    source: Literal["list", "review"]
    confirmed_at: str
    edition: str | None = None
