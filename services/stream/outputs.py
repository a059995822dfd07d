"""What one batch of input produces: events, dead letters and batch transitions, collected before they are sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from schemas.batch import BatchTransitions, Transition
from schemas.codec import encode
from schemas.dead_letter import DeadLetterCode, DeadLetterHeader
from services.stream.envelope import EventKind, Headers, Origin
from services.stream.topics import BATCH_PROGRESS


class InputRecord(Protocol):
    """What the stages read of a consumed record (aiokafka's ConsumerRecord has it)."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Output:
    """One record to produce. `partition` None lets the key decide, or `placed_by` in its stead."""

    def __init__(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
        timestamp_ms: int,
        partition: int | None = None,
        placed_by: bytes | None = None,
    ) -> None:
        self.topic: Final = topic
        self.key: Final = key
        self.value: Final = value
        self.headers: Final = headers
        self.timestamp_ms: Final = timestamp_ms
        self.partition: Final = partition
        self.placed_by: Final = placed_by


def changelog(topic: str, partition: int, timestamp_ms: int, changes: Mapping[bytes, bytes | None]) -> list[Output]:
    """The changes of a state, by key, as records of its changelog."""
    return [Output(topic, key, value, [], timestamp_ms, partition) for key, value in changes.items()]


class _Events:
    """The events of a batch on one topic: what they have in common, and how many each record, by offset, has caused."""

    def __init__(self, kind: EventKind) -> None:
        self.kind: Final = kind
        self._causes: Final[list[int]] = []
        self._latest = -1
        self._caused = 0

    def index(self, offset: int) -> int:
        """The number of the next event that the record at an offset causes, counted as given."""
        if offset > self._latest:
            self._latest, self._caused = offset, 0
        # Records come in the order of their offsets, so that this is for none but a caller who goes back.
        index = self._caused if offset == self._latest else self._causes.count(offset)
        if offset == self._latest:
            self._caused += 1
        self._causes.append(offset)
        return index


class Outputs:
    """Collects the outputs of one batch of one input partition, in order."""

    def __init__(self, stage: str, input_topic: str, topic_id: str, dead_letter_topic: str) -> None:
        self._stage = stage
        self._source = f"/diachi/{stage}"
        self._input_topic = input_topic
        self._topic_id = topic_id
        self._dead_letter_topic = dead_letter_topic
        self._transitions: dict[str, list[Transition]] = {}
        # The record whose events are being collected.
        self._cause: InputRecord | None = None
        self._origin: Origin | None = None
        self._events: dict[str, _Events] = {}
        self.records: list[Output] = []
        # How many records were taken for each topic.
        self.counts: Counter[str] = Counter()
        # Faults found in the addresses of this batch, for the metrics.
        self.faults: Counter[str] = Counter()

    def publish(
        self, topic: str, key: bytes, value: bytes | None, cause: InputRecord, placed_by: bytes | None = None
    ) -> None:
        """An event on `topic`, None for a tombstone, caused by `cause`.

        What has the same `placed_by` goes to one partition; by default the key says to which.
        """
        origin = self._origin_of(cause)
        events = self._events.get(topic)
        if events is None:
            events = self._events[topic] = _Events(EventKind(topic, self._source))
        headers = origin.headers(events.kind, events.index(origin.offset), key)
        self.records.append(Output(topic, key, value, headers, origin.timestamp_ms, None, placed_by))

    def time_of(self, cause: InputRecord) -> bytes:
        """When what a record says happened (RFC 3339): the time of the events that it causes."""
        return self._origin_of(cause).time

    def _origin_of(self, cause: InputRecord) -> Origin:
        origin = self._origin
        if origin is None or cause is not self._cause:
            origin = Origin(self._topic_id, cause.partition, cause.offset, cause.headers, cause.timestamp)
            self._cause, self._origin = cause, origin
        return origin

    def dead_letter(self, cause: InputRecord, code: DeadLetterCode, detail: str) -> None:
        """The input record itself, bytes and headers unchanged, with headers that say where and why it failed."""
        headers: Headers = [
            *cause.headers,
            (DeadLetterHeader.TOPIC.value, self._input_topic.encode()),
            (DeadLetterHeader.PARTITION.value, str(cause.partition).encode()),
            (DeadLetterHeader.OFFSET.value, str(cause.offset).encode()),
            (DeadLetterHeader.STAGE.value, self._stage.encode()),
            (DeadLetterHeader.ERROR_CODE.value, code.value.encode()),
            (DeadLetterHeader.ERROR_DETAIL.value, detail.encode()),
        ]
        self.records.append(Output(self._dead_letter_topic, cause.key, cause.value, headers, cause.timestamp))

    def transition(self, batch_id: str, transition: Transition) -> None:
        """One step of one row, to be announced with the transaction."""
        steps = self._transitions.get(batch_id)
        if steps is None:
            steps = self._transitions[batch_id] = []
        steps.append(transition)

    @property
    def transitions(self) -> dict[str, list[Transition]]:
        """The steps so far, by batch."""
        return self._transitions

    def announce_transitions(self, last: InputRecord) -> None:
        """One progress event per batch, caused by the last record of the transaction."""
        for batch_id, transitions in self._transitions.items():
            event = BatchTransitions(
                batch_id=batch_id,
                stage=self._stage,  # type: ignore[arg-type]
                topic_id=self._topic_id,
                partition=last.partition,
                offset=last.offset,
                transitions=tuple(transitions),
            )
            self.publish(BATCH_PROGRESS, batch_id.encode(), encode(event), last)

    def take(self) -> list[Output]:
        """The records to send, which are not kept here: the client has its own copy while they are on their way."""
        taken, self.records = self.records, []
        self.counts.update(record.topic for record in taken)
        return taken
