"""What running published addresses again with another gazetteer would come to, said beforehand.

It asks what `diachi reprocess` asks, of the published text and point. Reprocessing has the fields as they were
submitted, which may tell more; so this says what to expect, not what will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from schemas.address import AddressResult, NextAction
from schemas.digitised import DigitisedAddress
from schemas.normaliser_state import CommuneAt
from schemas.raw import RawAddress, RawPosition
from services.address.core import AddressCore
from services.address.position import SOURCE_VN2000, SOURCE_WGS84


class Prospect(StrEnum):
    """What becomes of an address: a new name or code of its commune, a person's decision, or nothing of the kind."""

    ATTRIBUTES = "attributes"
    REVIEW = "review"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Outlook:
    """`result` is what the address would be; for REVIEW the guess that the person would see."""

    prospect: Prospect
    address: DigitisedAddress
    result: AddressResult


def outlooks(core: AddressCore, edition: str, addresses: Sequence[DigitisedAddress]) -> list[Outlook]:
    """The outlook of each address, in order. `edition` is that of the gazetteer they were published with; those that
    `core`'s own gazetteer has published are left as they are."""
    raws = [_submitted(address) for address in addresses]
    rows = zip(addresses, raws, core.digitise(raws), strict=True)
    return [_outlook(core, edition, address, raw, found) for address, raw, found in rows]


def _submitted(address: DigitisedAddress) -> RawAddress:
    source, _, record_id = address.record_key.partition(":")
    point = address.result.position
    if point is None or point.source not in (SOURCE_WGS84, SOURCE_VN2000):
        return RawAddress(source, record_id, address.result.address_text)
    position = RawPosition(point.lat, point.lon, accuracy_m=point.accuracy_m)
    return RawAddress(source, record_id, address.result.address_text, position=position)


def _outlook(
    core: AddressCore, edition: str, address: DigitisedAddress, raw: RawAddress, found: AddressResult
) -> Outlook:
    was = address.result
    if was.gazetteer_version == core.version or was.commune_code is None:
        return Outlook(Prospect.UNCHANGED, address, was)
    result = core.carry(raw, found, CommuneAt(edition, was.commune_code))
    if result.next_action is not NextAction.ACCEPT:
        return Outlook(Prospect.REVIEW, address, result)
    same = _unit(was) == _unit(result)
    return Outlook(Prospect.UNCHANGED if same else Prospect.ATTRIBUTES, address, result)


def _unit(result: AddressResult) -> tuple[str | None, ...]:
    return result.commune_code, result.commune, result.province_code, result.province
