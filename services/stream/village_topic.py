"""Tells running normalisers of villages that a list confirms: reads `gazetteer.village.v1`, and sends what differs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from msgspec.structs import replace

from gazetteer.model import Village
from gazetteer.villages import village_key
from schemas.codec import decode, encode
from schemas.village import ConfirmedVillage
from services.stream.connection import connection_of
from services.stream.envelope import event_headers, event_id, rfc3339
from services.stream.settings import Settings
from services.stream.topic_ids import topic_id
from services.stream.topics import VILLAGES
from services.stream.unreachable import reached

_SOURCE = "/diachi/gazetteer"
_LIST: Literal["list"] = "list"


class VillageTopicUnfitError(Exception):
    """The topic holds what is no village; says where."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was sent. `unchanged` was there already, `missing` is confirmed by earlier lists of the same communes and
    not by this one, `unplaced` lies in no known commune of today and cannot be sent."""

    confirmed: int
    withdrawn: int
    unchanged: int
    missing: int
    unplaced: int


@dataclass(frozen=True, slots=True)
class _Known:
    """The topic as it is: the confirmed villages by key, and its end."""

    villages: Mapping[str, ConfirmedVillage]
    end: int


class VillageTopic:
    """The topic of confirmed villages of an installation. `edition` is that of the gazetteer by whose communes lists
    speak. Making one raises SettingError."""

    def __init__(self, settings: Settings, edition: str) -> None:
        self._edition = edition
        self._connection = connection_of(settings)
        self._topic = settings.topic_prefix + VILLAGES

    async def publish(
        self,
        listed: Iterable[Village],
        commune_of: Callable[[ConfirmedVillage], str | None],
        *,
        withdraw_missing: bool = False,
    ) -> Published:
        """Confirm the villages of a list that are not confirmed yet; `withdraw_missing` takes back what earlier lists
        of the same communes had, also of those that went into them: `commune_of` tells in which commune of today a
        village counts. What people confirmed in review stays.

        A run that was interrupted is made up for by the next. Raises KafkaError, TopicMissingError, AccessDeniedError,
        VillageTopicUnfitError.
        """
        all_listed = list(listed)
        placed = {village_key(one): one for one in all_listed if one.commune_code is not None}
        topic = await topic_id(self._connection, self._topic)
        known = await self._known()
        now = int(time.time() * 1000)
        changes: dict[str, ConfirmedVillage | None] = {}
        for key, village in placed.items():
            made = _confirmed(village, rfc3339(now).decode(), self._edition)
            there = known.villages.get(key)
            # What a person confirmed needs no list, unless that knows more.
            if there is None or replace(made, confirmed_at="", source=there.source) != replace(there, confirmed_at=""):
                changes[key] = made
        confirmed = len(changes)
        communes = {village.commune_code for village in placed.values()}
        missing = [
            key
            for key, there in known.villages.items()
            if there.source == _LIST and key not in placed and commune_of(there) in communes
        ]
        if withdraw_missing:
            changes |= dict.fromkeys(missing)
        await self._send(changes, topic, known.end, now)
        return Published(
            confirmed=confirmed,
            withdrawn=len(missing) if withdraw_missing else 0,
            unchanged=len(placed) - confirmed,
            missing=0 if withdraw_missing else len(missing),
            unplaced=sum(one.commune_code is None for one in all_listed),
        )

    async def _known(self) -> _Known:
        partition = TopicPartition(self._topic, 0)
        consumer = AIOKafkaConsumer(
            **self._connection.client_arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        consumer.assign([partition])
        await reached(self._connection, consumer.start())
        found: dict[str, ConfirmedVillage] = {}
        try:
            end = (await consumer.end_offsets([partition]))[partition]
            await consumer.seek_to_beginning(partition)
            while await consumer.position(partition) < end:
                for record in (await consumer.getmany(partition, timeout_ms=200)).get(partition, ()):
                    key = (record.key or b"").decode(errors="replace")
                    found.pop(key, None)
                    if record.value is not None:
                        found[key] = _read(record.value, record.offset)
        finally:
            await consumer.stop()
        return _Known(found, int(end))

    async def _send(self, changes: Mapping[str, ConfirmedVillage | None], topic: str, end: int, now: int) -> None:
        if not changes:
            return
        producer = AIOKafkaProducer(**self._connection.client_arguments(), enable_idempotence=True)
        await reached(self._connection, producer.start())
        try:
            sending = []
            for nth, (key, village) in enumerate(changes.items()):
                headers = event_headers(
                    VILLAGES,
                    _SOURCE,
                    event=event_id(topic, 0, end, VILLAGES, nth),
                    subject=key.encode(),
                    time=rfc3339(now),
                    trace=None,
                )
                value = None if village is None else encode(village)
                sending.append(await producer.send(self._topic, value, key.encode(), partition=0, headers=headers))
            await asyncio.gather(*sending)
        finally:
            await producer.stop()


def _confirmed(village: Village, confirmed_at: str, edition: str) -> ConfirmedVillage:
    return ConfirmedVillage(
        commune_code=village.commune_code or "",
        legacy_commune_code=village.legacy_commune_code,
        kind=village.kind,
        name=village.name,
        lat=village.lat,
        lon=village.lon,
        source=_LIST,
        confirmed_at=confirmed_at,
        edition=edition,
    )


def _read(value: bytes, offset: int) -> ConfirmedVillage:
    try:
        return decode(ConfirmedVillage, value)
    except ValueError as error:
        raise VillageTopicUnfitError(
            f"{VILLAGES} holds no village at offset {offset}: send a null value under its key"
        ) from error
