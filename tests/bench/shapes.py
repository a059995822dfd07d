"""What the real stages publish for some rows, so that the bare skeleton can send records of the same shape and size."""

from __future__ import annotations

import pickle
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from services.stream.envelope import Headers
from services.stream.topics import BATCH_PROGRESS, NORMALISER_STATE, REGISTRAR_STATE
from tests.bench.records import raw_records
from tests.bench.stages import run

_SAMPLE_ROWS = 2000


@dataclass(slots=True)
class Shape:
    """What one input record leads to: events (topic, value as parsed JSON, headers) and state changes."""

    events: list[tuple[str, dict[str, Any], Headers]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)


Shapes = dict[str, list[Shape]]


def sample_shapes(count: int = _SAMPLE_ROWS) -> Shapes:
    """By stage, what it makes of each of the first rows of the province: the shapes come in true proportions."""
    shapes: Shapes = defaultdict(list)
    for stage, outputs in run([(record.key, record.value) for record in raw_records(count)], batch=1):
        shape = Shape()
        for output in outputs:
            if output.value is None:
                continue
            value = orjson.loads(output.value) if not output.topic.endswith("dlq") else {}
            if output.topic in (NORMALISER_STATE, REGISTRAR_STATE):
                shape.states.append(value)
            elif output.topic == BATCH_PROGRESS:
                shape.steps += value["transitions"]
            else:
                shape.events.append((output.topic, value, output.headers))
        shapes[stage].append(shape)
    return dict(shapes)


def write_shapes(file: Path, shapes: Shapes) -> Path:
    """Keep shapes for the processes of the same run."""
    file.write_bytes(pickle.dumps(shapes))
    return file


def read_shapes(file: Path) -> Shapes:
    """What `write_shapes` kept."""
    shapes: Shapes = pickle.loads(file.read_bytes())
    return shapes
