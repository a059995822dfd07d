"""Every metric of the services, with its meaning. Labels are bounded: stages, partitions, outcomes, fault names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RECORDS = (1, 5, 10, 50, 100, 250, 500, 1000, 2000)


class Metrics:
    """The metrics of one process, in a registry of its own."""

    def __init__(self, stage: str, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._stage = stage
        # CPU seconds, resident memory and open files of the process, under Prometheus' usual names.
        ProcessCollector(registry=self.registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, ("stage", *labels), registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(name, text, ("stage", *labels), registry=self.registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, text, ("stage",), buckets=buckets, registry=self.registry)

        # Consumer lag: records between the last one processed and the end of the partition (read_committed).
        self.lag_records = gauge("diachi_consumer_lag_records", "Records not yet processed.", "partition")
        # Age of the last processed record while there is lag, else 0. Alert on this one.
        self.lag_seconds = gauge("diachi_consumer_lag_seconds", "How far behind the input the stage is.", "partition")
        # Records consumed in committed transactions.
        self.records = counter("diachi_records_total", "Input records processed.")
        # Bytes of the values of those records.
        self.bytes = counter("diachi_input_bytes_total", "Bytes of input records processed.")
        # Records produced in committed transactions, by topic without prefix.
        self.published = counter("diachi_published_total", "Records published.", "topic")
        # Records of one transaction; small ones mean that the stage keeps up.
        self.batch_records = histogram("diachi_batch_records", "Records in one batch.", _RECORDS)
        # Time in the domain code for one batch, and to pack what it leads to.
        self.batch_seconds = histogram("diachi_batch_process_seconds", "Time to process a batch.", _SECONDS)
        # Time from the begin of a transaction to its commit.
        self.transaction_seconds = histogram("diachi_transaction_seconds", "Time of a transaction.", _SECONDS)
        # Transactions that were given up; a few during a rebalance are normal.
        self.aborted = counter("diachi_transactions_aborted_total", "Transactions aborted.")
        # Partitions given up after fencing or a fatal producer error; each causes a rejoin of the group.
        self.partitions_lost = counter("diachi_partitions_lost_total", "Partitions lost.")
        # What became of rows: digitised, unchanged, review, dead_letter, withdrawn.
        self.outcomes = counter("diachi_outcomes_total", "Outcomes of rows.", "outcome")
        # Why a row went to review or to the dead letters: the heaviest fault, or the error code.
        self.reasons = counter("diachi_reasons_total", "Reasons of rows in review or dead letters.", "reason")
        # Every fault found in an address, also in digitised ones.
        self.faults = counter("diachi_faults_total", "Faults found in addresses.", "fault")
        # Failures of the service's own making; the circuit breaker watches their share.
        self.unexpected = counter("diachi_unexpected_failures_total", "Unexpected exceptions.")
        # Keys in the state store of a partition.
        self.state_keys = gauge("diachi_state_keys", "Keys in the state store.", "partition")
        # Time to restore a partition's state from its changelog.
        self.restore_seconds = histogram("diachi_restore_seconds", "Time to restore a partition.", _SECONDS)
        # Changelog records read while restoring.
        self.restored = counter("diachi_restored_records_total", "Changelog records restored.")
        # Offset up to which the news of a stage was read (confirmed villages); it is taken up with the next batch.
        self.news_offset = gauge("diachi_news_offset", "Offset up to which news was read.")
        # Imported rows (village, boundary, postal code) and confirmed villages (confirmed) that do not count: their
        # commune ended, and nothing tells where they belong. `diachi gazetteer imports` names the former, the log the
        # latter.
        self.set_aside = gauge("diachi_imports_set_aside", "Imported rows that do not count.", "kind")
        # Partitions that this process owns and processes.
        self.partitions = gauge("diachi_partitions_assigned", "Partitions assigned.")

    @property
    def stage(self) -> str:
        """The value of the `stage` label of this process."""
        return self._stage
