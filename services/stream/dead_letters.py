"""What a record of the dead letters says of itself: pure, without a Kafka client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from schemas.dead_letter import DeadLetterCode, DeadLetterHeader
from services.stream.envelope import Headers, batch_row, claimed_row
from services.stream.replay import Replay, replay_of, without_replay
from services.stream.topics import MATCHED, MATCHED_DEAD_LETTERS, RAW, RAW_DEAD_LETTERS

# The short names of the topics, as the command line has them, and where a letter goes back to.
LETTER_TOPICS = {"raw": RAW_DEAD_LETTERS, "matched": MATCHED_DEAD_LETTERS}
INPUT_TOPICS = {RAW_DEAD_LETTERS: RAW, MATCHED_DEAD_LETTERS: MATCHED}
# As schemas/asyncapi.yaml limits the topics, less room for key and headers.
_MOST_BYTES = 1_048_576 - 8192
_SHORT = {topic: name for name, topic in LETTER_TOPICS.items()}
_NAMES = [name.value for name in DeadLetterHeader]
_PLACE = re.compile(r"(raw|matched):([0-9]{1,6}):([0-9]{1,19})")


class LetterRecord(Protocol):
    """What is read of a consumed record (aiokafka's ConsumerRecord has it)."""

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


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a letter stands; `topic` is its topic without prefix. As text `raw:3:17`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{_SHORT[self.topic]}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter. `key`, `value` and `headers` are those of the refused record; `code`, `detail` and `stage` say why
    it was refused, `origin` where it stood then. `replay` is None for one that was never put back. `row` is the batch
    and line that it names. `timestamp` is when it was put aside, in milliseconds."""

    place: Place
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    stage: str
    code: str
    detail: str
    origin: tuple[int, int]
    replay: Replay | None
    row: tuple[str, int] | None

    @property
    def replays(self) -> int:
        """How often it was put back already."""
        return self.replay.count if self.replay else 0

    @property
    def cannot_be_put_back(self) -> str | None:
        """Why it cannot go back into its topic; None if it can."""
        if self.code == DeadLetterCode.UNREADABLE_HEADER:
            return "its bytes could not be read: have it sent anew"
        if self.code not in list(DeadLetterCode):
            return "its error code is none of this release"
        if self.key is None and self.value is None:
            return "it has neither key nor value"
        if len(self.value or b"") > _MOST_BYTES:
            return "with the headers of a replay it would be too large for its topic"
        return None

    def put_back(self) -> Headers:
        """The headers with which it goes back: its own, and those that say what its row counts as."""
        # The first place counts: what the source sent after that is newer.
        partition, offset = (self.replay.partition, self.replay.offset) if self.replay else self.origin
        return [*self.headers, *Replay(self.replays + 1, partition, offset, DeadLetterCode(self.code)).headers()]


def read_place(text: str) -> Place:
    """The place in `raw:3:17`. Raises ValueError with a sentence."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} names no dead letter: `diachi dlq list` shows their names, such as raw:3:17")
    return Place(LETTER_TOPICS[match.group(1)], int(match.group(2)), int(match.group(3)))


def read_letter(topic: str, record: LetterRecord) -> Letter | None:
    """The letter in a record of a topic of dead letters (without prefix); None for one that no stage wrote."""
    own, why = record.headers[: -len(_NAMES)], record.headers[-len(_NAMES) :]
    if [name for name, _ in why] != _NAMES:
        return None
    said = {name: (value or b"").decode(errors="replace") for name, value in why}
    partition, offset = said[DeadLetterHeader.PARTITION.value], said[DeadLetterHeader.OFFSET.value]
    if not (partition.isdecimal() and offset.isdecimal()):
        return None
    return Letter(
        place=Place(topic, record.partition, record.offset),
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple(without_replay(own)),
        stage=said[DeadLetterHeader.STAGE.value],
        code=said[DeadLetterHeader.ERROR_CODE.value],
        detail=said[DeadLetterHeader.ERROR_DETAIL.value],
        origin=(int(partition), int(offset)),
        replay=replay_of(own),
        row=batch_row(own) or _claimed(record.value),
    )


def _claimed(value: bytes | None) -> tuple[str, int] | None:
    try:
        return claimed_row(orjson.loads(value or b""))
    except orjson.JSONDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant: those at `places` if any are named, and of them those that meet all the rest.

    `since` and `until` are Kafka timestamps (ms), the latter excluded.
    """

    topics: tuple[str, ...] = tuple(INPUT_TOPICS)
    places: frozenset[Place] = frozenset()
    batch_id: str | None = None
    code: str | None = None
    since: int | None = None
    until: int | None = None

    def holds(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        return (
            (not self.places or letter.place in self.places)
            and (self.batch_id is None or (letter.row is not None and letter.row[0] == self.batch_id))
            and (self.code is None or letter.code == self.code)
            and (self.since is None or letter.timestamp >= self.since)
            and (self.until is None or letter.timestamp < self.until)
        )
