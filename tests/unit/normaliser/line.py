"""Normaliser and registrar in a row, with real core and state, as a test of records run again needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from schemas.batch import BatchTransitions
from schemas.codec import decode
from schemas.digitised import DigitisedAddress
from schemas.normaliser_state import RecordState
from schemas.review import ReviewItem
from services.address.core import AddressCore
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream import topics
from services.stream.outputs import Output, Outputs
from services.stream.processor import Stage
from services.stream.state import MemoryStore
from services.tracker.fold import BatchTally, fold
from tests.contract.published import assert_published
from tests.unit.make import Record

NOWHERE = "kho hàng số 9 ở đâu đó"


class Line:
    """Both stages with their state; what they publish is kept as a reader of the compacted topics would keep it."""

    def __init__(self, core: AddressCore) -> None:
        self.registrar = Registrar()
        self.stores = {"normaliser": MemoryStore(), "registrar": MemoryStore()}
        self.offsets = {"normaliser": 0, "registrar": 0}
        self.held: dict[tuple[str, bytes], bytes] = {}
        self.tallies: dict[str, BatchTally] = {}
        self.use(core)

    def use(self, core: AddressCore) -> None:
        """Go on with another gazetteer."""
        self.core = core
        self.normaliser = Normaliser(core, 65_536)

    def send(self, *records: Record) -> list[Output]:
        first = self.process(self.normaliser, records)
        matched = [
            Record(output.value, key=output.key, headers=tuple(output.headers))
            for output in first
            if output.topic == topics.MATCHED
        ]
        return first + (self.process(self.registrar, matched) if matched else [])

    def process(self, stage: Stage, records: Sequence[Record]) -> list[Output]:
        """What one stage makes of records; nothing comes of that in the other one."""
        for record in records:
            record.offset = self.offsets[stage.name]
            self.offsets[stage.name] += 1
        out = Outputs(stage.name, stage.input_topic, "0e8bd4a0-5b4e-4f44-9a36-0f5a2d6f7a1c", stage.dead_letter_topic)
        assert stage.process(records, self.stores[stage.name], out) == 0, "a record failed unexpectedly"
        out.announce_transitions(records[-1])
        changes = [
            Output(stage.state_topic, key, value, [], 0) for key, value in self.stores[stage.name].changes().items()
        ]
        self.stores[stage.name].commit()
        for output in (*out.records, *changes):
            assert_published(output.topic, output.key, output.value, output.headers)
            if output.topic == topics.BATCH_PROGRESS:
                event = decode(BatchTransitions, output.value or b"")
                self.tallies[event.batch_id] = fold(self.tallies.get(event.batch_id), event, "2026-03-01T00:00:00Z")
            elif output.value is None:
                self.held.pop((output.topic, output.key or b""), None)
            else:
                self.held[output.topic, output.key or b""] = output.value
        return out.records

    def state(self, record_id: str) -> RecordState:
        value = self.stores["normaliser"].get(f"post:{record_id}".encode())
        assert value is not None
        return decode(RecordState, value)

    def addresses(self) -> dict[str, DigitisedAddress]:
        """What is published, by code with unit."""
        return {
            key.decode(): decode(DigitisedAddress, value)
            for (topic, key), value in self.held.items()
            if topic == topics.DIGITISED
        }

    def address(self, record_id: str) -> DigitisedAddress:
        (found,) = (one for one in self.addresses().values() if one.record_key == f"post:{record_id}")
        return found

    def review(self, record_id: str) -> ReviewItem | None:
        value = self.held.get((topics.REVIEW, f"post:{record_id}".encode()))
        return None if value is None else decode(ReviewItem, value)

    def counts(self) -> dict[str, int]:
        return self.tallies["b1"].outcomes

    def again(self, *record_ids: str, **changes: Any) -> list[Output]:
        """Run records again with the gazetteer in use."""
        return self.send(*(request(one, self.core.version, **changes) for one in record_ids))


def submission(record_id: str, address: str, **fields: Any) -> Record:
    raw = {"source": "post", "source_record_id": record_id, "address": address, "batch_id": "b1", **fields}
    return Record(orjson.dumps({"line_no": int(record_id), **raw}), key=f"post:{record_id}".encode())


def request(record_id: str, version: str, *, again: bool = False) -> Record:
    value = {
        "source": "post",
        "source_record_id": record_id,
        "requested_at": "2026-03-01T00:00:00Z",
        "gazetteer_version": version,
        "again": again,
    }
    return Record(orjson.dumps(value), key=f"post:{record_id}".encode())


def decision(line: Line, record_id: str, commune_code: str, **fields: Any) -> Record:
    value = {
        "source": "post",
        "source_record_id": record_id,
        "decided_by": "group-7",
        "decided_at": "2026-01-02T03:04:05Z",
        "based_on_version": line.state(record_id).version,
        "commune_code": commune_code,
        "address_text": fields.pop("text", NOWHERE),
        **fields,
    }
    return Record(orjson.dumps(value), key=f"post:{record_id}".encode())
