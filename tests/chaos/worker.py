"""`diachi normaliser` or `diachi registrar`, with points at which a test can lay traps, and told to show its state.

Nothing else is changed, unless CHAOS_BROKEN names one of the broken builds of tests/chaos/broken.py.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition

from services.cli.main import app
from services.stream import main, processor
from services.stream.connection import Connection
from services.stream.service import StreamService
from services.stream.state import StateStore
from tests.chaos import traps
from tests.chaos.broken import break_worker
from tests.chaos.state import show_state

_SENDING_SECONDS = 0.02
_COMMITTING_SECONDS = 0.002


def trapped_producer(base: type[Any], laid: traps.Traps) -> type[Any]:
    """The producer with the points of a transaction."""

    class Producer(base):  # type: ignore[misc]
        async def begin_transaction(self) -> None:
            laid.reach(traps.BEGIN)
            await super().begin_transaction()

        async def send_batch(self, *args: Any, **options: Any) -> Any:
            sent = await super().send_batch(*args, **options)
            if laid.awaits(traps.SENDING):
                await asyncio.sleep(_SENDING_SECONDS)
                laid.reach(traps.SENDING)
            return sent

        async def send_offsets_to_transaction(self, *args: Any) -> None:
            laid.reach(traps.PRODUCED)
            await super().send_offsets_to_transaction(*args)

        async def commit_transaction(self) -> None:
            laid.reach(traps.BEFORE_COMMIT)
            committing = asyncio.ensure_future(super().commit_transaction())
            if laid.awaits(traps.COMMITTING):
                await asyncio.sleep(_COMMITTING_SECONDS)
                laid.reach(traps.COMMITTING)
            await committing
            laid.reach(traps.COMMITTED)

    return Producer


class Restoring:
    """Passes what is read back on to the store."""

    def __init__(self, store: StateStore, laid: traps.Traps) -> None:
        self._store = store
        self._laid = laid

    def load(self, key: bytes, value: bytes | None) -> None:
        self._store.load(key, value)
        self._laid.reach(traps.RESTORING)

    def __len__(self) -> int:
        return len(self._store)


def install(laid: traps.Traps) -> None:
    """Put the points where they belong."""

    class Service(StreamService):
        async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            if assigned:
                laid.reach(traps.ASSIGNED)
            await super().on_partitions_assigned(assigned)

        async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
            if revoked:
                laid.reach(traps.REVOKED)
            await super().on_partitions_revoked(revoked)

    restore = processor.restore

    async def restoring(connection: Connection, changelog: TopicPartition, store: StateStore) -> int:
        return await restore(connection, changelog, Restoring(store, laid))  # type: ignore[arg-type]

    main.StreamService = Service  # type: ignore[misc]
    processor.restore = restoring
    processor.AIOKafkaProducer = trapped_producer(processor.AIOKafkaProducer, laid)


if __name__ == "__main__":
    trap_file = Path(os.environ["CHAOS_TRAPS"])
    if broken := os.environ.get("CHAOS_BROKEN"):
        break_worker(broken)
    install(traps.Traps(trap_file))
    show_state(trap_file)
    sys.argv[0] = "diachi"
    app()
