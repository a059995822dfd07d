"""What producers write to `address.raw.v1`: a submission, a person's decision, a request to run a record again, or null
(withdrawal).

This is the only topic, with its dead letters, that carries personal data.
"""

from __future__ import annotations

from schemas.address import Components
from schemas.record import Record


class RawPosition(Record, frozen=True):
    """Either `lat`/`lon` (WGS84 degrees) or `easting`/`northing` (metres) with the EPSG code of the VN-2000 zone."""

    lat: float | None = None
    lon: float | None = None
    easting: float | None = None
    northing: float | None = None
    epsg: int | None = None
    accuracy_m: float | None = None


class Householder(Record, frozen=True):
    """Personal data; never leaves raw and its dead letters."""

    name: str | None = None
    phone: str | None = None


class RawAddress(Record, frozen=True):
    """One address as a postal operator holds it. The separate fields, where given, are added to the text.

    `extra` holds the operator's own columns by name: they come back in the outcome file and go nowhere else.
    """

    source: str
    source_record_id: str
    address: str
    village: str | None = None
    commune: str | None = None
    district: str | None = None
    province: str | None = None
    position: RawPosition | None = None
    householder: Householder | None = None
    extra: dict[str, str] | None = None
    batch_id: str | None = None
    line_no: int | None = None


class StrictRawPosition(RawPosition, frozen=True, forbid_unknown_fields=True):
    """The same, refused with a field that the schema does not know."""


class StrictHouseholder(Householder, frozen=True, forbid_unknown_fields=True):
    """The same, refused with a field that the schema does not know."""


class StrictRawAddress(RawAddress, frozen=True, forbid_unknown_fields=True):
    """The same, refused with a field that the schema does not know."""

    position: StrictRawPosition | None = None
    householder: StrictHouseholder | None = None


class Decision(Record, frozen=True):
    """The fields a person settled, for the record under the same key.

    `based_on_version` is the version of the result the person saw; any but the current one is refused.
    `address_text` is the redacted text of that result.
    """

    source: str
    source_record_id: str
    decided_by: str
    decided_at: str
    based_on_version: int
    commune_code: str
    address_text: str
    village: str | None = None
    position: RawPosition | None = None
    components: Components | None = None
    batch_id: str | None = None
    line_no: int | None = None


class Reprocess(Record, frozen=True):
    """Asks for what is remembered of the record under the same key to be run again with another gazetteer.

    It brings no address, so that it can neither undo a correction nor bring a withdrawn record back. A normaliser that
    has another gazetteer than `gazetteer_version` refuses it; one that ran the record with this gazetteer already does
    nothing, unless `again` is set.
    """

    source: str
    source_record_id: str
    requested_at: str
    gazetteer_version: str
    again: bool
