"""Finds the one record whose outputs the broker refuses, so that it does not block its partition."""

from __future__ import annotations

from typing import NamedTuple

from aiokafka.errors import (
    InvalidMessageError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)

# Refused for what is in the records. A missing permission or topic is none of these: it is waited for.
REFUSALS = (
    InvalidMessageError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
)


class DeadLetterRefusedError(RuntimeError):
    """The broker refuses a record's outputs and its dead letter too."""


class _Refused(NamedTuple):
    times: int
    offset: int
    records: int


class Refusals:
    """What was refused, by partition: each time the next batch is a quarter, down to one record, which is put aside.

    Kept outside the partitions' processors, which are given up after a refusal.
    """

    def __init__(self, most_records: int) -> None:
        self._most = most_records
        self._refused: dict[int, _Refused] = {}

    def limit(self, partition: int) -> int:
        """How many records the next batch of a partition may have."""
        refused = self._refused.get(partition)
        return self._most if refused is None else max(1, self._most >> 2 * refused.times)

    def is_poison(self, partition: int, offset: int) -> bool:
        """Whether the record at `offset` was refused alone: it goes to the dead letters unprocessed."""
        refused = self._refused.get(partition)
        return refused is not None and refused.records == 1 and refused.offset == offset

    def refused(self, partition: int, offset: int, records: int) -> None:
        """A batch that begins at `offset` was refused. Raises DeadLetterRefusedError if its poison was put aside."""
        if records == 1 and self.is_poison(partition, offset):
            raise DeadLetterRefusedError(
                f"the broker refuses the record at offset {offset} of partition {partition}, and its dead letter too: "
                "compare max.message.bytes of the topics with schemas/asyncapi.yaml"
            )
        before = self._refused.get(partition)
        self._refused[partition] = _Refused(before.times + 1 if before else 1, offset, records)

    def committed(self, partition: int) -> None:
        """A batch went through: the next may be larger again."""
        refused = self._refused.pop(partition, None)
        if refused is not None and refused.times > 1:
            self._refused[partition] = refused._replace(times=refused.times - 1)
