"""What a committed batch adds to the metrics."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from services.stream.metrics import Metrics
from services.stream.outputs import Outputs


def count_batch(
    metrics: Metrics, records: int, size: int, out: Outputs, failures: int, processing: float, transaction: float
) -> None:
    """Count one batch: its records and their bytes, what it published, and the seconds in the domain code and in the
    transaction."""
    stage = metrics.stage
    metrics.records.labels(stage).inc(records)
    metrics.bytes.labels(stage).inc(size)
    metrics.batch_records.labels(stage).observe(records)
    metrics.batch_seconds.labels(stage).observe(processing)
    metrics.transaction_seconds.labels(stage).observe(transaction)
    metrics.unexpected.labels(stage).inc(failures)
    for topic, count in out.counts.items():
        metrics.published.labels(stage, topic).inc(count)
    for fault, count in out.faults.items():
        metrics.faults.labels(stage, fault).inc(count)
    steps = list(chain.from_iterable(out.transitions.values()))
    for outcome, count in Counter([step.outcome for step in steps]).items():
        metrics.outcomes.labels(stage, outcome.value).inc(count)
    for reason, count in Counter([step.reason for step in steps if step.reason is not None]).items():
        metrics.reasons.labels(stage, reason).inc(count)
