"""The headers of a record that was put back from the dead letters: pure, for the stages and for the tool."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.dead_letter import DeadLetterCode, ReplayHeader
from services.stream.envelope import Headers

_NAMES: Final = [name.value for name in ReplayHeader]
_COUNT: Final = re.compile(rb"[1-9][0-9]{0,3}")
_ORIGIN: Final = re.compile(rb"([0-9]{1,6})-([0-9]{1,19})")
_CODES: Final = {code.value.encode(): code for code in DeadLetterCode}


@dataclass(frozen=True, slots=True)
class Replay:
    """How often a record was put back, where it first stood, and by which code its row counts as a dead letter."""

    count: int
    partition: int
    offset: int
    reason: DeadLetterCode

    def headers(self) -> Headers:
        """These come after the record's own headers."""
        values = (str(self.count), f"{self.partition}-{self.offset}", self.reason.value)
        return [(name, value.encode()) for name, value in zip(_NAMES, values, strict=True)]

    def first_offset(self, partition: int, offset: int) -> int:
        """Where the record first stood in `partition`; `offset`, where it stands now, if that was another partition."""
        return self.offset if self.partition == partition else offset


def replay_of(headers: Sequence[tuple[str, bytes | None]]) -> Replay | None:
    """What the last headers of a record say of its replay; None for a record that was not put back."""
    if not headers or headers[-1][0] != _NAMES[-1]:  # as is usual
        return None
    last = headers[-len(_NAMES) :]
    if [name for name, _ in last] != _NAMES:
        return None
    # Kafka lets a header have no value, which the client hands over as None, whatever its types say.
    count, origin, reason = (value or b"" for _, value in last)
    place = _ORIGIN.fullmatch(origin)
    if not _COUNT.fullmatch(count) or place is None or reason not in _CODES:
        return None
    return Replay(int(count), int(place.group(1)), int(place.group(2)), _CODES[reason])


def without_replay(headers: Sequence[tuple[str, bytes | None]]) -> Headers:
    """The headers as the record came with them first."""
    return list(headers[: -len(_NAMES)] if replay_of(headers) is not None else headers)
