"""Whether the address core reads the plain texts of a district as they are meant, in each edition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schemas.address import AddressResult, NextAction
from schemas.raw import RawAddress, RawPosition
from services.address.core import AddressCore
from tests.model.ground import TO_PART, District, Edition
from tests.model.words import Place, Words


def is_as_meant(district: District, editions: Sequence[Edition], cores: Sequence[AddressCore]) -> bool:
    places = {
        district.place(edition.number, which) for edition in editions for which in district.communes[edition.number]
    }
    asked = [words for place in sorted(places, key=str) for words in _samples(place)]
    for edition, core in zip(editions, cores, strict=True):
        answers = core.digitise([_raw(words) for words in asked])
        if not all(_fits(edition, words, answer) for words, answer in zip(asked, answers, strict=True)):
            return False
    return True


def _samples(place: Place) -> list[Words]:
    pointless = [Words(place, kind, 5, None) for kind in ("street", "village", "listed village")]
    located = [replace(pointless[0], spot=spot) for spot in (16, TO_PART + 12)]
    return [*pointless, *located, replace(pointless[2], doubtful=True)]


def _raw(words: Words) -> RawAddress:
    point = words.point
    return RawAddress("s", "1", words.address, position=RawPosition(**point) if point else None)


def _fits(edition: Edition, words: Words, answer: AddressResult) -> bool:
    commune = edition.read(words.place)
    if commune is None:
        return answer.next_action is NextAction.FIX and answer.commune_code is None
    if words.doubtful:
        return answer.next_action is NextAction.CONFIRM and answer.commune_code == commune.code
    return (
        answer.next_action is NextAction.ACCEPT
        and answer.commune_code == commune.code
        and (answer.dwelling_id is None) == (words.dwelling is None)
        and (answer.proposed_code is None) == (words.spot is None)
    )
