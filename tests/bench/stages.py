"""Both stages in one process, without Kafka, in a fixed order: the same records give the same bytes.

`python stages.py FILE` prints a digest of all that the stages publish for the records in FILE (one JSON array of key
and value a line). It imports nothing of this folder, so that it also runs on an older version of the services.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from gazetteer.gazetteer import Gazetteer
from services.address.core import AddressCore
from services.normaliser.stage import Normaliser
from services.registrar.stage import Registrar
from services.stream.outputs import Output, Outputs
from services.stream.state import MemoryStore
from services.stream.topics import MATCHED

BATCH = 1000
TIMESTAMP_MS = 1_780_000_000_000


class Input(NamedTuple):
    """A consumed record."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def run(records: Iterable[tuple[bytes, bytes]], batch: int = BATCH) -> Iterator[tuple[str, list[Output]]]:
    """Stage, and outputs with state changes, of every batch of both stages, for raw records of key and value."""
    normaliser: Any = Normaliser(AddressCore(Gazetteer.load()), 64 * 1024)
    trace = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    raw = [Input(0, number, TIMESTAMP_MS, key, value, (trace,)) for number, (key, value) in enumerate(records)]
    matched: list[Input] = []
    for outputs in _batches(normaliser, raw, batch):
        yield normaliser.name, outputs
        for output in outputs:
            if output.topic == MATCHED:
                key, value = output.key, output.value
                matched.append(Input(0, len(matched), TIMESTAMP_MS, key, value, tuple(output.headers)))
    for outputs in _batches(Registrar(), matched, batch):
        yield Registrar.name, outputs


def _batches(stage: Any, records: list[Input], batch: int) -> Iterator[list[Output]]:
    store = MemoryStore()
    for start in range(0, len(records), batch):
        part = records[start : start + batch]
        out = Outputs(stage.name, stage.input_topic, "topic", stage.dead_letter_topic)
        stage.process(part, store, out)
        out.announce_transitions(part[-1])
        changes = store.changes().items()
        yield [*out.records, *(Output(stage.state_topic, key, value, [], TIMESTAMP_MS) for key, value in changes)]
        store.commit()


def digests(outputs: Iterable[list[Output]]) -> dict[str, str]:
    """Of each topic, how many records and the hash of their keys, values and headers in order."""
    hashes: Any = defaultdict(sha256)
    counts: dict[str, int] = defaultdict(int)
    for one in chain.from_iterable(outputs):
        hashes[one.topic].update(repr((one.key, one.value, list(one.headers))).encode())
        counts[one.topic] += 1
    return {topic: f"{counts[topic]:>8} {digest.hexdigest()[:32]}" for topic, digest in sorted(hashes.items())}


def read_pairs(file: Path) -> Iterator[tuple[bytes, bytes]]:
    """The records that `compare` has written."""
    with file.open("rb") as lines:
        for line in lines:
            key, value = orjson.loads(line)
            yield key.encode(), value.encode()


if __name__ == "__main__":
    for name, digest in digests(outputs for _, outputs in run(read_pairs(Path(sys.argv[1])))).items():
        print(f"{name:<26}{digest}")
