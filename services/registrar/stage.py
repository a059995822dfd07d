"""The registrar: matched records in; digitised addresses, map features and national records out.

It is the single writer of the codes of its registry areas, because an area is the key of its input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
import structlog
from msgspec.structs import replace

from schemas.batch import Transition
from schemas.codec import decode
from schemas.dead_letter import DeadLetterCode
from schemas.matched import MatchedAction, MatchedEvent
from schemas.outcome import Outcome
from services.address.vpostcode import CodesExhaustedError
from services.registrar.announcing import account, announce
from services.registrar.publications import publications
from services.registrar.reading import read_matched
from services.registrar.registration import Registration
from services.registrar.registry import Registry
from services.registrar.rules import confirm, register, release
from services.stream.envelope import claimed_row
from services.stream.failures import where
from services.stream.outputs import InputRecord, Outputs
from services.stream.replay import replay_of
from services.stream.state import StateStore
from services.stream.topics import MATCHED, MATCHED_DEAD_LETTERS, REGISTRAR_STATE

log = structlog.get_logger()

# Python 3.11 takes long to find the members of an enum.
_CONFIRM: Final = MatchedAction.CONFIRM
_RELEASE: Final = MatchedAction.RELEASE

_EXHAUSTED = "the area has used all of its provisional codes: see what its sources send; send the row with a point"
_FAILED = "the registrar failed on this record: replay it"
_NOT_REGISTERED = (
    "the registration that this text led to before is a dead letter itself: replay that one, then this one"
)


class Registrar:
    """The stage between `address.matched.v1` and the public topics."""

    name = "registrar"
    input_topic = MATCHED
    state_topic = REGISTRAR_STATE
    dead_letter_topic = MATCHED_DEAD_LETTERS

    def process(self, records: Sequence[InputRecord], state: StateStore, out: Outputs) -> int:
        """See services.stream.processor.Stage."""
        return sum(not self._process_one(record, state, out) for record in records)

    def set_aside(self, record: InputRecord, detail: str, out: Outputs) -> None:
        """See services.stream.processor.Stage."""
        try:
            event = _as_counted(decode(MatchedEvent, record.value or b""), record)
        except ValueError:
            _refuse(record, out)
        else:
            _put_aside(record, event, DeadLetterCode.UNEXPECTED, detail, out)

    def _process_one(self, record: InputRecord, state: StateStore, out: Outputs) -> bool:
        """False if the service failed on the record.

        One that cannot be read counts as such a failure: only the normaliser writes here, so it means that the two
        were deployed out of step, and the circuit breaker must see it.
        """
        try:
            event, result_json = read_matched(record.value or b"")
        except ValueError:
            _refuse(record, out)
            return False
        event = _as_counted(event, record)
        time = out.time_of(record).decode()
        registry = Registry(state, time)
        try:
            registration = _apply(registry, event)
            published = publications(registration, event, time, result_json) if registration else []
        except CodesExhaustedError:
            # What operators send can lead here, so it is no failure of the service.
            _put_aside(record, event, DeadLetterCode.CODES_EXHAUSTED, _EXHAUSTED, out)
            return True
        except Exception as error:
            log.error("record failed", partition=record.partition, offset=record.offset, **where(error))
            _put_aside(record, event, DeadLetterCode.UNEXPECTED, _FAILED, out)
            return False
        if registration is None:
            _put_aside(record, event, DeadLetterCode.NOT_REGISTERED, _NOT_REGISTERED, out)
            return True
        registry.apply()
        announce(published, event, record, out)
        account(event, registration.outcome, registration.code, None, out)
        return True


def _as_counted(event: MatchedEvent, record: InputRecord) -> MatchedEvent:
    """The event; the row of one that was put back counts as a dead letter, whatever it counted as before."""
    replay = replay_of(record.headers)
    if replay is None:
        return event
    return replace(event, previous_outcome=Outcome.DEAD_LETTER, previous_reason=replay.reason.value)


def _put_aside(record: InputRecord, event: MatchedEvent, code: DeadLetterCode, detail: str, out: Outputs) -> None:
    out.dead_letter(record, code, detail)
    account(event, Outcome.DEAD_LETTER, None, code.value, out)


def _refuse(record: InputRecord, out: Outputs) -> None:
    code, row = DeadLetterCode.SCHEMA, None
    try:
        row = claimed_row(orjson.loads(record.value or b""))
    except orjson.JSONDecodeError:
        code = DeadLetterCode.NOT_JSON
    out.dead_letter(record, code, "not a record of address.matched.v1: are normaliser and registrar of one release?")
    if row is not None:
        # Whatever the record says, its row ends here.
        replay = replay_of(record.headers)
        step = Transition(
            line_no=row[1],
            version=record.offset,
            previous=Outcome.DEAD_LETTER if replay else None,
            outcome=Outcome.DEAD_LETTER,
            reason=code.value,
            previous_reason=replay.reason.value if replay else None,
        )
        out.transition(row[0], step)


def _apply(registry: Registry, event: MatchedEvent) -> Registration | None:
    """What the event does; None for a record that should be registered and is not."""
    if event.action is _CONFIRM:
        return confirm(registry, event)
    if event.action is _RELEASE:
        return release(registry, event)
    if event.result is None:
        raise ValueError("a registration without a result")
    return register(registry, event, event.result)
