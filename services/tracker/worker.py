"""Runs the tracker as a process: logs, signals, the event loop."""

from __future__ import annotations

import asyncio
import logging

import faust
import structlog
import uvloop

from services.process.stop import interrupt_on_sigterm
from services.stream.logs import configure_logs
from services.stream.metrics import Metrics
from services.stream.settings import Settings
from services.tracker.app import STAGE, ProgressTopic, create_app, ensure_changelog, inspect_progress, web_address
from services.tracker.folder import own_folder

log = structlog.get_logger()


def run_tracker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT, then commit what was processed and leave the group.

    Raises SettingError, TopicMissingError, TopicsUnfitError, and KafkaError when the broker cannot be reached. A crash
    ends the process with status 70 (CrashOnlyApp).
    """
    configure_logs(settings.log_level)
    # Until Faust has its own handlers: SIGTERM must not leave the folder behind.
    interrupt_on_sigterm()
    try:
        _run(settings, asyncio.run(_prepare(settings)))
    except KeyboardInterrupt:
        log.info("tracker stopped before it had started")


def _run(settings: Settings, progress: ProgressTopic) -> None:
    metrics = Metrics(STAGE)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    with own_folder() as folder:
        app = create_app(settings, progress, metrics, folder)
        host, port = web_address(settings)
        log.info("tracker started", http=f"{host}:{port}", partitions=progress.partitions)
        worker = faust.Worker(app, loop=loop, override_logging=False, quiet=True, redirect_stdouts=False)
        worker.spinner = None
        for name in ("faust", "mode", "aiokafka"):
            logging.getLogger(name).setLevel(logging.WARNING)
        worker.execute_from_commandline()


async def _prepare(settings: Settings) -> ProgressTopic:
    progress = await inspect_progress(settings)
    await ensure_changelog(settings, progress)
    return progress
