"""Runs one stage as a process: logs, health and metrics, signals, the event loop."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop
from aiokafka.errors import KafkaConnectionError

from services.process.allocator import give_large_blocks_back
from services.process.collector import spare_what_stays
from services.stream.breaker import TooManyFailuresError
from services.stream.failures import where
from services.stream.health import serve_health
from services.stream.logs import configure_logs
from services.stream.metrics import Metrics
from services.stream.news import Learner, NewsPartitionsError
from services.stream.processor import Stage
from services.stream.refusals import DeadLetterRefusedError
from services.stream.restore import ChangelogHeldError
from services.stream.service import GroupLostError, StreamService
from services.stream.settings import SettingError, Settings
from services.stream.topic_ids import AccessDeniedError, TopicMissingError

log = structlog.get_logger()


def run_stage(settings: Settings, stage: Stage, learner: Learner | None = None, at_once: int | None = None) -> None:
    """Run until SIGTERM or SIGINT; a transaction in hand is finished first. `learner` and `at_once` are those of
    StreamService.

    Raises SystemExit(1) after logging what stopped the service: no broker, a missing topic, the circuit breaker, a bug.
    Raises SettingError.
    """
    configure_logs(settings.log_level)
    give_large_blocks_back()
    spare_what_stays()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_serve(settings, stage, learner, at_once))
        except SettingError:  # as any setting that cannot be used, it ends the command with status 2
            raise
        except (
            KafkaConnectionError,
            AccessDeniedError,
            TopicMissingError,
            TooManyFailuresError,
            GroupLostError,
            DeadLetterRefusedError,
            NewsPartitionsError,
            ChangelogHeldError,
        ) as error:
            # Messages of our own making, or naming nothing but hosts: they hold no record.
            log.error("service failed", stage=stage.name, error=str(error))
            raise SystemExit(1) from None
        except Exception as error:
            log.error("service failed", stage=stage.name, **where(error))
            raise SystemExit(1) from None


async def _serve(settings: Settings, stage: Stage, learner: Learner | None, at_once: int | None) -> None:
    metrics = Metrics(stage.name)
    service = StreamService(settings, stage, metrics, learner, at_once)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with serve_health(
        settings.http_host,
        settings.http_port,
        metrics,
        alive=lambda: service.alive,
        ready=lambda: service.ready,
        measure=service.measure,
    ) as port:
        log.info("service started", stage=stage.name, http=f"{settings.http_host}:{port}")
        await service.run(stop)
    log.info("service stopped", stage=stage.name)
