"""Villages within a commune: those that a list confirms, and those that are only numbered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from gazetteer.model import Village
from gazetteer.names import fold
from gazetteer.villages import are_one, merged
from services.address.sounds import sound, sounds

_KIND_WORDS: Final = re.compile(
    r"^(?:to dan pho|to nhan dan|khu pho|khu vuc|khoi pho|tieu khu|thon|xom|ap|khom|ban|buon|bon|plei|lang|soc"
    r"|to|khu|khoi|doi|cum)\s+"
)
_NUMBERED: Final = re.compile(r"^(?:so )?\d+ ?[a-z]?(?: \d+)?$|^[ivx]+$|^[a-z]\d*$")

# Kinds of streets, as a list may have them besides villages.
STREET_KINDS: Final = frozenset({"đường", "phố"})
_STREET_WORDS: Final = re.compile(r"^(?:duong|pho) ")

# A misspelt name must be as near as this to the listed one, and nearer than all others by so much; or but one slip away
# (a letter, or a sound written as another) where all others are more.
_LEAST_SIMILARITY: Final = 0.7
_CLEARLY: Final = 0.1
_LEAST_MISSPELT: Final = 4
# What reads as the kind of the commune behind it may be the end of a village's name: `thôn Ao Xá Tri Phú` unaccented.
_LOST_END: Final = "xa"


def village_name(folded: str) -> str:
    """A folded village without the word for its kind."""
    return _KIND_WORDS.sub("", folded) or folded


def is_numbered(village: str) -> bool:
    """Whether a village in tidy form is a number or letter (`Thôn 5`, `Tổ 12A`), which no list needs to confirm."""
    return _NUMBERED.match(village_name(fold(village))) is not None


@dataclass(frozen=True, slots=True)
class FoundVillage:
    """A village of the list; `misspelt` says that the text writes its name otherwise."""

    village: Village
    misspelt: bool


class VillageIndex:
    """Attested villages by the commune, old or of today, that they lie in; and streets, where a list has such, which
    only tell the part of a divided commune.

    Villages that were confirmed since the list was made can be added and taken back; of two entries of one village the
    confirmed one counts.
    """

    def __init__(self, villages: Iterable[Village]) -> None:
        self._of_legacy: dict[str, dict[str, list[Village]]] = {}
        self._of_current: dict[str, dict[str, list[Village]]] = {}
        self._streets: dict[str, dict[str, list[Village]]] = {}
        # By the key of the confirmation: what it added, and the listed entry in whose place that stands.
        self._confirmed: dict[str, tuple[Village, Village | None]] = {}
        for village in villages:
            self._add(village)

    def confirm(self, key: str, village: Village) -> None:
        """Add a confirmed village of today's commune, in place of what was confirmed under the key before."""
        self.take_back(key)
        alike = self._of_current.get(village.commune_code or "", {}).get(fold(village.name), [])
        same = [other for other in alike if are_one(other, village)]
        listed = same[0] if len(same) == 1 else None
        if listed is not None:
            self._remove(listed)
            village = merged(listed, village)
        self._add(village)
        self._confirmed[key] = village, listed

    def take_back(self, key: str) -> None:
        """Undo a confirmation; an unknown key undoes nothing."""
        village, listed = self._confirmed.pop(key, (None, None))
        if village is not None:
            self._remove(village)
        if listed is not None:
            self._add(listed)

    def _add(self, village: Village) -> None:
        for names in self._tables(village):
            for name in _names(village):
                names.setdefault(name, []).append(village)

    def _remove(self, village: Village) -> None:
        for names in self._tables(village):
            for name in _names(village):
                names[name].remove(village)
                if not names[name]:
                    del names[name]

    def _tables(self, village: Village) -> Iterator[dict[str, list[Village]]]:
        if village.kind in STREET_KINDS:
            yield self._streets.setdefault(village.commune_code or "", {})
            return
        if village.legacy_commune_code is not None:
            yield self._of_legacy.setdefault(village.legacy_commune_code, {})
        if village.commune_code is not None:
            yield self._of_current.setdefault(village.commune_code, {})

    def has_list(self, legacy_code: str | None, commune_codes: Iterable[str]) -> bool:
        """Whether any village of the old commune or of those of today may be known."""
        if legacy_code is not None and legacy_code in self._of_legacy:
            return True
        return any(code in self._of_current for code in commune_codes)

    @property
    def has_streets(self) -> bool:
        return any(self._streets.values())

    def part_of_street(self, written: Iterable[str], commune_codes: Iterable[str]) -> str | None:
        """The commune of today, among those given, that alone has one of the streets; None if none or several have."""
        names = [_STREET_WORDS.sub("", fold(name)) for name in written]
        parts = [code for code in commune_codes if any(name in self._streets.get(code, ()) for name in names)]
        return parts[0] if len(parts) == 1 else None

    def find(self, written: str, legacy_code: str | None, commune_codes: Iterable[str]) -> FoundVillage | None:
        """The one village of that name in the old commune, else in the communes of today, the kind telling namesakes
        apart; failing that, the one whose name is clearly the nearest. None if none or several."""
        listed = [self._of_current[code] for code in commune_codes if code in self._of_current]
        if legacy_code is not None and legacy_code in self._of_legacy:
            listed.insert(0, self._of_legacy[legacy_code])
        if not listed:
            return None
        folded = fold(written)
        bare = village_name(folded)
        for names in listed:
            for name in (folded, bare, f"{bare} {_LOST_END}"):
                if found := names.get(name):
                    one = _the_one(found, folded)
                    return None if one is None else FoundVillage(one, False)
        # `Khu A` is not `Khu B` misspelt, as 5 is not 6.
        if len(bare) < _LEAST_MISSPELT or any(len(word) == 1 or not word.isalpha() for word in bare.split()):
            return None
        nearest = (_nearest(bare, names) for names in listed)
        return next((FoundVillage(one, True) for one in nearest if one is not None), None)


def _the_one(namesakes: Sequence[Village], written: str) -> Village | None:
    """The only village, or the only one of the kind written: `tổ dân phố 1` is not `thôn 1`."""
    if len(namesakes) == 1:
        return namesakes[0]
    of_kind = [one for one in namesakes if written.startswith(f"{fold(one.kind)} ")]
    return of_kind[0] if len(of_kind) == 1 else None


def _names(village: Village) -> set[str]:
    """The folded names under which a village is found."""
    folded = fold(village.name)
    return {folded, village_name(folded)}


def _nearest(name: str, names: Mapping[str, list[Village]]) -> Village | None:
    """The one village whose name is nearest, if it is near, and no other nearly as near."""
    hits = process.extract(name, names.keys(), scorer=OSA.normalized_similarity, score_cutoff=_LEAST_SIMILARITY)
    heard = sound(name)
    near = [key for key, said in zip(names, sounds([*names]), strict=True) if said == heard]
    near += [key for key, _, _ in hits if key not in near and OSA.distance(name, key) == 1]
    near = near or [key for key, similarity, _ in hits if similarity >= hits[0][1] - _CLEARLY]
    found = {(one.name, one.kind): one for key in near for one in names[key]}
    return next(iter(found.values())) if len(found) == 1 else None
