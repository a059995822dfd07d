"""One record's fields to texts: the text that is matched, and the text that is published."""

from __future__ import annotations

import re
from typing import Final

from msgspec import structs

from gazetteer.names import fold, tidy
from schemas.address import Components
from schemas.normaliser_state import Remembered
from schemas.raw import Decision, RawAddress
from services.address.redact import redact
from services.address.words import COMMUNE_KINDS, DISTRICT_KINDS, LOCAL_KINDS, PROVINCE_KINDS, TYPE_WORDS, Kind

# What is left of a text when it is folded, in most texts at its very beginning.
_READABLE: Final = re.compile(r"[0-9A-Za-z]")


class Written:
    """A record's address and its separate fields (village, commune, district, province), without phones and
    householder's name; redacted before a word for the kind of place makes a name look like one."""

    def __init__(self, raw: RawAddress) -> None:
        self.address: Final = redact(raw.address, raw.householder)
        given = (raw.village, raw.commune, raw.district, raw.province)
        self.has_fields: Final = any(given)
        self.fields: Final = (
            tuple([field and redact(field, raw.householder) for field in given]) if self.has_fields else given
        )


def published_text(written: Written) -> str:
    """The submitted text with the separate fields it does not hold already."""
    text = written.address
    if not written.has_fields and _READABLE.search(text):
        return tidy(text.strip(" ,"))
    parts = [text, *(field for field in written.fields if field)]
    kept: list[str] = []
    seen = ""
    for clean in parts:
        folded = fold(clean)
        if folded and not (kept and _holds(seen, folded)):
            kept.append(clean.strip(" ,"))
            seen += f" {folded} "
    return tidy(", ".join(kept))


def matched_text(written: Written, published: str) -> str:
    """The text to match: the submitted one, then the fields, each with the kind of place that its column says.

    Equal to the published text where no separate field is given.
    """
    if not written.has_fields:
        return published
    village, commune, district, province = written.fields
    typed = [
        _typed(village, "thôn", LOCAL_KINDS),
        _typed(commune, "commune", COMMUNE_KINDS),
        _typed(district, "district", DISTRICT_KINDS),
        _typed(province, "tỉnh", PROVINCE_KINDS),
    ]
    return ", ".join([written.address, *(text for text in typed if text)])


def remembered(raw: RawAddress, published: str) -> Remembered:
    """The address fields without phones and householder's name: they come to the same result as the record itself.

    `published` is the record's published text.
    """
    if not (raw.village or raw.commune or raw.district or raw.province):
        return Remembered(published, raw.village, raw.commune, raw.district, raw.province, raw.position)
    written = Written(raw)
    village, commune, district, province = written.fields
    return Remembered(written.address, village, commune, district, province, raw.position)


def redacted_decision(decision: Decision) -> Decision:
    """A decision without phones in any of its texts: what a person typed is published too."""
    components = decision.components
    if components is not None:
        texts = {one.name: getattr(components, one.name) for one in structs.fields(components)}
        components = Components(**{name: text and redact(text, None) for name, text in texts.items()})
    return structs.replace(
        decision,
        address_text=redact(decision.address_text, None),
        village=decision.village and redact(decision.village, None),
        components=components,
    )


def _holds(seen: str, folded: str) -> bool:
    return f" {folded} " in seen


def _typed(field: str | None, word: str, kinds: frozenset[Kind]) -> str:
    """A field's text with a word for its kind, unless it begins with one."""
    if not field or not field.strip():
        return ""
    words = fold(field).split()
    for length in (3, 2, 1):
        if TYPE_WORDS.get(" ".join(words[:length])) in kinds and len(words) > length:
            return field
    return f"{word} {field}"
