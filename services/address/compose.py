"""One record's fields to texts: the text that is matched, and the text that is published."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from gazetteer.names import tidy
from schemas.address import Components
from schemas.normaliser_state import Remembered
from schemas.raw import Decision, RawAddress
from services.address.glance import Text, known_text
from services.address.redact import Private, redact
from services.address.words import COMMUNE_KINDS, DISTRICT_KINDS, LOCAL_KINDS, PROVINCE_KINDS, TYPE_WORDS, Kind


class Written:
    """A record's address and its separate fields (village, commune, district, province), without phones and
    householder's name; redacted before a word for the kind of place makes a name look like one."""

    def __init__(self, raw: RawAddress) -> None:
        private = Private(raw.householder)
        village, commune, district, province = raw.village, raw.commune, raw.district, raw.province
        self.address: Final = private.redacted(Text(raw.address))
        self.has_fields: Final = bool(village or commune or district or province)
        self.fields: Final = (
            [_field(private, one) for one in (village, commune, district, province)] if self.has_fields else []
        )


def _field(private: Private, field: str | None) -> Text | None:
    return None if field is None else private.redacted(known_text(field))


def published_text(written: Written) -> Text:
    """The submitted text with the separate fields it does not hold already."""
    address = written.address
    if not written.has_fields and address.is_legible:
        text = address.text.strip(" ,")
        return address if address.is_tidy and len(text) == len(address.text) else Text(tidy(text))
    kept: list[str] = []
    seen = ""
    is_tidy = True
    for clean in [address, *written.fields]:
        folded = clean.folded if clean is not None else ""
        if clean is not None and folded and not (kept and _holds(seen, folded)):
            kept.append(clean.text.strip(" ,"))
            is_tidy = is_tidy and clean.is_tidy
            seen += f" {folded} "
    text = ", ".join(kept)
    return Text(text if is_tidy else tidy(text))


def matched_text(written: Written, published: Text) -> Text:
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
    return Text(", ".join([written.address.text, *(text for text in typed if text)]))


def remembered(raw: RawAddress, published: str) -> Remembered:
    """The address fields without phones and householder's name: they come to the same result as the record itself.

    `published` is the record's published text.
    """
    village, commune, district, province = raw.village, raw.commune, raw.district, raw.province
    if not (village or commune or district or province):
        return Remembered(published, village, commune, district, province, raw.position)
    written = Written(raw)
    fields = [None if field is None else field.text for field in written.fields]
    return Remembered(written.address.text, fields[0], fields[1], fields[2], fields[3], raw.position)


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


def _typed(field: Text | None, word: str, kinds: frozenset[Kind]) -> str:
    """A field's text with a word for its kind, unless it begins with one."""
    if field is None or not field.text.strip():
        return ""
    words = field.folded.split()
    for length in (3, 2, 1):
        if TYPE_WORDS.get(" ".join(words[:length])) in kinds and len(words) > length:
            return field.text
    return f"{word} {field.text}"
