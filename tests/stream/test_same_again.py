"""The same batch a second time: every row is accounted for as unchanged, and nothing is published anew."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gazetteer.gazetteer import Gazetteer
from services.stream.topics import DIGITISED, RAW
from tests.chaos.audit import account
from tests.chaos.rows import compose
from tests.stream.kafka_io import produce, read_committed
from tests.stream.pipeline import Pipeline, wait_for
from tests.stream.services import create_service_topics

ROWS = 2000


def test_the_same_batch_again_is_unchanged_and_issues_no_code(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    asyncio.run(create_service_topics(kafka, topic_prefix, 3))

    def outcomes(batch_id: str) -> dict[int, str]:
        asyncio.run(produce(kafka, topic_prefix + RAW, compose(Gazetteer.load(), ROWS, batch_id)))
        steps: dict[int, list[tuple[str, str | None]]] = {}

        def complete() -> bool:
            steps.update(asyncio.run(account(kafka, topic_prefix, batch_id)))
            return len(steps) >= ROWS

        wait_for(complete, f"batch {batch_id}", 120)
        assert all(len(taken) == 1 for taken in steps.values())
        return {line: taken[0][0] for line, taken in steps.items()}

    with Pipeline(kafka, topic_prefix, tmp_path) as pipeline:
        pipeline.start("normaliser")
        pipeline.start("registrar")
        first = outcomes("b1")
        published = len(asyncio.run(read_committed(kafka, topic_prefix + DIGITISED)))
        again = outcomes("b2")
    assert set(first.values()) == {"digitised", "review", "dead_letter"}
    # What cannot be read is not remembered: it is refused again. Every other row is unchanged.
    assert again == {line: "dead_letter" if was == "dead_letter" else "unchanged" for line, was in first.items()}
    assert len(asyncio.run(read_committed(kafka, topic_prefix + DIGITISED))) == published
