"""Puts checked imports into the user's folder, beside what is there of other communes, and of other editions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gazetteer.following import CommuneOf, Listed
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


def keep_villages(folder: Path, villages: tuple[Village, ...], edition: str) -> Kept:
    """A list is the whole list of each commune that it names: what else was imported of these with the edition goes.

    What was imported with other editions of the gazetteer stays for the way back. Raises ImportsUnusable, OSError.
    """
    known = read_villages(folder)
    named = {_list_of(Listed(village, edition)) for village in villages}
    kept = [row for row in known if _list_of(row) not in named]
    unique = {_identity(village): village for village in villages}
    write_villages(folder, [*kept, *(Listed(village, edition) for village in unique.values())])
    return _kept(_current(known, edition), _current(read_villages(folder), edition))


def keep_postal_codes(folder: Path, codes: Mapping[str, str], edition: str) -> Kept:
    """Postal codes take the place of those of the same communes and edition. Raises ImportsUnusable, OSError."""
    known = read_postal_codes(folder)
    write_postal_codes(folder, {**known, **{CommuneOf(code, edition): one for code, one in codes.items()}})
    return _kept(_newest(known, edition), _newest(read_postal_codes(folder), edition))


def keep_outlines(folder: Path, outlines: Mapping[str, Polygon | MultiPolygon], edition: str) -> Kept:
    """Boundaries take the place of those of the same communes and edition. Raises ImportsUnusable, OSError."""
    known = read_outlines(folder)
    write_outlines(folder, {**known, **{CommuneOf(code, edition): one for code, one in outlines.items()}})
    # Compared as they are kept, rounded.
    now = _newest(read_outlines(folder), edition)
    return _kept(_newest(known, edition), now, lambda one, other: one.equals_exact(other, 0.0))


def _kept(known: Mapping[K, T], now: Mapping[K, T], equal: Callable[[T, T], bool] | None = None) -> Kept:
    both = known.keys() & now.keys()
    same = equal or (lambda one, other: one == other)
    changed = sum(not same(known[key], now[key]) for key in both)
    return Kept(len(now) - len(both), changed, len(known) - len(both), len(now))


def _newest(rows: Mapping[CommuneOf, T], edition: str) -> dict[str, T]:
    """What was imported last of each commune, up to an edition."""
    return {of.code: value for of, value in sorted(rows.items(), key=lambda row: row[0]) if of.edition <= edition}


def _current(rows: Sequence[Listed], edition: str) -> dict[tuple[str | None, str | None, str], Village]:
    """The villages of the newest list of each commune, up to an edition."""
    newest: dict[str, str] = {}
    for row in rows:
        if row.edition <= edition:
            newest[_commune(row.village)] = max(newest.get(_commune(row.village), ""), row.edition)
    return {_identity(row.village): row.village for row in rows if newest.get(_commune(row.village)) == row.edition}


def _list_of(row: Listed) -> tuple[str, str]:
    """The list that a village is on. Those of old communes, which no longer change, have no edition."""
    return _commune(row.village), row.edition if row.village.commune_code else ""


def _commune(village: Village) -> str:
    """The commune whose list a village is on."""
    return village.commune_code or f"old {village.legacy_commune_code}"


def _identity(village: Village) -> tuple[str | None, str | None, str]:
    return village.commune_code, village.legacy_commune_code, name_key(village)
