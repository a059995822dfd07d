"""Who an address is: keys and hashes that stay the same from batch to batch. No personal data is part of any.

A dwelling is singled out by a house number on a street, a house number in a village, or a flat in a named building;
a village, a street, a building or a kilometre mark alone is shared by many. Doubt counts against sharing: two ids for
one dwelling cost a second code, one id for two dwellings would give two households one code. Therefore

- accents tell names apart (Bản Mạ, Bản Mã); letter case, tone placement (Hoà, Hòa), spacing and `Số 05` for `5` do not;
- in a village the old commune, where the text names one, is part of the id: merged communes brought along several
  `Thôn 5`, while the streets of a town keep their names and numbers across its wards;
- the village does not count beside a street, nor a building without a flat: people add them or not.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import orjson

from gazetteer.names import tone_key
from schemas.address import Components
from schemas.uuids import namespace, uuid5_text

# Fixed for ever: every address_id depends on it.
ADDRESS_NAMESPACE: Final = uuid.UUID("5b0f3a52-6e0c-4d1f-9a57-0c6a2c7d9e11")
_NAMESPACE: Final = namespace(ADDRESS_NAMESPACE.bytes)

_HASH_BYTES: Final = 16
_STREET_WORDS: Final = frozenset({"đường", "duong", "đ", "phố", "pho"})
_NUMBER_WORDS: Final = re.compile(r"^(?:SỐ NHÀ|SO NHA|SỐ|SO|NHÀ|NHA|SN|S)?[ .:]*(?=.*[0-9])", re.DOTALL)
_HOUSE_NUMBER: Final = re.compile(r"(?=.*[1-9])(?!KM)")
_FLOORS: Final = re.compile(r"(?:(?:tầng|tang|lầu|lau) [^ ]+ ?)+")
_LEADING_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")


def record_key(source: str, source_record_id: str) -> str:
    """The key of a record in raw and review. Raises ValueError if the source holds a colon: two records could
    then share a key."""
    if ":" in source:
        raise ValueError("a source's name holds no colon: it separates the source from the record's id")
    return f"{source}:{source_record_id}"


def address_id(key: str) -> str:
    """The UUIDv5 of a record key."""
    return uuid5_text(_NAMESPACE, key)


def dwelling_id(components: Components, commune_code: str | None, legacy_commune_code: str | None = None) -> str | None:
    """32 hexadecimal digits that records of one dwelling share, None if the components do not single one out."""
    if commune_code is None:
        return None
    written_number, written_unit = components.house_number, components.unit
    if not written_number and not written_unit:
        return None
    building, unit = _words(components.building), _words(written_unit)
    number = _house_number(written_number)
    if number:
        flat = (building, unit) if unit else ("", "")
        street = _street(components.street)
        if street:
            return _hash(("street", commune_code, street, _words(components.alley), number, *flat))
        village = _words(components.village)
        if village:
            legacy = legacy_commune_code or ""
            return _hash(("village", commune_code, legacy, village, _words(components.alley), number, *flat))
    if building and unit and not _only_floors(unit):
        return _hash(("building", commune_code, building, unit))
    return None


def _only_floors(unit: str) -> bool:
    """Whether a unit, as `_words` gives it, is a whole floor, where several may live: `tầng 2`."""
    return _FLOORS.fullmatch(unit) is not None


def _hash(fields: Sequence[str]) -> str:
    return blake2b(orjson.dumps(fields), digest_size=_HASH_BYTES).hexdigest()


def _words(text: str | None) -> str:
    """Comparable words of a name; numbers in it lose leading zeros."""
    return _words_of(text) if text else ""


@lru_cache(maxsize=16_384)
def _words_of(text: str) -> str:
    return _LEADING_ZEROS.sub("", tone_key(text))


def _street(text: str | None) -> str:
    """The words of a street, without that for its kind."""
    if not text:
        return ""
    words = _words_of(text)
    first, _, rest = words.partition(" ")
    return rest if rest and first in _STREET_WORDS else words


def _house_number(text: str | None) -> str:
    """A house number without spaces, its words and leading zeros; empty if it is none (no digit, a kilometre mark)."""
    return _bare_number(text) if text else ""


@lru_cache(maxsize=16_384)
def _bare_number(text: str) -> str:
    bare = _NUMBER_WORDS.sub("", unicodedata.normalize("NFKC", text).upper().strip())
    number = _LEADING_ZEROS.sub("", "".join(bare.split()))
    return number if _HOUSE_NUMBER.match(number) else ""
