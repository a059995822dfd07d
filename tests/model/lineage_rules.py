"""The rules of mergers, splits and renamings: what words come to on a day, and where a record goes with its commune."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.model.ground import Commune, Edition
from tests.model.words import Words

# The code of the commune that a record was in, by edition.
Communes = Mapping[int, str]


@dataclass(frozen=True)
class Placed:
    """What words come to: a commune, the area of the code, or why a person must decide."""

    words: Words
    commune: Commune | None
    area: str | None
    doubt: str | None


def read(edition: Edition, words: Words) -> Placed:
    """What words come to that are new."""
    commune = edition.read(words.place)
    if commune is None:
        return Placed(words, None, None, "commune.missing")
    return Placed(words, commune, commune.area, "point.outside_commune" if words.doubtful else None)


def home_area(edition: Edition, area: str | None, communes: Communes, came: Placed) -> str | None:
    """A record stays in the area where it is as long as its commune leads to the new one."""
    if area is None or not communes or came.commune is None:
        return came.area
    since = max(communes)
    return area if came.commune.code in edition.became(communes[since], since) else came.area


def with_commune(communes: Communes, edition: Edition, came: Placed) -> Communes:
    """Those of before and that of this edition; those of later ones are forgotten on the way back."""
    assert came.commune is not None
    return {**{day: code for day, code in communes.items() if day < edition.number}, edition.number: came.commune.code}


def followed(edition: Edition, area: str, communes: Communes, words: Words, decided: Words | None) -> Placed:
    """A published record goes where its commune goes, whatever its text would be read as today."""
    text = decided or words
    found, since = read(edition, text), _since(edition, communes, decided)
    if since is None:
        if decided is None:
            return found if found.doubt is not None else replace(found, area=area)
        commune = edition.communes.get(decided.place.commune_code)
        return _doubted(found) if commune is None else Placed(text, commune, area, None)
    ways = edition.became(communes[since], since)
    if len(ways) > 1:
        part = edition.part_of(text, ways)
        usual = edition.communes[ways[0]]
        return Placed(text, usual, usual.area, "commune.split") if part is None else Placed(text, part, area, None)
    elsewhere = found.doubt is None and found.commune is not None and found.commune.code not in ways
    if not ways or (elsewhere and decided is None and not edition.touched(communes[since], since)):
        return _doubted(found)
    return Placed(text, edition.communes[ways[0]], area, None)


def _since(edition: Edition, communes: Communes, decided: Words | None) -> int | None:
    """The edition from whose commune lineage leads on: that of the decision, or else the one before this."""
    known = [day for day in sorted(communes) if day <= edition.number]
    if decided is not None and (chosen := [day for day in known if communes[day] == decided.place.commune_code]):
        return chosen[-1]
    before = [day for day in known if day < edition.number]
    return next(reversed(before or known), None)


def _doubted(found: Placed) -> Placed:
    return found if found.doubt is not None else replace(found, doubt="commune.was_another")
