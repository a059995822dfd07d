"""Villages that were confirmed since the gazetteer was made, as the normaliser takes them up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import orjson
import structlog

from gazetteer.changes import FIRST_EDITION
from gazetteer.following import Entry, Listed, What, place
from gazetteer.gazetteer import Gazetteer
from gazetteer.model import Village
from gazetteer.villages import village_key
from schemas.codec import from_mapping
from schemas.validation import validator
from schemas.village import ConfirmedVillage
from services.normaliser.listed_parts import part_of
from services.normaliser.overlay import Overlay, offsets
from services.stream.outputs import InputRecord
from services.stream.topics import VILLAGES

log = structlog.get_logger()

_CONFIRMED = "confirmed"
_MOST_NAMED = 20


class VillageCore(Protocol):
    """What the news needs of the address core."""

    def confirm_villages(self, news: Mapping[str, Village | None], overlay_offset: int) -> None:
        """Take up villages by key, None for one that is taken back."""


class VillageNews:
    """Reads `gazetteer.village.v1` for a core. A record that cannot be used is named in the log, and changes nothing:
    it must not stop the addresses. Villages of communes that ended follow these, or are set aside."""

    news_topic = VILLAGES

    def __init__(self, core: VillageCore, gazetteer: Gazetteer) -> None:
        """`gazetteer` is the core's, with its imports."""
        self._core = core
        self._overlay = Overlay(gazetteer)
        self._counts = {what.value: gazetteer.imports.counts[what.value] for what in What}
        if gazetteer.imports.set_aside:
            why = Counter(one.why.value for one in gazetteer.imports.set_aside if one.why is not None)
            log.warning("imports set aside", rows=self._counts, why=why, see="diachi gazetteer imports")

    def learn(self, records: Sequence[InputRecord], offset: int) -> None:
        """See services.stream.news.Learner."""
        news: dict[str, tuple[int, Listed | None]] = {}
        refused = 0
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            try:
                news[key] = record.offset, self._read(key, record.value)
            except ValueError as error:
                refused += 1
                log.warning("village not taken up", offset=record.offset, error=str(error))
        before = set(self._overlay.aside)
        self._core.confirm_villages(self._overlay.take(news), offset)
        log.info("villages taken up", overlay_offset=offset, villages=len(news), refused=refused)
        if new := [one for key, one in self._overlay.aside.items() if key not in before]:
            why = Counter(one.why.value for one in new)
            log.warning("villages set aside", villages=len(new), why=why, first_offsets=offsets(new, _MOST_NAMED))

    def set_aside(self) -> Mapping[str, int]:
        """See services.stream.news.Learner."""
        return {**self._counts, _CONFIRMED: len(self._overlay.aside)}

    def _read(self, key: str, value: bytes | None) -> Listed | None:
        """The village of a record; None where it is taken back. Raises ValueError, which never quotes the record."""
        if value is None:
            return None
        try:
            parsed = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError("not JSON") from None
        fault = validator(VILLAGES).check(parsed)
        if fault is not None:
            raise ValueError(fault.message)
        listed = listed_of(from_mapping(ConfirmedVillage, parsed))
        if village_key(listed.village) != key:
            raise ValueError("the key is not that of the village")
        return listed


def listed_of(confirmed: ConfirmedVillage) -> Listed:
    """As the gazetteer has villages, with the edition of its commune."""
    return Listed(village_of(confirmed), confirmed.edition or FIRST_EDITION)


def communes_of(gazetteer: Gazetteer) -> Callable[[ConfirmedVillage], str | None]:
    """Tells in which commune of today a confirmed village counts, None if in none."""

    def commune(confirmed: ConfirmedVillage) -> str | None:
        found = place(gazetteer, listed_of(confirmed), gazetteer.boundaries, part_of)
        return found.village.commune_code if isinstance(found, Entry) else None

    return commune


def village_of(confirmed: ConfirmedVillage) -> Village:
    """As the gazetteer has villages."""
    return Village(
        name=confirmed.name,
        kind=confirmed.kind,
        legacy_commune_code=confirmed.legacy_commune_code,
        commune_code=confirmed.commune_code,
        source=confirmed.source,
        lat=confirmed.lat,
        lon=confirmed.lon,
    )
