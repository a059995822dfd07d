"""One run: a batch flows while a seeded schedule of faults goes on, then everything is audited."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from services.stream.topics import BATCH_PROGRESS
from tests.chaos.audit import Scope, audit, audit_state, audit_totals
from tests.chaos.broker import proxied_broker
from tests.chaos.course import Run
from tests.chaos.crew import STAGES, Crew
from tests.chaos.feed import feeding
from tests.chaos.judgement import Finding, Rule
from tests.chaos.plan import Plan
from tests.chaos.state import Shown
from tests.chaos.watch import Watcher, watching
from tests.stream.pipeline import Pipeline
from tests.stream.services import create_service_topics
from tests.stream.tracker_process import Tracker, free_url

PARTITIONS = 6
PREFIX = "chaos."
BATCH = "chaos-batch"
_DRAIN_SECONDS = 300.0
# On a machine that others use as well, a worker may take a minute to restore what it has to hold.
_PATIENCE_SECONDS = 240.0
# Of a broken build, much never comes about.
_BROKEN_SECONDS = 30.0
_LOST_SECONDS = 8.0
_QUIET_SECONDS = 3.0
_SETTINGS = {"max_batch_records": 250, "session_timeout_ms": 4000, "heartbeat_interval_ms": 800, "gather_ms": 300}


@dataclass(frozen=True, slots=True)
class Report:
    """What a run saw. `missed` are faults that did not come about, waits that were in vain, and workers that ended by
    themselves for no known reason."""

    plan: Plan
    rows: int
    seconds: float
    faults: Counter[str]
    ended: Counter[str]
    recoveries: dict[str, list[float]]
    outcomes: Counter[str]
    missed: Sequence[str]
    findings: Sequence[Finding] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"seed {self.plan.seed}: {self.rows:,} rows in {self.seconds:.0f} s, "
            + ", ".join(f"{count:,} {name}" for name, count in sorted(self.outcomes.items())),
            f"faults: {sum(self.faults.values())}",
            *(f"  {count:4} {name}" for name, count in sorted(self.faults.items())),
            "ended by themselves, and were started again:" if self.ended else "none ended by itself",
            *(f"  {count:4} {name}" for name, count in sorted(self.ended.items())),
            "seconds from the fault to the first output of what it hit (median, longest):",
            *(
                f"  {statistics.median(times):6.1f} {max(times):6.1f}  {name}"
                for name, times in sorted(self.recoveries.items())
            ),
            *(f"MISSED: {text}" for text in self.missed),
            *(f"FOUND: {finding}" for finding in self.findings),
            "nothing lost, nothing twice" if not self.findings else f"{len(self.findings)} findings",
        ]
        return "\n".join(lines)


def chaos(plan: Plan, folder: Path) -> Report:
    """Run the plan; logs and the broker's data stay in `folder`."""
    started = time.monotonic()
    with ExitStack() as stack:
        run, scope = _start(plan, folder, stack)
        steps = plan.schedule()
        for fault, stage in steps:
            fault(run, stage)
            run.crew.tend()
            time.sleep(run.draw.uniform(0.0, 1.0))
        while run.feed.rows < plan.rows:
            run.flow()
        findings = _finish(run, scope)
        run.feed.wait(10)
        return Report(
            plan=plan,
            rows=run.feed.rows,
            seconds=time.monotonic() - started,
            faults=run.done,
            ended=run.crew.ended,
            recoveries=_recoveries(run),
            outcomes=run.feed.account().outcomes(),
            missed=[*run.missed, *run.crew.unexpected],
            findings=findings,
        )


def _start(plan: Plan, folder: Path, stack: ExitStack) -> tuple[Run, Scope]:
    logs = folder / "logs"
    logs.mkdir()
    broker = stack.enter_context(proxied_broker(folder))
    asyncio.run(create_service_topics(broker.direct, PREFIX, PARTITIONS))
    pipeline = stack.enter_context(Pipeline(broker.servers, PREFIX, logs, **_SETTINGS))
    tracker = Tracker(free_url(), logs / "tracker.log")
    stack.callback(tracker.kill)
    environ = {"KAFKA_BOOTSTRAP_SERVERS": broker.servers, "DIACHI_TOPIC_PREFIX": PREFIX}
    crew = Crew(pipeline, logs, PARTITIONS, tracker, environ, plan.broken)
    crew.tend()
    watcher = stack.enter_context(watching(broker.direct, PREFIX + BATCH_PROGRESS, BATCH, PARTITIONS))
    feed = stack.enter_context(feeding(broker.servers, PREFIX, BATCH, plan.seed))
    draw = Random(plan.seed)
    portion = plan.rows // (len(plan.schedule()) + 1)
    run = Run(broker, crew, feed, watcher, draw, portion, _BROKEN_SECONDS if plan.broken else _PATIENCE_SECONDS)
    run.flow()
    run.wait(lambda: all(crew.held(stage) for stage in STAGES), "all partitions at work")
    return run, Scope(broker.direct, PREFIX, BATCH)


def _finish(run: Run, scope: Scope) -> list[Finding]:
    """Let the stream run dry, stop everybody in good order, and audit."""
    crew, tracker = run.crew, run.crew.tracker
    run.feed.close()

    def complete() -> bool:
        if is_settled(run.watcher, run.feed.rows) and tracker.complete(BATCH):
            return True
        # Of a broken build, what does not come although all are at work is lost.
        return bool(crew.broken) and run.watcher.quiet > _LOST_SECONDS and all(crew.held(stage) for stage in STAGES)

    if not crew.until(complete, _DRAIN_SECONDS):
        run.missed.append(
            f"the batch complete, in {_DRAIN_SECONDS:g} s: {run.watcher.accounted} of {run.feed.rows} rows"
        )
    if not crew.until(lambda: all(crew.held(stage) for stage in STAGES), 60):
        run.missed.append("all partitions held at the end")
    told = tracker.get(f"/batches/{BATCH}")[1]
    statuses, shown = crew.dismiss()
    if any(statuses):
        run.missed.append(f"workers ended with {statuses} on SIGTERM")
    tracker.end()
    return asyncio.run(_audit(run, scope, told, shown))


async def _audit(
    run: Run, scope: Scope, told: bytes, shown: Mapping[str, Sequence[Mapping[int, Shown]]]
) -> list[Finding]:
    expected = run.feed.account()
    findings = await audit(scope, expected)
    if any(finding.rule is Rule.OPEN for finding in findings):
        return findings
    findings += await audit_state(scope, shown)
    return [*findings, *await audit_totals(scope, expected, told)]


def is_settled(watcher: Watcher, rows: int) -> bool:
    """Whether every row has an outcome, and for a while nothing more has come."""
    return watcher.accounted >= rows and watcher.quiet > _QUIET_SECONDS


def _recoveries(run: Run) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for loss in run.losses:
        first = run.watcher.first_output(loss.stage, loss.until, loss.partitions)
        if first is not None:
            found[loss.fault].append(first - loss.time)
    return dict(found)
