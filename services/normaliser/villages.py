"""Villages that were confirmed since the gazetteer was made, as the normaliser takes them up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import orjson
import structlog

from gazetteer.model import Village
from gazetteer.villages import village_key
from schemas.codec import from_mapping
from schemas.validation import validator
from schemas.village import ConfirmedVillage
from services.stream.outputs import InputRecord
from services.stream.topics import VILLAGES

log = structlog.get_logger()


class VillageCore(Protocol):
    """What the news needs of the address core."""

    def confirm_villages(self, news: Mapping[str, Village | None], overlay_offset: int) -> None:
        """Take up villages by key, None for one that is taken back."""


class VillageNews:
    """Reads `gazetteer.village.v1` for a core. A record that cannot be used is named in the log, and changes nothing:
    it must not stop the addresses."""

    news_topic = VILLAGES

    def __init__(self, core: VillageCore, communes: Collection[str]) -> None:
        """`communes` are the codes of today."""
        self._core = core
        self._communes = communes

    def learn(self, records: Sequence[InputRecord], offset: int) -> None:
        """See services.stream.news.Learner."""
        news: dict[str, Village | None] = {}
        refused = 0
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            try:
                news[key] = self._read(key, record.value)
            except ValueError as error:
                refused += 1
                log.warning("village not taken up", offset=record.offset, error=str(error))
        self._core.confirm_villages(news, offset)
        log.info("villages taken up", overlay_offset=offset, villages=len(news), refused=refused)

    def _read(self, key: str, value: bytes | None) -> Village | None:
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
        village = village_of(from_mapping(ConfirmedVillage, parsed))
        if village.commune_code not in self._communes:
            raise ValueError(f"commune {village.commune_code} is not in this gazetteer")
        if village_key(village) != key:
            raise ValueError("the key is not that of the village")
        return village


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
