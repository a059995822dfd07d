"""What the topics tell of one code: its entry in the registry, what it leads to, and what was published under it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from schemas.codec import decode
from schemas.digitised import DigitisedAddress
from schemas.registrar_state import RegisteredCode, RegisteredRecord
from services.address.vpostcode import area_of, code_key, is_located, written_form
from services.registrar.lookup import chain
from services.stream.connection import Connection
from services.stream.envelope import event_time
from services.stream.snapshot import committed_records, partition_count
from services.stream.topics import DIGITISED, REGISTRAR_STATE
from services.stream.transaction import Partitioner


@dataclass(frozen=True, slots=True)
class Edition:
    """One record under the code in the digitised topic; `address` None retired it."""

    time: str
    address: DigitisedAddress | None


@dataclass(slots=True)
class CodeHistory:
    """`entries` begin with the code asked for, and follow where it leads; empty if it was never issued. `editions` are
    those of it that the topic still holds; `now` is what is published under the code in use at the end."""

    entries: list[RegisteredCode] = field(default_factory=list)
    editions: list[Edition] = field(default_factory=list)
    now: DigitisedAddress | None = None


async def read_history(connection: Connection, prefix: str, key: str) -> CodeHistory:
    """The history of a code with unit (`22110R6F7CJX-02`). Raises KafkaError, TopicMissingError."""
    registry, history = await _registry(connection, prefix, key), CodeHistory()
    history.entries = list(chain(registry, key))
    if not history.entries:
        return history
    history.editions = await _editions(connection, prefix, key)
    last = history.entries[-1]
    if last.status == "issued":
        end = code_key(last.code, last.unit)
        editions = history.editions if end == key else await _editions(connection, prefix, end)
        history.now = editions[-1].address if editions else None
    return history


async def _registry(connection: Connection, prefix: str, key: str) -> dict[bytes, bytes]:
    """The entries of the code's area, and of the areas that it leads to."""
    topic = prefix + REGISTRAR_STATE
    partitions, partitioner = await partition_count(connection, topic), Partitioner()
    registry: dict[bytes, bytes] = {}
    read: set[int] = set()
    area: str | None = _area(key)
    while area is not None:
        number = partitioner.partition(area.encode(), partitions)
        if number in read:
            return registry
        read.add(number)
        async for record in committed_records(connection, TopicPartition(topic, number)):
            if record.key.startswith((b"code:", b"record:")) and record.value is not None:
                registry[record.key] = record.value
        entries = list(chain(registry, key))
        # Where the chain breaks off for want of another area's entries, that one is read next.
        area = _unread_area(registry, entries[-1], read, partitioner, partitions) if entries else None
    return registry


def _unread_area(
    registry: dict[bytes, bytes], last: RegisteredCode, read: set[int], partitioner: Partitioner, partitions: int
) -> str | None:
    area, visited = last.moved_to, set[str]()
    while area is not None and area not in visited:
        visited.add(area)
        if partitioner.partition(area.encode(), partitions) not in read:
            return area
        value = registry.get(f"record:{area}:{last.moved_with}".encode())
        area = None if value is None else decode(RegisteredRecord, value).moved_to
    return None


async def _editions(connection: Connection, prefix: str, key: str) -> list[Edition]:
    topic = prefix + DIGITISED
    # What is published of an area stands in the partition of that area.
    number = Partitioner().partition(_area(key).encode(), await partition_count(connection, topic))
    return [
        Edition(
            event_time(record.headers, record.timestamp).decode(),
            None if record.value is None else decode(DigitisedAddress, record.value),
        )
        async for record in committed_records(connection, TopicPartition(topic, number))
        if record.key == key.encode()
    ]


def _area(key: str) -> str:
    return area_of(key.partition("-")[0])


def lines(history: CodeHistory) -> Iterator[str]:
    """The history for people, a fact a line. It has at least one entry."""
    first, *further = history.entries
    kind = "located" if is_located(first.code) else "provisional"
    use = "in use" if first.status == "issued" else "retired"
    yield f"code      {written_form(first.code, first.unit)}, {kind}, {use}"
    yield f"issued    {first.issued_at or 'at a time that was not recorded'}, to address {first.address_id}"
    if first.aliases:
        yield f"formerly  {', '.join(map(_written, first.aliases))}"
    for edition in history.editions:
        yield f"published {edition.time}  {_said(edition)}"
    if first.status == "issued":
        yield f"records   {first.holders} live there"
    else:
        yield f"retired   {first.retired_at or 'at a time that was not recorded'}: {_why(first)}"
    for entry in further:
        state = "in use" if entry.status == "issued" else f"retired {entry.retired_at or ''}: {_why(entry)}"
        yield f"then      {written_form(entry.code, entry.unit)}, {state}"
    last = history.entries[-1]
    if last.status != "issued":
        yield "resolves  to no code: nobody lives there any more, or the address is not registered again yet"
    else:
        yield f"resolves  to {written_form(last.code, last.unit)}"
        if history.now is not None:
            yield f"now       {_address(history.now)}"


def _why(entry: RegisteredCode) -> str:
    if entry.alias_of is not None:
        return f"its address went on to {_written(entry.alias_of)}"
    if entry.moved_to is not None:
        return f"its address went to area {entry.moved_to}"
    return "its last record was withdrawn"


def _said(edition: Edition) -> str:
    address = edition.address
    return "retired" if address is None else f"version {address.version} of {address.record_key}: {_address(address)}"


def _address(address: DigitisedAddress) -> str:
    position = address.result.position
    where = "" if position is None else f" ({position.lat}, {position.lon}, ± {position.accuracy_m:g} m)"
    return f"{address.result.address_text}{where}"


def _written(key: str) -> str:
    code, _, unit = key.partition("-")
    return written_form(code, unit or None)
