"""Puts checked imports into the user's folder, beside what is there of other communes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gazetteer.imports import (
    read_outlines,
    read_postal_codes,
    read_villages,
    write_outlines,
    write_postal_codes,
    write_villages,
)
from gazetteer.model import Village
from gazetteer.villages import name_key

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """What an import did to the folder: `new`, `changed` and `gone` count entries, `total` what it holds now."""

    new: int
    changed: int
    gone: int
    total: int


def keep_villages(folder: Path, villages: tuple[Village, ...]) -> Kept:
    """A list is the whole list of each commune that it names: what else was imported of these goes.

    Raises ImportsUnusable, OSError.
    """
    named = {_commune(village) for village in villages}
    known = read_villages(folder)
    kept = {_identity(village): village for village in known if _commune(village) not in named}
    kept |= {_identity(village): village for village in villages}
    write_villages(folder, kept.values())
    now = read_villages(folder)
    return _kept({_identity(village): village for village in known}, {_identity(village): village for village in now})


def keep_postal_codes(folder: Path, codes: Mapping[str, str]) -> Kept:
    """Postal codes take the place of those of the same communes. Raises ImportsUnusable, OSError."""
    known = read_postal_codes(folder)
    write_postal_codes(folder, {**known, **codes})
    return _kept(known, read_postal_codes(folder))


def keep_outlines(folder: Path, outlines: Mapping[str, Polygon | MultiPolygon]) -> Kept:
    """Boundaries take the place of those of the same communes. Raises ImportsUnusable, OSError."""
    known = read_outlines(folder)
    write_outlines(folder, {**known, **outlines})
    # Compared as they are kept, rounded.
    return _kept(known, read_outlines(folder), lambda one, other: one.equals_exact(other, 0.0))


def _kept(known: Mapping[K, T], now: Mapping[K, T], equal: Callable[[T, T], bool] | None = None) -> Kept:
    both = known.keys() & now.keys()
    same = equal or (lambda one, other: one == other)
    changed = sum(not same(known[key], now[key]) for key in both)
    return Kept(len(now) - len(both), changed, len(known) - len(both), len(now))


def _commune(village: Village) -> str:
    """The commune whose list a village is on."""
    return village.commune_code or f"old {village.legacy_commune_code}"


def _identity(village: Village) -> tuple[str | None, str | None, str]:
    return village.commune_code, village.legacy_commune_code, name_key(village)
