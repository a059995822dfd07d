"""Builds that are broken on purpose, each by one thing: the audit must see what they do.

Each does what someone might well write, believing that it makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.stream import processor
from services.stream.connection import Connection
from services.stream.outputs import InputRecord, Outputs
from services.stream.processor import PartitionProcessor
from services.stream.restore import restore
from services.stream.state import MemoryStore, StateStore
from services.stream.transaction import Packer


def offsets_after_the_transaction() -> None:
    """The consumer commits once the transaction is through. A worker killed between them leaves work to be redone."""
    transact = PartitionProcessor._transact

    class Producer(AIOKafkaProducer):  # type: ignore[misc]
        async def send_offsets_to_transaction(self, offsets: object, group_id: str) -> None:
            pass

    async def then_offsets(self: PartitionProcessor, last: InputRecord, out: Outputs, packer: Packer) -> None:
        await transact(self, last, out, packer)
        await self._worker.consumer.commit({self._partition: last.offset + 1})

    processor.AIOKafkaProducer = Producer
    PartitionProcessor._transact = then_offsets  # type: ignore[method-assign]


def offsets_before_the_transaction() -> None:
    """The consumer commits before the transaction is through. A worker killed between them leaves work undone."""
    begin = PartitionProcessor.__init__

    class Producer(AIOKafkaProducer):  # type: ignore[misc]
        consumer: AIOKafkaConsumer

        async def send_offsets_to_transaction(self, offsets: dict[TopicPartition, int], group_id: str) -> None:
            await self.consumer.commit(offsets)

    def with_consumer(self: PartitionProcessor, worker: processor.Worker, partition: TopicPartition) -> None:
        begin(self, worker, partition)
        self._producer.consumer = worker.consumer

    processor.AIOKafkaProducer = Producer
    PartitionProcessor.__init__ = with_consumer  # type: ignore[method-assign]


def lazy_producer() -> None:
    """The producer starts with its first transaction. By then another worker may own the partition."""

    class Producer(AIOKafkaProducer):  # type: ignore[misc]
        begun = False

        async def start(self) -> None:
            pass

        async def begin_transaction(self) -> None:
            if not self.begun:
                self.begun = True
                await super().start()
            await super().begin_transaction()

    processor.AIOKafkaProducer = Producer


def state_kept_over_an_abort() -> None:
    """What a batch changed stays in the state although its transaction was aborted."""

    class Store(MemoryStore):
        def discard(self) -> None:
            pass

    processor.MemoryStore = Store  # type: ignore[misc]


def state_kept_over_a_revoke() -> None:
    """A partition that comes back finds its old state, and is not restored: that saves time."""
    kept: dict[TopicPartition, StateStore] = {}
    begin = PartitionProcessor.__init__

    def with_kept(self: PartitionProcessor, worker: processor.Worker, partition: TopicPartition) -> None:
        begin(self, worker, partition)
        self._store = kept.setdefault(partition, self._store)

    async def unless_kept(connection: Connection, changelog: TopicPartition, store: StateStore) -> int:
        return 0 if len(store) else await restore(connection, changelog, store)

    PartitionProcessor.__init__ = with_kept  # type: ignore[method-assign]
    processor.restore = unless_kept


def changelog_read_until_it_is_quiet() -> None:
    """The changelog counts as read when a poll brings nothing; that is not its end."""

    async def until_quiet(connection: Connection, changelog: TopicPartition, store: StateStore) -> int:
        consumer = AIOKafkaConsumer(
            **connection.client_arguments(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        consumer.assign([changelog])
        await consumer.start()
        read = 0
        try:
            await consumer.seek_to_beginning(changelog)
            while records := (await consumer.getmany(changelog, timeout_ms=0)).get(changelog, ()):
                for record in records:
                    store.load(record.key, record.value)
                    read += 1
        finally:
            await consumer.stop()
        return read

    processor.restore = until_quiet


def changelog_read_with_what_was_aborted() -> None:
    """The changelog is read to its high watermark, not to its last stable offset: aborted changes come back."""

    async def uncommitted(connection: Connection, changelog: TopicPartition, store: StateStore) -> int:
        consumer = AIOKafkaConsumer(
            **connection.client_arguments(), enable_auto_commit=False, auto_offset_reset="earliest"
        )
        consumer.assign([changelog])
        await consumer.start()
        read = 0
        try:
            end = (await consumer.end_offsets([changelog]))[changelog]
            await consumer.seek_to_beginning(changelog)
            while await consumer.position(changelog) < end:
                for record in (await consumer.getmany(changelog, timeout_ms=200)).get(changelog, ()):
                    store.load(record.key, record.value)
                    read += 1
        finally:
            await consumer.stop()
        return read

    processor.restore = uncommitted


def changelog_without_what_is_known() -> None:
    """The changelog gets what is new, to be short, and not what becomes of it: nobody sees it until it is read back."""

    class Store(MemoryStore):
        def changes(self) -> Mapping[bytes, bytes | None]:
            return {key: value for key, value in super().changes().items() if key not in self._committed}

    processor.MemoryStore = Store  # type: ignore[misc]


BROKEN: dict[str, Callable[[], None]] = {
    build.__name__: build
    for build in (
        offsets_after_the_transaction,
        offsets_before_the_transaction,
        lazy_producer,
        state_kept_over_an_abort,
        state_kept_over_a_revoke,
        changelog_read_until_it_is_quiet,
        changelog_read_with_what_was_aborted,
        changelog_without_what_is_known,
    )
}


def break_worker(name: str) -> None:
    """Break this process."""
    BROKEN[name]()
