"""Which Python record stands for which schema."""

from __future__ import annotations

from typing import Any

from schemas.batch import BatchClosed, BatchOpened, BatchStatus, BatchTransitions
from schemas.dead_letter import HandledLetter
from schemas.digitised import DigitisedAddress
from schemas.map_feature import MapFeature
from schemas.matched import MatchedAddress
from schemas.national import NationalAddress
from schemas.normaliser_state import RecordState
from schemas.raw import Decision, RawAddress, Reprocess
from schemas.registrar_state import Area, Cell, Dwelling, RegisteredCode, RegisteredRecord
from schemas.review import ReviewItem
from schemas.village import ConfirmedVillage

# By `kind` where a schema has several forms, under an empty name where it has one.
RECORDS: dict[str, dict[str, type]] = {
    "address.raw.v1": {"": RawAddress},
    "address.decision.v1": {"": Decision},
    "address.reprocess.v1": {"": Reprocess},
    "address.matched.v1": {"": MatchedAddress},
    "address.review.v1": {"": ReviewItem},
    "address.digitised.v1": {"": DigitisedAddress},
    "address.map-feature.v1": {"": MapFeature},
    "address.national.v1": {"": NationalAddress},
    "batch.progress.v1": {"opened": BatchOpened, "closed": BatchClosed, "transitions": BatchTransitions},
    "batch.status.v1": {"": BatchStatus},
    "dead-letter.handled.v1": {"": HandledLetter},
    "gazetteer.village.v1": {"": ConfirmedVillage},
    "normaliser.state.v1": {"": RecordState},
    "registrar.state.v1": {
        "record": RegisteredRecord,
        "code": RegisteredCode,
        "cell": Cell,
        "dwelling": Dwelling,
        "area": Area,
    },
}


def record_type(record: str, value: Any) -> type:
    """The Python record of a valid value."""
    forms = RECORDS[record]
    return forms[""] if "" in forms else forms[value["kind"]]
