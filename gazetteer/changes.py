"""What became of communes of today since July 2025: mergers, splits, renamings and new codes, each with its day.

A commune code alone does not say which commune is meant: a code survives the merger that enlarges its commune and the
split that leaves it a part. Code and edition do. The edition of a gazetteer is the day from which its communes are
those of today; a change of a later day leads from them to the next ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from gazetteer.model import CommuneChange, Successor

FIRST_EDITION = "2025-07-01"
"""The day of the reform, with which the communes of today begin."""


class Changes:
    """The way of a commune code from one edition to the latest."""

    def __init__(self, changes: Iterable[CommuneChange]) -> None:
        self._of_code: dict[str, list[CommuneChange]] = {}
        # The days on which another commune went into the one of a code.
        self._joined_by: dict[str, list[str]] = {}
        for change in sorted(changes, key=lambda one: one.date):
            self._of_code.setdefault(change.code, []).append(change)
            for step in change.successors:
                if step.commune_code != change.code:
                    self._joined_by.setdefault(step.commune_code, []).append(change.date)

    def follow(self, code: str, edition: str, until: str | None = None) -> tuple[Successor, ...]:
        """What the commune that had a code at an edition has become: itself where nothing changed, several where it was
        split, the usual one first. `until` is the edition to stop at, the latest one where it is None."""
        change = next((one for one in self._of_code.get(code, ()) if one.date > edition), None)
        if change is None or (until is not None and change.date > until):
            return (Successor(code, True),)
        return joined((step, self.follow(step.commune_code, change.date, until)) for step in change.successors)

    def grown(self, code: str, edition: str) -> bool:
        """Whether another commune, or a part of one, went since into the commune that had a code at an edition."""
        return any(date > edition for date in self._joined_by.get(code, ()))

    def touched(self, code: str, edition: str) -> bool:
        """Whether the commune that had a code at an edition was changed since, be it only in its name."""
        return any(one.date > edition for one in self._of_code.get(code, ()))


def joined(ways: Iterable[tuple[Successor, Iterable[Successor]]]) -> tuple[Successor, ...]:
    """Steps and where each leads, as one step; what is usual at each step is usual at the end."""
    usual: dict[str, bool] = {}
    for step, ends in ways:
        for end in ends:
            usual[end.commune_code] = usual.get(end.commune_code, False) or (step.usual and end.usual)
    return ordered(Successor(code, is_usual) for code, is_usual in usual.items())


def ordered(successors: Iterable[Successor]) -> tuple[Successor, ...]:
    """Usual ones first, then by code."""
    return tuple(sorted(successors, key=lambda one: (not one.usual, one.commune_code)))
