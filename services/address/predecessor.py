"""The old commune behind a commune of today whose name it bore: what a text that fits both ages may mean as well."""

from __future__ import annotations

from gazetteer.model import LegacyCommune
from services.address.candidates import Candidate
from services.address.words import COMMUNE_KINDS, Kind


def predecessor(candidate: Candidate) -> tuple[LegacyCommune | None, bool]:
    """The one old commune of the candidate's name that went into its commune of today, None if none or several; whether
    it is only assumed, no district of before July 2025 being named.

    It must fit what the text says besides: the kind before the name, the district, the province.
    """
    mention, district, province = candidate.commune, candidate.district, candidate.province
    kind = mention.kind if mention.kind in COMMUNE_KINDS and mention.kind is not Kind.COMMUNE else None
    found: dict[str, LegacyCommune] = {}
    for place in mention.name.communes:
        legacy = place.legacy
        if legacy is None or candidate.place.code not in place.current or (kind is not None and kind != place.kind):
            continue
        if province is not None and place.province.id not in province.name.province_ids:
            continue
        if district is not None and place.districts.isdisjoint(district.name.district_keys):
            continue
        known = found.get(legacy.code)
        if known is None or known.edition < legacy.edition:
            found[legacy.code] = legacy
    if len(found) != 1:
        return None, False
    return next(iter(found.values())), district is None
