"""When two entries are one village, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gazetteer.model import Village
from gazetteer.names import tone_key


def name_key(village: Village) -> str:
    """Kind and name, whatever the case and the place of the tone mark."""
    return tone_key(f"{village.kind} {village.name}")


def village_key(village: Village) -> str:
    """A village's identity as text, `02215:tổ dân phố tân hà`, with the old commune where it is told:
    `02215/02206:thôn 1`. Raises ValueError for one of which the commune of today is not known."""
    if village.commune_code is None:
        raise ValueError(f"it is not known in which commune of today {village.kind} {village.name} lies")
    legacy = f"/{village.legacy_commune_code}" if village.legacy_commune_code else ""
    return f"{village.commune_code}{legacy}:{name_key(village)}"


def are_one(one: Village, other: Village) -> bool:
    """Whether two entries of one kind and name can mean the same village: none of their communes differ."""
    return (
        _agree(one.commune_code, other.commune_code)
        and _agree(one.legacy_commune_code, other.legacy_commune_code)
        and (one.commune_code == other.commune_code or one.legacy_commune_code == other.legacy_commune_code)
        and name_key(one) == name_key(other)
    )


def merged(known: Village, newer: Village) -> Village:
    """One entry of both: what the newer one says, and what only the other one knows."""
    located = newer if newer.lat is not None else known
    return replace(
        newer,
        legacy_commune_code=newer.legacy_commune_code or known.legacy_commune_code,
        commune_code=newer.commune_code or known.commune_code,
        lat=located.lat,
        lon=located.lon,
    )


def with_newer(known: Iterable[Village], newer: Iterable[Village]) -> tuple[Village, ...]:
    """All villages, in a fixed order. A newer one takes the place of the one it is, if that is clear."""
    by_name: dict[str, list[Village]] = {}
    for village in known:
        by_name.setdefault(name_key(village), []).append(village)
    for village in newer:
        alike = by_name.setdefault(name_key(village), [])
        same = [nth for nth, other in enumerate(alike) if are_one(other, village)]
        if len(same) == 1:
            alike[same[0]] = merged(alike[same[0]], village)
        else:
            alike.append(village)
    return tuple(sorted((village for alike in by_name.values() for village in alike), key=in_order))


def in_order(village: Village) -> tuple[str, ...]:
    """A key to sort villages by: old commune, kind, name, commune of today."""
    return (village.legacy_commune_code or "", village.kind, village.name, village.commune_code or "")


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
