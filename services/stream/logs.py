"""Structured logs: one JSON object a line on standard error. No record content is ever logged, only where it is."""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from services.stream.failures import where


class _StandardError:
    """Standard error as it is when something is written: who runs a service in its own process may replace it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _exceptions_by_type(record: logging.LogRecord) -> bool:
    """Libraries put exceptions into their own messages too (`Crashed reason=%r`)."""
    if isinstance(record.args, tuple):
        record.args = tuple(type(each).__name__ if isinstance(each, BaseException) else each for each in record.args)
    return True


def _exception_by_place(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Libraries log exceptions whole, and the message of one may quote a record."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    return {**event, **where(error)} if isinstance(error, BaseException) else event


def configure_logs(level: str) -> None:
    """Set up structlog, and the libraries' own logs at WARNING (their debug records cost time)."""
    stderr = cast(TextIO, _StandardError())
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _exception_by_place,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stderr),
    )
    handler = logging.StreamHandler(stderr)
    handler.addFilter(_exceptions_by_type)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
