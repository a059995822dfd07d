"""One record's fields to texts: the text that is matched, and the text that is published."""

from __future__ import annotations

import re

from msgspec import structs

from gazetteer.names import fold, tidy
from schemas.address import Components
from schemas.normaliser_state import Remembered
from schemas.raw import Decision, RawAddress
from services.address.redact import redact
from services.address.words import COMMUNE_KINDS, DISTRICT_KINDS, LOCAL_KINDS, PROVINCE_KINDS, TYPE_WORDS, Kind

_NO_FIELDS: tuple[str | None, ...] = (None, None, None, None)
# What is left of a text when it is folded, in most texts at its very beginning.
_WRITTEN = re.compile(r"[0-9A-Za-z]")


def published_text(raw: RawAddress) -> str:
    """The submitted text with the separate fields it does not hold already, without phones and householder's name."""
    text = redact(raw.address, raw.householder)
    fields = _fields(raw)
    if fields is _NO_FIELDS and _WRITTEN.search(text):
        return tidy(text.strip(" ,"))
    parts = [text, *(field for field in fields if field)]
    kept: list[str] = []
    seen = ""
    for clean in parts:
        folded = fold(clean)
        if folded and not (kept and _holds(seen, folded)):
            kept.append(clean.strip(" ,"))
            seen += f" {folded} "
    return tidy(", ".join(kept))


def matched_text(raw: RawAddress, published: str) -> str:
    """The text to match: the submitted one, then the fields, each with the kind of place that its column says.

    Equal to the published text where no separate field is given.
    """
    fields = _fields(raw)
    if not any(fields):
        return published
    village, commune, district, province = fields
    typed = [
        _typed(village, "thôn", LOCAL_KINDS),
        _typed(commune, "commune", COMMUNE_KINDS),
        _typed(district, "district", DISTRICT_KINDS),
        _typed(province, "tỉnh", PROVINCE_KINDS),
    ]
    return ", ".join([redact(raw.address, raw.householder), *(text for text in typed if text)])


def _fields(raw: RawAddress) -> tuple[str | None, ...]:
    """Village, commune, district and province; redacted before a word for the kind of place makes a name look like
    one."""
    given = (raw.village, raw.commune, raw.district, raw.province)
    if given == _NO_FIELDS:
        return _NO_FIELDS
    return tuple(field and redact(field, raw.householder) for field in given)


def remembered(raw: RawAddress, published: str) -> Remembered:
    """The address fields without phones and householder's name: they come to the same result as the record itself.

    `published` is the record's published text.
    """
    village, commune, district, province = fields = _fields(raw)
    address = redact(raw.address, raw.householder) if any(fields) else published
    return Remembered(address, village, commune, district, province, raw.position)


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
