"""Whether a broker really serves: it must name a coordinator for groups and one for transactions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.stream.connection import Connection

_GROUPS, _TRANSACTIONS = 0, 1
_POLL_SECONDS = 0.1


def wait_until_ready(connection: Connection, timeout: float, alive: Callable[[], bool]) -> None:
    """Return once the broker serves groups and transactions.

    Raises TimeoutError after `timeout` seconds, ConnectionError as soon as `alive()` is false. May be called with or
    without a running event loop: it asks from a thread with its own.
    """
    deadline = time.monotonic() + timeout
    host, _, port = connection.bootstrap_servers.split(",")[0].rpartition(":")
    while not _accepts(host, int(port)):
        _check(deadline, alive)
    problem: list[Exception] = []
    asker = threading.Thread(target=_ask, args=(connection, deadline, alive, problem), daemon=True)
    asker.start()
    asker.join()
    if problem:
        raise problem[0]


def _check(deadline: float, alive: Callable[[], bool]) -> None:
    if not alive():
        raise ConnectionError("the broker's process ended")
    if time.monotonic() > deadline:
        raise TimeoutError("the broker did not answer in time")
    time.sleep(_POLL_SECONDS)


def _accepts(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def _ask(connection: Connection, deadline: float, alive: Callable[[], bool], problem: list[Exception]) -> None:
    # While a broker comes up, refusals are expected; aiokafka would log each as an error.
    logger = logging.getLogger("aiokafka")
    quiet = _Muted()
    logger.addFilter(quiet)
    try:
        while not asyncio.run(_has_coordinators(connection)):
            _check(deadline, alive)
    except Exception as error:
        problem.append(error)
    finally:
        logger.removeFilter(quiet)


class _Muted(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return False


async def _has_coordinators(connection: Connection) -> bool:
    client = AIOKafkaAdminClient(**connection.client_arguments(), request_timeout_ms=5_000)
    try:
        await client.start()
        await client.find_coordinator("diachi-readiness", _GROUPS)
        await client.find_coordinator("diachi-readiness", _TRANSACTIONS)
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await client.close()
    return True
