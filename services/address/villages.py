"""Villages within a commune: those that a list confirms, and those that are only numbered."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from gazetteer.model import Village
from gazetteer.names import fold

_KIND_WORDS = re.compile(
    r"^(?:to dan pho|to nhan dan|khu pho|khu vuc|khoi pho|tieu khu|thon|xom|ap|khom|ban|buon|bon|plei|lang|soc"
    r"|to|khu|khoi|doi|cum)\s+"
)
_NUMBERED = re.compile(r"^(?:so )?\d+ ?[a-z]?(?: \d+)?$|^[ivx]+$|^[a-z]\d*$")


def village_name(folded: str) -> str:
    """A folded village without the word for its kind."""
    return _KIND_WORDS.sub("", folded) or folded


def is_numbered(village: str) -> bool:
    """Whether a village in tidy form is a number or letter (`Thôn 5`, `Tổ 12A`), which no list needs to confirm."""
    return _NUMBERED.match(village_name(fold(village))) is not None


class VillageIndex:
    """Attested villages by the commune, old or of today, that they lie in."""

    def __init__(self, villages: Iterable[Village]) -> None:
        self._of_legacy: dict[str, dict[str, list[Village]]] = defaultdict(lambda: defaultdict(list))
        self._of_current: dict[str, dict[str, list[Village]]] = defaultdict(lambda: defaultdict(list))
        for village in villages:
            names = {fold(village.name), village_name(fold(village.name))}
            for name in names:
                self._of_legacy[village.legacy_commune_code][name].append(village)
                if village.commune_code is not None:
                    self._of_current[village.commune_code][name].append(village)

    def find(self, written: str, legacy_code: str | None, commune_codes: Iterable[str]) -> Village | None:
        """The one village of that name in the old commune, else in the communes of today; None if none or several."""
        folded = fold(written)
        for name in dict.fromkeys((folded, village_name(folded))):
            if legacy_code is not None and (found := self._of_legacy.get(legacy_code, {}).get(name)):
                return found[0] if len(found) == 1 else None
            several = [v for code in commune_codes for v in self._of_current.get(code, {}).get(name, ())]
            if several:
                return several[0] if len(several) == 1 else None
        return None
