"""The registrar: matched records in; digitised addresses, map features and national records out.

It is the single writer of the codes of its registry areas, because an area is the key of its input.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import structlog

from schemas.batch import Transition
from schemas.codec import decode, encode
from schemas.dead_letter import DeadLetterCode
from schemas.matched import MatchedAction, MatchedAddress
from schemas.outcome import Outcome
from services.registrar.publications import publications
from services.registrar.registry import Registry
from services.registrar.rules import Registration, register, release
from services.stream.envelope import claimed_row, event_time
from services.stream.failures import where
from services.stream.outputs import InputRecord, Outputs
from services.stream.state import StateStore
from services.stream.topics import (
    DIGITISED,
    MAP_FEATURE,
    MATCHED,
    MATCHED_DEAD_LETTERS,
    NATIONAL,
    REGISTRAR_STATE,
)

log = structlog.get_logger()


class Registrar:
    """The stage between `address.matched.v1` and the public topics."""

    name = "registrar"
    input_topic = MATCHED
    state_topic = REGISTRAR_STATE
    dead_letter_topic = MATCHED_DEAD_LETTERS

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        """See services.stream.processor.Stage."""
        return sum(not self._process_one(record, state, out) for record in records)

    def _process_one(self, record: InputRecord, state: StateStore, out: Outputs) -> bool:
        """False if the service failed on the record.

        One that cannot be read counts as such a failure: only the normaliser writes here, so it means that the two
        were deployed out of step, and the circuit breaker must see it.
        """
        try:
            event = decode(MatchedAddress, record.value or b"")
        except ValueError:
            _refuse(record, out)
            return False
        registry = Registry(state)
        try:
            registration = _apply(registry, event)
            published = _publications(registration, event, record)
        except Exception as error:
            log.error("record failed", partition=record.partition, offset=record.offset, **where(error))
            out.dead_letter(record, DeadLetterCode.UNEXPECTED, "the registrar failed on this record: replay it")
            _account(event, Outcome.DEAD_LETTER, None, DeadLetterCode.UNEXPECTED.value, out)
            return False
        registry.apply()
        for topic, key, value in published:
            out.publish(topic, key.encode(), value, record)
        _account(event, registration.outcome, registration.code, None, out)
        return True


def _refuse(record: InputRecord, out: Outputs) -> None:
    code, row = DeadLetterCode.SCHEMA, None
    try:
        row = claimed_row(orjson.loads(record.value or b""))
    except orjson.JSONDecodeError:
        code = DeadLetterCode.NOT_JSON
    out.dead_letter(record, code, "not a record of address.matched.v1: are normaliser and registrar of one release?")
    if row is not None:
        # Whatever the record says, its row ends here.
        step = Transition(row[1], record.offset, None, Outcome.DEAD_LETTER, reason=code.value)
        out.transition(row[0], step)


def _apply(registry: Registry, event: MatchedAddress) -> Registration:
    if event.action is MatchedAction.RELEASE:
        return release(registry, event)
    if event.result is None:
        raise ValueError("a registration without a result")
    return register(registry, event, event.result)


def _publications(
    registration: Registration, event: MatchedAddress, record: InputRecord
) -> list[tuple[str, str, bytes | None]]:
    """Topic, key and value of every record to publish; tombstones first, so that no code stands twice."""
    published: list[tuple[str, str, bytes | None]] = [
        (topic, key, None) for key in registration.retired for topic in (DIGITISED, MAP_FEATURE, NATIONAL)
    ]
    entry, result = registration.published, registration.result
    if entry is not None and result is not None and registration.code is not None:
        time = event_time(record.headers, record.timestamp).decode()
        key = registration.code
        made = publications(entry, event, result, time)
        published += [
            (DIGITISED, key, encode(made.digitised)),
            (MAP_FEATURE, key, encode(made.map_feature)),
            (NATIONAL, key, encode(made.national)),
        ]
    return published


def _account(event: MatchedAddress, outcome: Outcome, code: str | None, reason: str | None, out: Outputs) -> None:
    if event.batch_id is not None and event.line_no is not None:
        out.transition(
            event.batch_id,
            Transition(
                line_no=event.line_no,
                version=event.version,
                previous=event.previous_outcome,
                outcome=outcome,
                code=code,
                reason=reason,
                previous_reason=event.previous_reason,
            ),
        )
